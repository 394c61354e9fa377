"""Codes are short, and whoever stands at a station has time: wrong ones cost more and more."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta

from ricarica.authorization.model import CodeGuard
from ricarica.kernel.ids import StationKey

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


STRANGERS_AT_ONCE = 20  # nobody carries more cards; a broken reader may show that many
ONE_MORE = timedelta(seconds=20)  # so many tries a day find no number of a card: 4,320
STATIONS_MAX = 20_000  # remembered; each costs some hundred bytes


class Guesses:
    """What stations have shown lately that nobody knows: tokens, numbers of companies.

    Kept in memory alone: a station is connected to one node, and who has to begin anew with a
    restart has gained little. What is right is refused too while it is shut, or else guessing
    would go on.
    """

    def __init__(self, most: int = STATIONS_MAX) -> None:
        self._wrong: OrderedDict[tuple[StationKey, str], tuple[float, datetime]] = OrderedDict()
        self._most = most

    def is_shut(self, station: StationKey, what: str, at: datetime) -> bool:
        return self._level(station, what, at) > STRANGERS_AT_ONCE - 1

    def count(self, station: StationKey, what: str, at: datetime) -> None:
        """One more that was wrong. Those that come while it is shut change nothing."""
        if self.is_shut(station, what, at):
            return
        self._wrong[station, what] = (self._level(station, what, at) + 1, at)
        self._wrong.move_to_end((station, what))
        if len(self._wrong) > self._most:
            self._wrong.popitem(last=False)

    def _level(self, station: StationKey, what: str, at: datetime) -> float:
        level, since = self._wrong.get((station, what), (0.0, at))
        return max(0.0, level - max(at - since, timedelta()) / ONE_MORE)
