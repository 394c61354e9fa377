"""What people see: server-rendered pages, their assets and translations."""
