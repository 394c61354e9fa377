"""Batteries exchanged at stations."""
