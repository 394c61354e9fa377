"""Gives every message its unit of work, and stations what they are to be told."""
