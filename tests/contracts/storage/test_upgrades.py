"""Databases that are out there come to the schema of today with all that is in them."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.app.examination import examine
from ricarica.app.moving import LOOK_AGAIN, MOVED_AT_ONCE, move_readings, whole_moments
from ricarica.app.tables import metadata
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.database import AddAll, Row
from ricarica.storage.migrations import upgrade
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.testing.world import World, world
from ricarica.transactions.queries.listing import TransactionQueries
from ricarica.transactions.readings import Reading
from ricarica.transactions.sql import NOTHING, READINGS, SAMPLES, readings_from
from tests.contracts.examination.lived import lived_in


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[OpenDatabase]:
    database = open_database(database_url, metadata)
    yield database
    await database.close()


async def told() -> dict[str, list[dict[str, Any]]]:
    """What a network of today has stored, as rows by table and column."""
    async with world() as network:
        await lived_in(network)
        return {
            table.name: [
                dict(zip(table.columns.keys(), row, strict=True))
                for row in await network.database.fetch(sa.select(table))
            ]
            for table in metadata.sorted_tables
        }


def in_first_schema(connection: sa.Connection, rows: dict[str, list[dict[str, Any]]]) -> None:
    """The same, as the first release would have stored it."""
    upgrade(connection, "0001")
    there = sa.inspect(connection)
    tables = set(there.get_table_names())
    for table in metadata.sorted_tables:
        if table.name not in tables or not rows[table.name]:
            continue
        columns = {column["name"] for column in there.get_columns(table.name)}
        old = [
            {name: value for name, value in row.items() if name in columns}
            for row in rows[table.name]
        ]
        connection.execute(sa.insert(table), old)
    connection.execute(sa.insert(READINGS), list(old_readings(rows["samples"])))
    connection.commit()


def old_readings(samples: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        of_sample = {name: sample[name] for name in ("tenant", "station", "ref", "at", "evse")}
        for reading in readings_from(sample["readings"], sample["at"]):
            yield of_sample | {
                "measurand": int(reading.measurand),
                "phase": reading.phase or NOTHING,
                "location": reading.location,
                "context": str(reading.context),
                "name": reading.name or NOTHING,
                "value": reading.value,
                "received_at": sample["received_at"],
            }


async def all_readings(database: OpenDatabase) -> list[list[Reading]]:
    queries = TransactionQueries(database)
    page = await queries.transactions(DEFAULT_TENANT)
    return [await queries.readings(view.transaction) for view in page.items]


async def moved(network: World) -> int:
    """Moves what there is; returns in how many times."""
    again: list[timedelta] = []

    async def ring(unit: UnitOfWork) -> None:
        again.append(await move_readings(unit, ""))

    while LOOK_AGAIN not in again:
        done = network.engine.post(DEFAULT_TENANT, ring)
        await network.settle()
        await done
    return len(again) - 1


async def test_a_database_of_the_first_release_comes_along_with_all_that_is_in_it(
    database: OpenDatabase,
) -> None:
    rows = await told()
    await database.change_schema(lambda connection: in_first_schema(connection, rows))

    await database.migrate()
    assert await examine(database) == []
    before = await all_readings(database)
    assert sum(map(len, before)) == len(list(old_readings(rows["samples"])))

    network = World(database, StationPolicy(unknown=UnknownStations.ACCEPT))
    await network.begin()
    assert await moved(network) == 1

    assert await database.fetch(sa.select(READINGS)) == []
    assert await all_readings(database) == before
    assert await examine(database) == []


async def test_what_is_told_again_after_an_upgrade_is_there_once(database: OpenDatabase) -> None:
    rows = await told()
    await database.change_schema(lambda connection: in_first_schema(connection, rows))
    await database.migrate()
    network = World(database, StationPolicy(unknown=UnknownStations.ACCEPT))
    await network.begin()
    samples = [tuple(row.values()) for row in rows["samples"]]
    await database.commit([AddAll(SAMPLES, samples, if_new=True)])

    await moved(network)

    kept = await database.fetch(sa.select(SAMPLES).order_by(*SAMPLES.primary_key))
    assert len(kept) == len(samples)
    assert await examine(database) == []


def row(moment: int, measurand: int) -> Row:
    return ("default", "CP-1", "17", moment, measurand)


def test_readings_of_one_moment_are_moved_together() -> None:
    rows = [row(moment, measurand) for moment in range(400) for measurand in range(3)]

    taken = whole_moments(rows[: MOVED_AT_ONCE + 1])

    assert len(taken) == MOVED_AT_ONCE - 1
    assert taken[-1] == row(332, 2)


def test_what_is_left_is_moved_as_a_whole() -> None:
    rows = [row(moment, 1) for moment in range(MOVED_AT_ONCE)]

    assert whole_moments(rows) == rows


def test_a_moment_of_more_readings_than_are_moved_at_once_is_moved_in_parts() -> None:
    rows = [row(1, measurand) for measurand in range(MOVED_AT_ONCE + 1)]

    assert whole_moments(rows) == rows[:MOVED_AT_ONCE]
