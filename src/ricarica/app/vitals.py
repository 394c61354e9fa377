"""How this process is: for those who watch over it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from ricarica.api.health import Measure, Spread, Vitals
from ricarica.api.requests import RequestCounts
from ricarica.app import metrics
from ricarica.app.roles import Role
from ricarica.app.wiring import Node
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.histogram import Histogram
from ricarica.link.nats import NatsLink

STORED_S = 1.0  # a probe that is younger is believed: anybody may ask, and each one is a commit
PULSE_S = 0.5  # between two looks at how late the event loop is


@dataclass(slots=True)
class Health:
    """`has_started`: its doors are open. `is_draining`: it takes nobody in any more."""

    node: Node
    has_started: bool = False
    is_draining: bool = False
    requests: RequestCounts = field(default_factory=RequestCounts)
    lag_s: Histogram = field(default_factory=Histogram)
    stored_at: float = -STORED_S  # on the clock that never goes back

    def vitals(self) -> Vitals:
        checks: dict[str, Callable[[], Awaitable[str | None]]] = {
            "database": self._database,
            "stations": self._stations,
        }
        return Vitals(checks, self.measures, lambda: self.has_started)

    def measures(self) -> Iterator[Measure | Spread]:
        yield from metrics.of_process(self.lag_s, is_draining=self.is_draining)
        yield from metrics.of_requests(self.requests)
        yield from metrics.of_gateway(self.node.gateway)
        yield from metrics.of_engine(self.node.engine)
        yield from metrics.of_timers(
            self.node.timers, self.node.outbox, self.node.parts.clock.now()
        )
        yield from metrics.of_bus(self.node.parts.bus)

    async def feel_pulse(self, clock: Clock) -> None:
        """Until cancelled."""
        while True:
            begun = clock.monotonic()
            await asyncio.sleep(PULSE_S)
            self.lag_s.observe(max(clock.monotonic() - begun - PULSE_S, 0.0))

    async def _database(self) -> str | None:
        """A standby can be read, and so can a full disk: only a commit tells."""
        now = self.node.parts.clock.monotonic()
        if now - self.stored_at < STORED_S:
            return None
        try:
            await self.node.timers.touch()
        except StorageUnavailableError as error:
            return str(error)
        self.stored_at = now
        return None

    async def _stations(self) -> str | None:
        if self.is_draining:
            return "the server is about to stop"
        has_door = Role.GATEWAY in self.node.parts.roles
        if has_door and not self.node.gateway.is_open:
            return "the door for stations is not open"
        link = self.node.link
        return link.trouble if has_door and isinstance(link, NatsLink) else None
