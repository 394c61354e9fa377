"""Simulated stations that charge while something breaks, and what they know of it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from ricarica.kernel.clock import SystemClock
from ricarica.simulator.fleet import Fleet, FleetOptions, invented_tokens
from ricarica.simulator.journal import Entry, Journal
from tests.e2e.drills.forked import soon

SEED = 20261122
STATIONS = 10  # five of 1.6, three of 2.0.1, two of 2.1
TOKENS = invented_tokens(SEED, 40)
FAST = {
    "sample_interval": "1",
    "back_off_wait": "0",
    "back_off_range": "1",
    "back_off_repeats": "0",
}
AGAIN_S = 30.0  # within which whatever is left must serve again, without anybody's help
ON_ITS_WAY = timedelta(seconds=1)  # what was answered before the fault may arrive after it began


@asynccontextmanager
async def charging(
    url: str,
    *,
    stations: int = STATIONS,
    prefix: str = "RIC",
    ca_file: Path | None = None,
    settings: dict[str, str] | None = None,
) -> AsyncIterator[Fleet]:
    """A fleet in use, whose transactions stay open when it goes."""
    options = FleetOptions(
        url,
        SystemClock().now,
        stations=stations,
        prefix=prefix,
        seed=SEED,
        busy=Decimal(1),
        speed=Decimal(500),
        tokens=TOKENS,
        ends_visits=False,
        ca_file=ca_file,
    )
    fleet = Fleet(options)
    for station in fleet.stations:
        station.settings.override(FAST | (settings or {}))
    stop = asyncio.Event()
    running = asyncio.create_task(fleet.run(stop))
    try:
        await soon(lambda: fleet.counts().accepted == stations, lambda: str(fleet.counts()))
        yield fleet
    finally:
        stop.set()
        await running


async def more_acks(fleet: Fleet, count: int, seconds: float = AGAIN_S) -> float:
    """Wait until that many more messages are acknowledged; returns the seconds it took."""
    began, enough = time.monotonic(), fleet.acked + count
    await soon(lambda: fleet.acked >= enough, lambda: str(fleet.counts()), seconds)
    return time.monotonic() - began


async def acks_of_all(fleet: Fleet, seconds: float = AGAIN_S) -> float:
    """Wait until every station is in and whoever has something to tell was heard again."""
    began, since = time.monotonic(), SystemClock().now()
    await soon(lambda: all_heard(fleet, since), lambda: waiting_for(fleet, since), seconds)
    return time.monotonic() - began


def all_heard(fleet: Fleet, since: datetime) -> bool:
    return all(
        station.online
        and station.is_accepted
        and (station.is_idle or heard(station.journal, since))
        for station in fleet.stations
    )


def heard(journal: Journal, since: datetime) -> bool:
    return any(e.acked_at and e.acked_at >= since for e in reversed(journal.entries[-50:]))


def waiting_for(fleet: Fleet, since: datetime) -> str:
    waiting = [s.identity for s in fleet.stations if not heard(s.journal, since)]
    return f"{waiting}; {fleet.counts()}"


async def come_to_rest(fleet: Fleet, seconds: float = 60.0) -> float:
    """Every station is back, drivers stay as they are, and all that was queued is told."""
    began = time.monotonic()
    for client in fleet.clients:
        client.drivers = ()
    for station in fleet.stations:
        station.settings.override({"sample_interval": "0"})
    await soon(
        lambda: all(each.online and each.is_accepted and each.is_idle for each in fleet.stations),
        lambda: str(fleet.counts()),
        seconds,
    )
    return time.monotonic() - began


def acknowledged(fleet: Fleet) -> list[Entry]:
    return [entry for station in fleet.stations for entry in station.journal.acknowledged()]


def acknowledged_between(fleet: Fleet, began: datetime, ended: datetime) -> list[Entry]:
    """What was acknowledged while nothing should have been."""
    return [
        entry
        for entry in acknowledged(fleet)
        if entry.acked_at and began + ON_ITS_WAY < entry.acked_at < ended
    ]


def running_at_stations(fleet: Fleet) -> set[tuple[str, str]]:
    return {
        (station.identity, str(running.number if station.dialect.family == "v16" else running.ref))
        for station in fleet.stations
        for number in station.evses
        if (running := station.transaction(number)) is not None
    }
