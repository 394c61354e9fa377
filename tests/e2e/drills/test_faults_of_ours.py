"""A message that our code cannot bear, and a clock that somebody sets."""

from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.engine.sql import PUT_ASIDE
from ricarica.simulator.fleet import Fleet
from ricarica.storage.open import open_database
from tests.e2e.drills.charging import acknowledged
from tests.e2e.drills.drill import Record, drill
from tests.e2e.drills.forked import Plight, soon

pytestmark = pytest.mark.slow
POISONED = {"RIC-0001": ("MeterValues", "StopTransaction"), "RIC-0002": ("TransactionEvent",)}
EXPECTED = {("RIC-0001", "MeterValues"), ("RIC-0002", "TransactionEvent")}
YEAR_S = 365 * 24 * 3600


async def test_a_message_that_we_cannot_bear_costs_one_station_and_is_kept(
    tmp_path: Path, record_property: Record
) -> None:
    points = [
        f"handle:{station}/{action}=raise"
        for station, actions in POISONED.items()
        for action in actions
    ]
    url = f"sqlite:///{tmp_path}/ricarica.db"
    plight = Plight(failpoints=",".join(points))
    apart = frozenset(POISONED)
    async with drill(url, tmp_path, record_property, plight=plight, apart=apart) as held:
        await soon(
            lambda: answered(held.fleet).keys() >= EXPECTED, lambda: str(answered(held.fleet))
        )
        await held.recovers()

    assert await put_aside_in(url) == answered(held.fleet)


def answered(fleet: Fleet) -> Counter[tuple[str, str]]:
    """How many of the messages that we cannot bear were answered nonetheless."""
    return Counter(
        (entry.station, entry.kind)
        for entry in acknowledged(fleet)
        if entry.kind in POISONED.get(entry.station, ())
    )


async def put_aside_in(url: str) -> Counter[tuple[str, str]]:
    database = open_database(url, metadata)
    try:
        rows = await database.fetch(sa.select(PUT_ASIDE.c.station, PUT_ASIDE.c.action))
    finally:
        await database.close()
    return Counter((station, action) for station, action in rows)


@pytest.mark.parametrize(
    "jumps",
    [
        pytest.param((3600, -7200, 3600), id="an hour"),
        pytest.param((YEAR_S, -YEAR_S), id="a year", marks=pytest.mark.long),
    ],
)
async def test_the_servers_clock_is_set(
    jumps: tuple[int, ...], tmp_path: Path, record_property: Record
) -> None:
    points = [
        f"after_receive=jump:{jump}@{n}" for n, jump in zip((30, 60, 90), jumps, strict=False)
    ]
    url = f"sqlite:///{tmp_path}/ricarica.db"
    async with drill(
        url, tmp_path, record_property, plight=Plight(failpoints=",".join(points))
    ) as held:
        await held.charge(100)
        await held.recovers()

    assert held.server.faults() == []
