"""Logs that stations hand over, from the request to the file."""
