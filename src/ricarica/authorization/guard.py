"""Codes are short, and whoever stands at a station has time: wrong ones cost more and more."""

from dataclasses import replace
from datetime import datetime, timedelta

from ricarica.authorization.model import CodeGuard

FREE = 3  # wrong codes before anybody has to wait: fingers slip
SHORTEST = timedelta(seconds=10)
LONGEST = timedelta(hours=1)  # a prankster must not lock a station for the night
DOUBLINGS_MAX = 10  # beyond it the longest wait is reached anyway


def wait_after(guard: CodeGuard) -> timedelta:
    """How long no code counts after the last wrong one. C04.FR.06"""
    if guard.wrong < FREE:
        return timedelta()
    doublings = min(guard.wrong - FREE, DOUBLINGS_MAX)
    return min(SHORTEST * (1 << doublings), LONGEST)


def is_shut(guard: CodeGuard, at: datetime) -> bool:
    return guard.last_at is not None and at < guard.last_at + wait_after(guard)


def after(guard: CodeGuard, at: datetime, *, is_right: bool) -> CodeGuard:
    return (
        CodeGuard(guard.station) if is_right else replace(guard, wrong=guard.wrong + 1, last_at=at)
    )
