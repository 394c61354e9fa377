"""Prices, what charging costs by them, and those that lie in stations."""
