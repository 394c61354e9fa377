"""Tables in parts, which only PostgreSQL has."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import sqlalchemy as sa

from ricarica.app.parts import MESSAGE_PARTS, SAMPLE_PARTS, number_at, tend, time_of
from ricarica.app.retention import Retention
from ricarica.app.tables import metadata
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.ids import RandomIds
from ricarica.storage.database import Add
from ricarica.storage.migrations import LOCK_TIMEOUT_MS
from ricarica.storage.partitions import Part, Partitioned, Step, missing, outdated, parts_of
from ricarica.storage.postgres import LockHeldError, PostgresDatabase
from ricarica.testing.postgres import PostgresServer
from ricarica.transactions.sql import SAMPLES

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
KEPT = Retention(messages=14 * DAY, readings=90 * DAY)


@pytest.fixture
async def url(postgres: PostgresServer) -> str:
    return await postgres.new_database()


@pytest.fixture
async def database(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url, metadata)
    await database.migrate()
    yield database
    await database.close()


def message(at: datetime, number: int | None = None) -> Add:
    id_ = int(number_at(at)) if number is None else number
    return Add(
        MESSAGES,
        ("default", "CP-1", id_, at, True, "1", "Heartbeat", "{}", "{}", "answered", 1, ""),
    )


def sample(at: datetime, digest: int = 1) -> Add:
    row = ("default", "CP-1", "17", at, digest, 1, at, None, None, "[[1,10800]]")
    return Add(SAMPLES, row, if_new=True)


async def parts(database: PostgresDatabase, table: sa.Table) -> list[str]:
    found = await database.run_sync(lambda connection: parts_of(connection, table))
    return sorted(part.name for part in found)


async def where(database: PostgresDatabase, table: sa.Table) -> list[str]:
    """The parts that rows lie in."""
    part: sa.ColumnElement[str] = sa.literal_column("tableoid::regclass::text")
    rows = await database.fetch(sa.select(part).select_from(table))
    return sorted(name.split(".")[-1] for (name,) in rows)


async def test_parts_are_there_before_they_are_needed(database: PostgresDatabase) -> None:
    await tend(database, NOON, KEPT)

    assert await parts(database, SAMPLES) == [
        "samples_202611",
        "samples_202612",
        "samples_202701",
        "samples_202702",
    ]
    # The first part of messages begins with all that was there, and ends with the day after
    # tomorrow of the day of the migration.
    assert "messages_before" in await parts(database, MESSAGES)


async def test_rows_lie_in_the_part_of_their_moment_and_strange_ones_in_none(
    database: PostgresDatabase,
) -> None:
    await tend(database, NOON, KEPT)

    strange = [datetime(2001, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)]
    await database.commit([sample(at) for at in (NOON, NOON + 31 * DAY, *strange)])

    assert await where(database, SAMPLES) == [
        "samples_202611",
        "samples_202612",
        "samples_default",
        "samples_default",
    ]


async def test_a_fact_told_twice_is_there_once_in_any_part(database: PostgresDatabase) -> None:
    await tend(database, NOON, KEPT)
    told = [sample(NOON), sample(datetime(2001, 1, 1, tzinfo=UTC))]

    await database.commit(told)
    await database.commit(told)

    assert len(await database.fetch(sa.select(SAMPLES))) == 2


async def test_what_waited_for_its_part_comes_into_it(database: PostgresDatabase) -> None:
    await database.commit([sample(NOON), message(NOON + 30 * DAY)])
    assert await where(database, SAMPLES) == ["samples_default"]

    await tend(database, NOON, KEPT)
    await tend(database, NOON + 30 * DAY, KEPT)

    assert await where(database, SAMPLES) == ["samples_202611"]
    assert await where(database, MESSAGES) == ["messages_20261222"]
    [(at,)] = await database.fetch(sa.select(SAMPLES.c.at))
    assert at == NOON


async def test_parts_that_are_old_as_a_whole_are_thrown_away(database: PostgresDatabase) -> None:
    for at in (NOON, NOON + 30 * DAY):
        await tend(database, at, KEPT)
        await database.commit([sample(at), message(at)])

    await tend(database, datetime(2027, 2, 28, 23, tzinfo=UTC), KEPT)
    assert "samples_202611" in await parts(database, SAMPLES)

    await tend(database, datetime(2027, 3, 1, tzinfo=UTC), KEPT)
    assert "samples_202611" not in await parts(database, SAMPLES)
    assert await where(database, SAMPLES) == ["samples_202612"]
    assert await where(database, MESSAGES) == []


async def test_nodes_that_tend_at_once_do_not_stand_in_each_others_way(
    database: PostgresDatabase,
) -> None:
    await asyncio.gather(*(tend(database, NOON, KEPT) for _ in range(3)))

    assert len(await parts(database, SAMPLES)) == 4


async def test_nobody_waits_long_behind_one_who_waits_for_a_table(
    database: PostgresDatabase, url: str
) -> None:
    """A part is thrown away some other time, if a page looks at the table now."""
    await tend(database, NOON, KEPT)
    loop = asyncio.get_running_loop()

    async with looking_at(url, "samples"):
        began = loop.time()
        later = NOON + 400 * DAY
        dropping = asyncio.ensure_future(tend(database, later, KEPT))
        while not dropping.done():
            await database.commit([sample(NOON + DAY, digest=int(loop.time() * 1000))])
            await asyncio.sleep(0.05)
        waited_s = loop.time() - began
        with pytest.raises(LockHeldError):
            await dropping

    assert waited_s < 10 * LOCK_TIMEOUT_MS / 1000
    await tend(database, later, KEPT)
    assert "samples_202611" not in await parts(database, SAMPLES)


@asynccontextmanager
async def looking_at(url: str, table: str) -> AsyncIterator[None]:
    """A query of someone who takes his time."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.fetch(f"SELECT 1 FROM {table}")
            yield
    finally:
        await connection.close()


# -- whoever makes them was away for longer than they lasted


LATER = NOON + 30 * DAY
MISSED = ["messages_20261222", "messages_20261223", "messages_20261224", "messages_20261225"]


async def test_a_part_is_made_while_messages_of_it_arrive(
    database: PostgresDatabase, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ricarica.storage.partitions.LOCK_TIMEOUT_MS", 60_000)
    loop = asyncio.get_running_loop()
    await database.commit([message(LATER)])
    with monkeypatch.context() as patch:  # those of the next days are there
        patch.setattr("ricarica.storage.partitions.MOVED_MAX", 0)
        await tend(database, LATER, KEPT)
    async with writing(url, LATER + timedelta(seconds=1)) as connection:
        tending = asyncio.ensure_future(tend(database, LATER, KEPT))
        await waiting(connection, 1)
        arriving = loop.create_task(database.commit([message(LATER + timedelta(seconds=2))]))
        await waiting(connection, 2)

    await asyncio.gather(tending, arriving)

    assert set(MISSED) <= set(await parts(database, MESSAGES))
    assert await where(database, MESSAGES) == MISSED[:1] * 3


async def test_what_is_too_much_to_be_moved_stays_and_the_next_days_have_parts(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ricarica.storage.partitions.MOVED_MAX", 1)
    await database.commit([message(LATER + n * timedelta(seconds=1)) for n in range(2)])

    await tend(database, LATER, KEPT)

    assert set(await parts(database, MESSAGES)) & set(MISSED) == set(MISSED[1:])
    assert await where(database, MESSAGES) == ["messages_default"] * 2


async def test_a_part_that_cannot_be_made_keeps_no_other_from_it(
    database: PostgresDatabase,
) -> None:
    await database.run_sync(lambda c: c.execute(sa.text("CREATE TABLE messages_20261224 (a int)")))

    with pytest.raises(RuntimeError, match="messages_20261224"):
        await tend(database, LATER, KEPT)

    made = set(await parts(database, MESSAGES)) & set(MISSED)
    assert made == {"messages_20261222", "messages_20261223", "messages_20261225"}
    assert "samples_202612" in await parts(database, SAMPLES)


async def test_old_messages_of_no_part_are_thrown_away_and_readings_are_not(
    database: PostgresDatabase,
) -> None:
    strange = datetime(2001, 1, 1, tzinfo=UTC)
    await database.commit([message(LATER), message(LATER + DAY), sample(strange)])
    await tend(database, LATER + 5 * DAY, KEPT)
    assert await where(database, MESSAGES) == ["messages_default"] * 2

    await tend(database, LATER + 14 * DAY + timedelta(seconds=1), KEPT)

    assert await database.fetch(sa.select(MESSAGES.c.at)) == [(LATER + DAY,)]
    assert await where(database, SAMPLES) == ["samples_default"]


@asynccontextmanager
async def writing(url: str, at: datetime) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Someone's transaction that has written a message, and takes its time to commit."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(
                f"INSERT INTO messages VALUES ('default', 'CP-2', {number_at(at)}, $1,"
                " true, '1', 'Heartbeat', '{}', '{}', 'answered', 1, '')",
                at,
            )
            yield connection
    finally:
        await connection.close()


async def waiting(connection: "asyncpg.Connection[asyncpg.Record]", many: int) -> None:
    """Until so many wait for locks."""
    query = (
        "SELECT count(*) FROM pg_locks JOIN pg_database AS base ON base.oid = database"
        " WHERE NOT granted AND datname = current_database()"
    )
    deadline = asyncio.get_running_loop().time() + 60.0
    while await connection.fetchval(query) < many:
        assert asyncio.get_running_loop().time() < deadline, "nobody waits"
        await asyncio.sleep(0.01)


# -- which parts, without a database


DAYS = Partitioned(MESSAGES, Step.DAY, number_at, time_of, ahead=2)


def days(*numbers: int) -> list[Part]:
    midnight = datetime(2026, 11, 1, tzinfo=UTC) - DAY
    begins = [midnight + number * DAY for number in numbers]
    return [Part(f"d{at.day}", number_at(at), number_at(at + DAY)) for at in begins]


BEFORE = Part("before", None, number_at(datetime(2026, 11, 24, tzinfo=UTC)))


@pytest.mark.parametrize(
    "known,needed",
    [
        (days(), [22, 23, 24]),
        (days(20), [22, 23, 24]),
        (days(22), [23, 24]),
        (days(23), [22, 24]),
        (days(22, 23, 24), []),
        ([BEFORE], [24]),
        ([Part("all", None, None)], [22, 23, 24]),
    ],
)
def test_parts_are_missing_from_today_on(known: list[Part], needed: list[int]) -> None:
    assert [begin.day for begin in missing(DAYS, known, NOON)] == needed


def test_a_part_is_old_when_all_of_it_is() -> None:
    assert outdated(DAYS, days(1, 2, 3), datetime(2026, 11, 3, tzinfo=UTC)) == ["d1", "d2"]


def test_months_follow_each_other() -> None:
    begins = [Step.MONTH.begin(NOON)]
    for _ in range(4):
        begins.append(Step.MONTH.next(begins[-1]))

    assert [(begin.year, begin.month, begin.day) for begin in begins] == [
        (2026, 11, 1),
        (2026, 12, 1),
        (2027, 1, 1),
        (2027, 2, 1),
        (2027, 3, 1),
    ]


def test_the_numbers_of_messages_tell_their_time() -> None:
    ids = RandomIds(lambda: int(NOON.timestamp() * 1000))

    assert time_of(str(ids.event())) == NOON
    assert int(number_at(NOON)) <= ids.event() < int(number_at(NOON + timedelta(milliseconds=1)))


def test_only_what_is_described_so_lies_in_parts() -> None:
    tables = [
        table.name
        for table in metadata.sorted_tables
        if table.dialect_options["postgresql"]["partition_by"]
    ]

    assert tables == sorted(each.table.name for each in (MESSAGE_PARTS, SAMPLE_PARTS))
