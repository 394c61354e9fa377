"""Operators, roles, sessions, API keys, and what each of them did."""
