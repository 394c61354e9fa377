"""Security events, passwords, security profiles, and networks of stations."""
