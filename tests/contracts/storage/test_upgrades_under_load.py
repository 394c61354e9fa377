"""A node of before goes on writing while one of today changes the schema."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import asyncpg
import pytest
import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.engine.sql import MESSAGES
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Add, Row, Save
from ricarica.storage.migrations import LOCK_TIMEOUT_MS, upgrade
from ricarica.storage.postgres import PostgresDatabase
from ricarica.testing.postgres import PostgresServer
from ricarica.transactions.sql import READINGS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
WRITERS = 4  # batches that are under way at once
DEADLINE_S = 30.0
SINCE = {
    "certificate_name",
    "certificate_pin",
    "habits",
    "labels",
    "node",
    "pending_profile",
    "pending_secret",
    "pending_until",
}
# As the first release knew it.
OLD_STATIONS = sa.Table(
    "stations",
    sa.MetaData(),
    *(
        sa.Column(column.name, column.type, primary_key=column.primary_key)
        for column in STATIONS.columns
        if column.name not in SINCE
    ),
)


@dataclass(slots=True)
class Writer:
    """A station's share of a node of before: a status, a message and a reading in each commit."""

    database: PostgresDatabase
    station: str
    news: asyncio.Event
    acked: list[int] = field(default_factory=list)
    slowest_s: float = 0.0

    async def run(self, until: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in itertools.count(1):
            if until.is_set():
                return
            began = loop.time()
            await self.database.commit([self._station(number), *self._told(number)])
            self.acked.append(number)
            self.news.set()
            self.slowest_s = max(self.slowest_s, loop.time() - began)

    def _station(self, number: int) -> Save:
        row: dict[str, object] = dict.fromkeys(OLD_STATIONS.columns.keys())
        row |= {
            "tenant": "default",
            "station": self.station,
            "folded": self.station.lower(),
            "acceptance": "accepted",
            "registered_at": NOON,
            "name": "",
            "pedantic": False,
            "connected": True,
            "epoch": 1,
            "secure": False,
            "last_seen_at": NOON + timedelta(seconds=number),
            "version": number,
        }
        return Save(OLD_STATIONS, tuple(row.values()))

    def _told(self, number: int) -> list[Add]:
        at = NOON + timedelta(seconds=number)
        said: Row = ("MeterValues", "{}", "{}", "answered", 1, "")
        message = ("default", self.station, number, at, True, str(number), *said)
        key = ("default", self.station, "17", at, 1, 1, "", "Outlet", "periodic", "")
        reading = (*key, Decimal(number), at)
        return [Add(MESSAGES, message), Add(READINGS, reading, if_new=True)]


@pytest.fixture
async def url(postgres: PostgresServer) -> str:
    return await postgres.new_database()


@pytest.fixture
async def before(url: str) -> AsyncIterator[PostgresDatabase]:
    """What a node of the first release works on."""
    database = PostgresDatabase(url, sa.MetaData())
    await database.change_schema(lambda connection: upgrade(connection, "0001"))
    yield database
    await database.close()


@pytest.fixture
async def today(url: str) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(url, metadata)
    yield database
    await database.close()


async def until(writers: list[Writer], commits: int, news: asyncio.Event) -> None:
    """Each has been acknowledged so many more."""
    wanted = [len(writer.acked) + commits for writer in writers]
    async with asyncio.timeout(DEADLINE_S):
        while any(len(w.acked) < number for w, number in zip(writers, wanted, strict=True)):
            await news.wait()
            news.clear()


async def test_a_node_of_before_loses_nothing_while_the_schema_changes(
    before: PostgresDatabase, today: PostgresDatabase, url: str
) -> None:
    news = asyncio.Event()
    writers = [Writer(before, f"CP-{number}", news) for number in range(WRITERS)]
    stop = asyncio.Event()
    # Someone looks at the log for longer than anybody waits for a lock.
    page = await asyncpg.connect(url)
    looking = page.transaction()
    await looking.start()
    await page.fetch("SELECT * FROM messages")

    async with asyncio.TaskGroup() as tasks:
        for writer in writers:
            tasks.create_task(writer.run(stop))
        await until(writers, 20, news)
        migrating = tasks.create_task(today.migrate())
        await asyncio.sleep(2 * LOCK_TIMEOUT_MS / 1000)
        assert not migrating.done()
        await until(writers, 5, news)
        await looking.rollback()
        await page.close()
        await migrating
        await until(writers, 20, news)
        stop.set()

    for writer in writers:
        assert await stored(today, writer) == [writer.acked] * 3
        # Everybody may wait behind us for the time-out, on a busy machine a little longer.
        assert writer.slowest_s < 3 * LOCK_TIMEOUT_MS / 1000


async def stored(database: PostgresDatabase, writer: Writer) -> list[list[int]]:
    """What is there of a writer: messages, readings, and as many versions of its station."""
    columns = MESSAGES.c
    messages = await database.fetch(
        sa.select(columns.id).where(columns.station == writer.station).order_by(columns.id)
    )
    readings = await database.fetch(
        sa.select(READINGS.c.value)
        .where(READINGS.c.station == writer.station)
        .order_by(READINGS.c.value)
    )
    [(version,)] = await database.fetch(
        sa.select(STATIONS.c.version).where(STATIONS.c.station == writer.station)
    )
    return [
        [number for (number,) in messages],
        [int(value) for (value,) in readings],
        list(range(1, version + 1)),
    ]
