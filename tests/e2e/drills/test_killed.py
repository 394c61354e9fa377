"""The server is killed again and again while stations charge; nothing acknowledged is lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from random import Random

import pytest

from ricarica.app.failpoints import POINTS
from ricarica.testing.postgres import PostgresServer
from tests.e2e.drills.charging import SEED, STATIONS
from tests.e2e.drills.drill import Drill, Record, drill
from tests.e2e.drills.forked import Plight, soon

ACKS_MAX = 16  # acknowledged between two kills: half a second's worth
LATER_S = 0.05  # after that, at most: in the middle of something else
REACHED_S = 60.0  # until a server comes to the point at which it dies
# Timers are due once an hour, and we do not wait for it.
SOON_DUE = "after_receive=jump:7200@3,"
OFTEN = {"timer": 1, "after_open": STATIONS - 2}  # all else is reached again and again
LONG = pytest.mark.long
PLACES = [
    pytest.param("sqlite", id="on SQLite"),
    pytest.param("postgresql", id="on PostgreSQL", marks=[pytest.mark.postgresql, LONG]),
]


@asynccontextmanager
async def database_url(
    kind: str, folder: Path, request: pytest.FixtureRequest
) -> AsyncIterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder}/ricarica.db"
    else:
        server: PostgresServer = request.getfixturevalue("shared_postgres")
        yield await server.new_database()


async def kill_at_random(held: Drill, times: int) -> None:
    rng = Random(SEED)
    for _ in range(times):
        enough = held.fleet.acked + rng.randrange(ACKS_MAX)
        await soon(partial(has_acked, held, enough), lambda: str(held.fleet.counts()))
        await asyncio.sleep(rng.uniform(0, LATER_S))
        await held.server.kill()
        await held.server.start()
    held.figures |= {"kills": times, "start_s": round(max(held.server.started_s), 1)}


def has_acked(held: Drill, enough: int) -> bool:
    return held.fleet.acked >= enough


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("times", [3, pytest.param(40, marks=LONG)])
async def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    kind: str,
    times: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    async with (
        database_url(kind, tmp_path, request) as url,
        drill(url, tmp_path, record_property) as held,
    ):
        await kill_at_random(held, times)
        await held.recovers()

    assert held.server.faults() == []


async def dies_at(held: Drill, point: str, on: int) -> None:
    """Start a server that dies at a point, and wait until it has."""
    before = SOON_DUE if point == "timer" else ""
    held.server.plight = Plight(failpoints=f"{before}{point}=kill@{on}")
    await held.server.start()
    process = held.server.process
    assert process is not None, "it was just started"
    await soon(lambda: not process.is_alive(), lambda: f"{point} was not reached", REACHED_S)
    await held.server.died()


@pytest.mark.slow
@pytest.mark.parametrize("kind", PLACES)
@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=LONG)])
async def test_nothing_is_lost_wherever_the_server_dies(
    kind: str,
    rounds: int,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    record_property: Record,
) -> None:
    rng = Random(SEED)
    async with (
        database_url(kind, tmp_path, request) as url,
        drill(url, tmp_path, record_property) as held,
    ):
        await held.server.kill()
        for _ in range(rounds):
            for point in POINTS:
                await dies_at(held, point, rng.randint(1, OFTEN.get(point, 30)))
        held.server.plight = Plight()
        await held.server.start()
        await held.recovers()
        held.figures["kills"] = rounds * len(POINTS)
