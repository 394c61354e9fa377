"""The live connections of this node, one for each station."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Generic, Protocol, TypeVar

from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import StationKey
from ricarica.station_gateway.duplicates import Claim, Ruling, Swaps, ruling_on
from ricarica.station_gateway.limits import GatewayLimits


class CrowdedError(ConflictError):
    """Too many connections of one station wait for a ruling already."""


class Seated(Protocol):
    """What the registry needs of a connection."""

    @property
    def key(self) -> StationKey: ...

    @property
    def claim(self) -> Claim: ...

    async def alive(self, within_s: float) -> bool:
        """Whether the peer shows any sign of life in time, a ping's answer included."""
        ...

    def give_way(self) -> None:
        """Leave at once, for a newer connection of the same station."""
        ...


S = TypeVar("S", bound=Seated)


class _Queue:
    __slots__ = ("lock", "waiting")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.waiting = 0


class Registry(Generic[S]):
    def __init__(self, limits: GatewayLimits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._seats: dict[StationKey, S] = {}
        self._queues: dict[StationKey, _Queue] = {}
        self._swaps: dict[StationKey, Swaps] = {}

    def __len__(self) -> int:
        return len(self._seats)

    def __iter__(self) -> Iterator[S]:
        return iter(tuple(self._seats.values()))

    def get(self, key: StationKey) -> S | None:
        return self._seats.get(key)

    def seat(self, connection: S) -> None:
        self._seats[connection.key] = connection

    def leave(self, connection: S) -> None:
        """Forget a connection; one that has taken its place meanwhile stays."""
        if self._seats.get(connection.key) is connection:
            del self._seats[connection.key]

    @asynccontextmanager
    async def turn(self, key: StationKey) -> AsyncIterator[None]:
        """Newcomers of one station are ruled on, and seated, one after the other.

        Raises:
            CrowdedError: as many as may wait do so already.
        """
        queue = self._queues.setdefault(key, _Queue())
        if queue.waiting >= self._limits.claims_max:
            raise CrowdedError("too many connections of this station wait already")
        queue.waiting += 1
        try:
            async with queue.lock:
                yield
        finally:
            queue.waiting -= 1
            if not queue.waiting:
                self._queues.pop(key, None)

    async def rule(self, key: StationKey, newcomer: Claim) -> Ruling:
        """Decide between a newcomer and the seated connection, and make the latter give way."""
        older = self._seats.get(key)
        if older is None:
            return Ruling.SWAP
        alive = await older.alive(self._limits.probe_s)
        if self._seats.get(key) is not older:
            return Ruling.SWAP  # it left by itself meanwhile
        ruling = ruling_on(
            newcomer,
            older.claim,
            older_alive=alive,
            flapping=self._swaps_of(key).flapping(self._clock.monotonic()),
        )
        if ruling is Ruling.SWAP:
            self._swap(older, live=alive)
        return ruling

    def _swap(self, older: S, *, live: bool) -> None:
        # That a half-open socket gives way says nothing about who came.
        if live:
            self._swaps.setdefault(older.key, self._swaps_of(older.key)).swapped(
                self._clock.monotonic()
            )
        self.leave(older)
        older.give_way()
        self._forget_stale_swaps()

    def _swaps_of(self, key: StationKey) -> Swaps:
        return self._swaps.get(key) or Swaps(self._limits.swaps_max, self._limits.swaps_window_s)

    def _forget_stale_swaps(self) -> None:
        now = self._clock.monotonic()
        self._swaps = {key: swaps for key, swaps in self._swaps.items() if not swaps.stale(now)}
