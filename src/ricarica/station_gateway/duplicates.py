"""Two connections of one station: which of them stays."""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum


class Ruling(StrEnum):
    SWAP = "swap"  # the older gives way
    NOT_AUTHENTICATED = "not_authenticated"
    OTHER_CREDENTIAL = "other_credential"
    OTHER_ADDRESS = "other_address"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who says to be the station, and from where."""

    remote: str
    credential: bytes  # a digest: the same for the same user name and password
    authenticated: bool


def ruling_on(newcomer: Claim, older: Claim, *, older_alive: bool, flapping: bool) -> Ruling:
    """Half-open sockets give way to anyone admitted; a live one only to its own station.

    A station's identity is often public. Were it enough to come with it to evict the
    station, anyone could keep a network offline.
    """
    if not older_alive:
        return Ruling.SWAP
    if not newcomer.authenticated:
        return Ruling.NOT_AUTHENTICATED
    if newcomer.credential != older.credential:
        return Ruling.OTHER_CREDENTIAL
    if newcomer.remote != older.remote:
        return Ruling.OTHER_ADDRESS
    return Ruling.FLAPPING if flapping else Ruling.SWAP


class Swaps:
    """Remembers when live connections of one station were swapped."""

    def __init__(self, swaps_max: int, window_s: float) -> None:
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=swaps_max)

    def flapping(self, now: float) -> bool:
        """True when one more swap would be more than is allowed within the window."""
        full = len(self._times) == self._times.maxlen
        return full and now - self._times[0] < self._window_s

    def swapped(self, now: float) -> None:
        self._times.append(now)

    def stale(self, now: float) -> bool:
        return not self._times or now - self._times[-1] >= self._window_s
