"""How often passwords may be guessed: three buckets of tries that fill again slowly."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

REMEMBERED_MAX = 10_000  # names and addresses; 2 MB, and an attacker cannot make it more


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many tries at once, and one more after each interval."""

    tries: int
    interval: timedelta


# A person who mistypes, an office behind one address, and a name that many addresses guess at.
BY_NAME_AND_ADDRESS = Allowance(5, timedelta(seconds=30))
BY_ADDRESS = Allowance(30, timedelta(seconds=10))
BY_NAME = Allowance(60, timedelta(seconds=10))

Place = tuple[str, ...]


class LoginThrottle:
    """Only failures count, so one who knows the password is never locked out by using it."""

    def __init__(self, remembered_max: int = REMEMBERED_MAX) -> None:
        self._spent: OrderedDict[Place, tuple[float, datetime]] = OrderedDict()
        self._remembered_max = remembered_max

    def wait(self, name: str, remote: str, at: datetime) -> timedelta:
        """How long until the next try; zero when it may be made now."""
        return max(self._wait(place, allowance, at) for place, allowance in _places(name, remote))

    def failed(self, name: str, remote: str, at: datetime) -> None:
        for place, allowance in _places(name, remote):
            self._spent[place] = (self._spent_now(place, allowance, at) + 1, at)
            self._spent.move_to_end(place)
        while len(self._spent) > self._remembered_max:
            self._spent.popitem(last=False)

    def succeeded(self, name: str, remote: str, at: datetime) -> None:
        """The try that was counted before it was known how it would end was no failure."""
        own, *others = _places(name, remote)
        self._spent.pop(own[0], None)
        for place, allowance in others:
            self._spent[place] = (max(0.0, self._spent_now(place, allowance, at) - 1), at)

    def _wait(self, place: Place, allowance: Allowance, at: datetime) -> timedelta:
        lacking = self._spent_now(place, allowance, at) - (allowance.tries - 1)
        return max(timedelta(), lacking * allowance.interval)

    def _spent_now(self, place: Place, allowance: Allowance, at: datetime) -> float:
        spent, since = self._spent.get(place, (0.0, at))
        return max(0.0, spent - (at - since) / allowance.interval)


def _places(name: str, remote: str) -> tuple[tuple[Place, Allowance], ...]:
    return (
        (("both", name, remote), BY_NAME_AND_ADDRESS),
        (("address", remote), BY_ADDRESS),
        (("name", name), BY_NAME),
    )
