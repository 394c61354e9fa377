"""Stations that behave, and misbehave, on command."""
