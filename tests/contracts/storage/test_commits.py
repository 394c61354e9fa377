import asyncio
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import (
    ConflictError,
    InvalidError,
    LostUpdateError,
    StorageUnavailableError,
)
from ricarica.storage import columns as c
from ricarica.storage.database import Add, Database, Run, Save, Staged
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.postgres import PostgresServer

metadata = sa.MetaData()
stations = sa.Table(
    "stations",
    metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("serial", c.Text, unique=True),
    sa.Column("order", c.Text),  # a name that must be quoted
    sa.Column("version", c.Integer, nullable=False),
)
readings = sa.Table(
    "readings",
    metadata,
    sa.Column("station", c.Text, primary_key=True),
    sa.Column("at", c.Instant, primary_key=True),
    sa.Column("energy_wh", c.Exact(3), nullable=False),
    sa.Column("raw", c.Json),
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[OpenDatabase]:
    database = open_database(database_url, metadata)
    await database.create_all()
    yield database
    await database.close()


def station(name: str, version: int, status: str = "-", serial: str | None = None) -> Save:
    return Save(stations, ("default", name, serial, status, version))


def reading(minute: int, wh: str = "1", *, if_new: bool = False) -> Add:
    at = NOON + timedelta(minutes=minute)
    return Add(readings, ("CP1", at, Decimal(wh), {"minute": minute}), if_new)


async def stored(database: Database) -> list[tuple[str, str, int]]:
    columns = (stations.c.station, stations.c.order, stations.c.version)
    rows = await database.fetch(sa.select(*columns).order_by(stations.c.station))
    return [(name, status, version) for name, status, version in rows]


async def count(database: Database, table: sa.Table = readings) -> int:
    [(number,)] = await database.fetch(sa.select(sa.func.count()).select_from(table))
    assert isinstance(number, int)
    return number


async def test_everything_staged_is_written_in_one_commit(database: OpenDatabase) -> None:
    await database.commit([station("CP1", 1), station("CP3", 1), reading(0)])

    await database.commit(
        [
            Run(sa.delete(stations).where(stations.c.station == "CP3")),
            station("CP2", 1, "new"),
            reading(1, "2"),
            station("CP1", 2, "changed"),
            reading(0, "99", if_new=True),
            reading(2, "3", if_new=True),
        ]
    )

    assert await stored(database) == [("CP1", "changed", 2), ("CP2", "new", 1)]
    energies = await database.fetch(sa.select(readings.c.energy_wh).order_by(readings.c.at))
    assert energies == [(Decimal(1),), (Decimal(2),), (Decimal(3),)]


async def test_nothing_staged_is_nothing_written(database: OpenDatabase) -> None:
    await database.commit([])

    assert await count(database, stations) == 0


async def test_a_large_commit_is_written_as_a_whole_or_not_at_all(database: OpenDatabase) -> None:
    await database.commit([station("CP1", 1), *(reading(minute) for minute in range(100))])

    with pytest.raises(LostUpdateError):
        await database.commit([*(reading(minute) for minute in range(100, 200)), station("CP1", 7)])
    with pytest.raises(ConflictError):
        await database.commit([reading(minute) for minute in range(50, 150)])

    assert await count(database) == 100
    await database.commit([station("CP1", 2), *(reading(minute) for minute in range(100, 200))])
    assert (await count(database), await stored(database)) == (200, [("CP1", "-", 2)])


async def test_a_large_commit_that_nobody_waits_for_any_more_leaves_the_next_alone(
    database: OpenDatabase,
) -> None:
    abandoned = asyncio.ensure_future(database.commit([reading(minute) for minute in range(100)]))
    await asyncio.sleep(0)
    abandoned.cancel()
    await asyncio.gather(
        database.commit([reading(minute) for minute in range(200, 300)]),
        database.commit([reading(minute) for minute in range(300, 400)]),
        abandoned,
        return_exceptions=True,
    )

    late = readings.c.at >= NOON + timedelta(minutes=200)
    assert len(await database.fetch(sa.select(readings.c.at).where(late))) == 200
    assert await count(database) in {200, 300}


async def test_a_statement_runs_after_the_rows_staged_behind_it(database: OpenDatabase) -> None:
    rename = sa.update(stations).where(stations.c.station == "CP1").values(order="renamed")

    await database.commit([Run(rename), station("CP1", 1, "as staged")])

    assert await stored(database) == [("CP1", "renamed", 1)]


async def test_versions_of_one_row_follow_each_other_within_a_commit(
    database: OpenDatabase,
) -> None:
    await database.commit([station("CP1", 1), station("CP1", 2), station("CP1", 3, "last")])

    assert await stored(database) == [("CP1", "last", 3)]


async def test_a_unique_value_can_move_to_another_row_in_the_order_given(
    database: OpenDatabase,
) -> None:
    await database.commit([station("CP1", 1, serial="S1")])

    await database.commit([station("CP1", 2, serial=None), station("CP2", 1, serial="S1")])

    assert [row[0] for row in await stored(database)] == ["CP1", "CP2"]


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(station("CP1", 1), id="a first version of a row that is there"),
        pytest.param(station("CP1", 2), id="the version that is there"),
        pytest.param(station("CP1", 4), id="a version too far"),
        pytest.param(station("CP9", 2), id="a second version of a row that is not there"),
    ],
)
async def test_a_lost_update_is_noticed_and_nothing_is_written(
    database: OpenDatabase, late: Save
) -> None:
    await database.commit([station("CP1", 1), station("CP2", 1)])
    await database.commit([station("CP1", 2, "ours")])

    with pytest.raises(LostUpdateError, match="stations"):
        await database.commit([reading(1), station("CP2", 2, "also lost"), late])

    assert await stored(database) == [("CP1", "ours", 2), ("CP2", "-", 1)]
    assert await count(database) == 0


async def test_one_lost_update_among_many_is_noticed(database: OpenDatabase) -> None:
    names = [f"CP{n:03}" for n in range(100)]
    await database.commit([station(name, 1) for name in names])
    await database.commit([station("CP050", 2)])

    with pytest.raises(LostUpdateError):
        await database.commit([station(name, 2, "late") for name in names])

    assert {status for _, status, _ in await stored(database)} == {"-"}


@pytest.mark.parametrize("others", [0, 100])
async def test_a_taken_key_is_a_conflict_and_nothing_is_written(
    database: OpenDatabase, others: int
) -> None:
    await database.commit([reading(0)])

    with pytest.raises(ConflictError):
        await database.commit(
            [station("CP1", 1), *[reading(n + 1) for n in range(others)], reading(0)]
        )

    assert await count(database) == 1
    assert await stored(database) == []


@pytest.mark.parametrize("version", [1, 2])
async def test_another_unique_value_taken_is_a_conflict(
    database: OpenDatabase, version: int
) -> None:
    await database.commit([station("CP1", 1, serial="S1"), station("CP2", 1, serial="S2")])
    second = {1: station("CP3", 1, serial="S1"), 2: station("CP2", 2, serial="S1")}

    with pytest.raises(ConflictError):
        await database.commit([second[version]])

    assert len(await stored(database)) == 2


async def test_a_missing_value_is_refused(database: OpenDatabase) -> None:
    with pytest.raises(InvalidError):
        await database.commit([station("CP1", 1), Add(readings, ("CP1", NOON, None, None))])

    assert await stored(database) == []


async def test_a_row_that_does_not_fit_its_table_is_refused(database: OpenDatabase) -> None:
    with pytest.raises(InvalidError, match="readings"):
        await database.commit([Add(readings, ("CP1", NOON))])
    with pytest.raises(InvalidError, match="readings"):
        await database.commit([reading(0), Add(readings, ("CP1", NOON))])


async def test_the_database_works_on_after_a_refused_commit(database: OpenDatabase) -> None:
    await database.commit([reading(0)])
    with pytest.raises(ConflictError):
        await database.commit([reading(0)])

    await database.commit([reading(1)])

    assert await count(database) == 2


async def test_a_commit_can_be_large(database: OpenDatabase) -> None:
    first: list[Staged] = [reading(n, "0.001") for n in range(10_000)]
    await database.commit(first + [station(f"CP{n:05}", 1) for n in range(10_000)])
    again: list[Staged] = [reading(n, "5", if_new=True) for n in range(5_000, 15_000)]
    await database.commit(again + [station(f"CP{n:05}", 2) for n in range(10_000)])

    [(total,)] = await database.fetch(sa.select(sa.func.sum(readings.c.energy_wh)))

    assert total == Decimal(10) + 5 * 5_000
    assert {version for _, _, version in await stored(database)} == {2}


async def test_readers_see_whole_commits_while_others_are_written(database: OpenDatabase) -> None:
    async def read() -> list[int]:
        return [await count(database) for _ in range(20)]

    async def write() -> None:
        for n in range(20):
            await database.commit([reading(50 * n + k) for k in range(50)])

    _, *seen = await asyncio.gather(write(), read(), read(), read())

    assert all(number % 50 == 0 for numbers in seen for number in numbers)
    assert await count(database) == 1_000


async def test_of_two_writers_none_loses_an_update(shared_url: str) -> None:
    databases = [open_database(shared_url, metadata) for _ in range(2)]
    await databases[0].create_all()
    await databases[0].commit([station("CP1", 1, "0")])

    async def add_ten(database: Database) -> None:
        done = 0
        while done < 10:
            [(_, number, version)] = await stored(database)
            try:
                await database.commit([station("CP1", version + 1, str(int(number) + 1))])
                done += 1
            except LostUpdateError:
                await asyncio.sleep(0)

    await asyncio.gather(*map(add_ten, databases))
    [(_, number, version)] = await stored(databases[0])
    for database in databases:
        await database.close()

    assert (number, version) == ("20", 21)


WRITER = """
import asyncio, os, signal, sys
import sqlalchemy as sa
from ricarica.storage import columns as c
from ricarica.storage.database import Add
from ricarica.storage.open import open_database

metadata = sa.MetaData()
notes = sa.Table("notes", metadata, sa.Column("number", c.Integer, primary_key=True))

async def main():
    database = open_database(sys.argv[1], metadata)
    await database.create_all()
    await database.commit([Add(notes, (7,))])
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_what_is_committed_outlives_the_process(shared_url: str) -> None:
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", WRITER, shared_url], check=False
    )

    database = open_database(shared_url)
    found = await database.fetch(sa.select(sa.column("number")).select_from(sa.table("notes")))
    await database.close()

    assert killed.returncode == -signal.SIGKILL
    assert found == [(7,)]


@pytest.mark.postgresql
async def test_a_stopped_server_is_unavailable_until_it_is_back(postgres: PostgresServer) -> None:
    database = open_database(await postgres.new_database(), metadata)
    await database.create_all()
    await database.commit([station("CP1", 1)])
    await asyncio.gather(*(count(database) for _ in range(3)))  # several connections are open

    await asyncio.to_thread(postgres.stop)
    try:
        with pytest.raises(StorageUnavailableError):
            await database.commit([station("CP1", 2, "lost")])
        with pytest.raises(StorageUnavailableError):
            await count(database)
        with pytest.raises(StorageUnavailableError):
            await database.create_all()
    finally:
        await asyncio.to_thread(postgres.start)
    await database.commit([station("CP1", 2, "back")])

    assert await stored(database) == [("CP1", "back", 2)]
    await database.close()


@pytest.mark.postgresql
async def test_a_connection_ended_by_the_server_is_replaced(postgres: PostgresServer) -> None:
    url = await postgres.new_database()
    database, other = open_database(url, metadata), open_database(url, metadata)
    await database.create_all()
    await database.commit([station("CP1", 1)])

    pid: sa.ColumnClause[int] = sa.column("pid")
    end = sa.select(sa.func.pg_terminate_backend(pid)).select_from(
        sa.table("pg_stat_activity", pid)
    )
    here = sa.column("datname") == sa.func.current_database()
    await other.fetch(end.where(pid != sa.func.pg_backend_pid(), here))
    # Whether we hear of it before our next command is a race that either may win.
    with suppress(StorageUnavailableError):
        await database.commit([reading(0)])
    await database.commit([station("CP1", 2)])

    assert [version for _, _, version in await stored(database)] == [2]
    await database.close()
    await other.close()


@pytest.mark.postgresql
async def test_a_read_only_server_is_unavailable(postgres: PostgresServer) -> None:
    url = await postgres.new_database()
    database = open_database(f"{url}&default_transaction_read_only=on", metadata)

    with pytest.raises(StorageUnavailableError):
        await database.create_all()
    await database.close()


@pytest.mark.postgresql
async def test_a_key_too_long_for_its_index_is_refused(postgres: PostgresServer) -> None:
    database = open_database(await postgres.new_database(), metadata)
    await database.create_all()
    long = "".join(chr(0x4E00 + n * 7919 % 20_000) for n in range(5_000))

    with pytest.raises(InvalidError):
        await database.commit([station(long, 1)])
    await database.close()


async def test_a_file_locked_by_another_process_is_unavailable(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "test.db", metadata, busy_timeout_s=0.01)
    other = SqliteDatabase(tmp_path / "test.db", metadata)
    await database.create_all()

    await other.run_sync(lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with pytest.raises(StorageUnavailableError):
        await database.commit([station("CP1", 1)])
    await other.run_sync(lambda connection: connection.exec_driver_sql("ROLLBACK"))
    await database.commit([station("CP1", 1)])

    assert await stored(database) == [("CP1", "-", 1)]
    await database.close()
    await other.close()


async def test_a_full_disk_is_unavailable_until_there_is_room(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "test.db", metadata)
    await database.create_all()
    await database.run_sync(
        lambda connection: connection.exec_driver_sql("PRAGMA max_page_count = 12")
    )

    with pytest.raises(StorageUnavailableError):
        await database.commit([station("CP1", 1), *(reading(n) for n in range(10_000))])
    # The limit ends with its connection, which a failed commit gives up.
    await database.commit([station("CP1", 1)])

    assert (await stored(database), await count(database)) == ([("CP1", "-", 1)], 0)
    await database.close()


async def test_a_missing_directory_is_unavailable_until_it_is_there(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "later" / "test.db", metadata)

    with pytest.raises(StorageUnavailableError):
        await database.create_all()
    with pytest.raises(StorageUnavailableError):
        await count(database)
    (tmp_path / "later").mkdir()
    await database.create_all()

    assert await count(database) == 0
    await database.close()


async def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "test.db").write_bytes(b"this is not a database" * 100)
    database = SqliteDatabase(tmp_path / "test.db", metadata)

    with pytest.raises(StorageUnavailableError):
        await database.commit([station("CP1", 1)])
    await database.close()


async def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "test.db", metadata)

    settings = await database.run_sync(
        lambda connection: [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous")
        ]
    )

    assert settings == ["wal", 2]  # 2 is FULL
    await database.close()
