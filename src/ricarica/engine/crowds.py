"""Who charges, asked for all at once: in a crowd, each would cost a unit of work."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from ricarica.kernel.clock import Clock
from ricarica.kernel.ids import StationKey, TenantId

Name = tuple[TenantId, str]  # of a station, case-folded
FRESH_S = 1.0
SHARE = 0.1  # of the time may go into asking, however many charge


class Crowd:
    """All tenants together, for whoever knocks may name any number of them."""

    def __init__(self, ask: Callable[[], Awaitable[Iterable[StationKey]]], clock: Clock) -> None:
        self._charging_now = ask
        self._clock = clock
        self._charging: set[Name] = set()
        self._until = 0.0
        self._asking: asyncio.Task[set[Name]] | None = None
        self._begun: set[Name] = set()  # since it is asked

    async def may_charge(self, tenant: TenantId, identity: str) -> bool:
        """Whether it did a moment ago.

        Raises:
            StorageUnavailableError: nobody knows.
        """
        charging = self._charging
        if self._until <= self._clock.monotonic():
            if self._asking is None:
                self._begun.clear()
                self._asking = asyncio.ensure_future(self._ask())
                self._asking.add_done_callback(self._asked)
            charging = await asyncio.shield(self._asking)
        return (tenant, identity.casefold()) in charging

    def begins(self, station: StationKey) -> None:
        """It charges, from now on."""
        name = (station.tenant, station.station.casefold())
        if self._asking is not None:
            self._begun.add(name)  # perhaps too late for the answer
        if self._until > self._clock.monotonic():
            self._charging.add(name)

    async def _ask(self) -> set[Name]:
        asked_at = self._clock.monotonic()
        stations = await self._charging_now()
        charging = {(key.tenant, key.station.casefold()) for key in stations} | self._begun
        now = self._clock.monotonic()
        self._charging, self._until = charging, now + max(FRESH_S, (now - asked_at) / SHARE)
        return charging

    def _asked(self, asked: "asyncio.Task[set[Name]]") -> None:
        self._asking = None
        if not asked.cancelled():
            asked.exception()  # whoever waits for it hears it
