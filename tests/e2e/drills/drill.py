"""One drill: stations charge, something breaks, it is mended, and then the books are compared."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ricarica.app.config import Config
from ricarica.kernel.clock import SystemClock
from ricarica.simulator.fleet import Fleet
from ricarica.stations.model import UnknownStations
from tests.e2e.drills.charging import (
    acknowledged_between,
    acks_of_all,
    charging,
    come_to_rest,
    more_acks,
)
from tests.e2e.drills.forked import Forked, Plight
from tests.e2e.drills.oracle import Kept, check, kept_in, prepare

WAITING_MAX = 100  # letters: a few for each station, however long an outage lasts
NOTICED_S = 15.0  # within which a load balancer has to hear that nothing can be stored
Record = Callable[[str, object], None]
"""pytest's `record_property`; `make drills` prints what is recorded."""


@dataclass
class Drill:
    """What a drill has at hand. `figures` are for those who read about it later."""

    server: Forked
    fleet: Fleet
    url: str
    figures: dict[str, Any] = field(default_factory=dict)

    async def charge(self, acks: int = 30) -> None:
        """Something has to be under way before it is worth breaking."""
        await more_acks(self.fleet, acks, 60.0)

    @asynccontextmanager
    async def outage(self) -> AsyncIterator[None]:
        """Nothing can be stored inside, and so nothing may be acknowledged; then it can again."""
        began = SystemClock().now()
        yield
        waiting = await self.server.waiting()
        assert (waiting or 0) < WAITING_MAX, f"{waiting} letters wait: they pile up"
        self.figures["waiting"] = waiting
        ended = SystemClock().now()
        wrong = acknowledged_between(self.fleet, began, ended)
        assert not wrong, f"acknowledged while nothing could be stored: {wrong[:3]}"
        self.figures["outage_s"] = round((ended - began).total_seconds(), 1)

    async def recovers(self) -> None:
        """By itself, and soon: everybody is in, and everybody is heard."""
        self.figures["back_s"] = round(await acks_of_all(self.fleet), 1)

    async def is_ready(self, expected: int, seconds: float = NOTICED_S) -> None:
        """Wait until the health check says so, with a status of HTTP."""
        until, found = time.monotonic() + seconds, -1
        while (found := await self.server.readiness()) != expected:
            assert time.monotonic() < until, f"/health/ready said {found}, not {expected}"
            await asyncio.sleep(0.2)


@asynccontextmanager
async def drill(
    url: str,
    folder: Path,
    record: Record,
    *,
    plight: Plight | None = None,
    apart: frozenset[str] = frozenset(),
    **fleet_options: Any,
) -> AsyncIterator[Drill]:
    """Break and mend inside; at the end all must be told, stored, and there once.

    What became of the stations `apart` is for the drill itself to judge.
    """
    await prepare(url)
    plight = plight or Plight()
    server = Forked(drill_config(url, folder, **plight.choices), folder / "log", plight)
    try:
        await server.start()
        async with charging(fleet_options.pop("at", server.url), **fleet_options) as fleet:
            held = Drill(server, fleet, url)
            yield held
            held.figures["drained_s"] = round(await come_to_rest(fleet), 1)
        await server.stop()
    finally:
        await server.stop()
    kept = await kept_in(url)
    check(fleet, kept, apart)
    for name, figure in (held.figures | figures_of(fleet, kept)).items():
        record(name, figure)


def figures_of(fleet: Fleet, kept: Kept) -> dict[str, Any]:
    return {"acknowledged": fleet.acked, "transactions": len(kept.transactions), "lost": 0}


def drill_config(url: str, folder: Path, **choices: Any) -> Config:
    common: dict[str, Any] = {
        "data": folder,
        "station_host": "127.0.0.1",
        "station_port": 0,
        "station_tls_port": 0,
        "http_host": "127.0.0.1",
        "http_port": 0,
        "database_url": url,
        "unknown_stations": UnknownStations.ACCEPT,
        "admin_password": "charge-me-up-1",
    }
    return Config(**common | choices)
