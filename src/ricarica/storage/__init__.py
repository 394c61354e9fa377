"""The database: tables, units of work, migrations, files."""
