"""Stores in memory, a clock that is turned by hand, a world to tell stories in."""
