"""Lengths of time as the wire has them, whatever the station speaks."""

from datetime import timedelta


def seconds_for(length: timedelta | None) -> int | None:
    return None if length is None else int(length.total_seconds())
