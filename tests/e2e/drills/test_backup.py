"""A copy made while stations charge is whole, and has all that was acknowledged before it."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from ricarica.testing.postgres import PostgresServer, postgres_server
from tests.e2e.drills.charging import acknowledged
from tests.e2e.drills.drill import Drill, Record, drill
from tests.e2e.drills.oracle import Register, kept_in, told_registers

pytestmark = pytest.mark.slow
Copy = Callable[[Path, Path], None]


def by_vacuum(file: Path, copy: Path) -> None:
    """`sqlite3 ricarica.db "VACUUM INTO 'copy.db'"`"""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))


def by_backup(file: Path, copy: Path) -> None:
    """`sqlite3 ricarica.db ".backup copy.db"`"""
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@pytest.mark.parametrize("copied", [by_vacuum, pytest.param(by_backup, marks=pytest.mark.long)])
async def test_a_file_is_copied_while_stations_charge(
    copied: Copy, tmp_path: Path, record_property: Record
) -> None:
    file, copy = tmp_path / "ricarica.db", tmp_path / "copy.db"
    async with drill(f"sqlite:///{file}", tmp_path, record_property) as held:
        await held.charge()
        before = registers(held)
        await asyncio.to_thread(copied, file, copy)
        await held.charge()
        after = registers(held)

    await is_whole(f"sqlite:///{copy}", before, after, record_property)


@pytest.mark.postgresql
async def test_postgresql_is_dumped_while_stations_charge(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with drill(on_postgres, tmp_path, record_property) as held:
        await held.charge()
        before = registers(held)
        dump = await asyncio.to_thread(
            postgres.ask, "pg_dump", "--format=custom", "--schema=test_*", postgres.url()
        )
        await held.charge()
        after = registers(held)

    postgres.ask("createdb", f"--maintenance-db={postgres.url()}", "restored")
    restored = postgres.url("restored")
    postgres.ask("pg_restore", "--exit-on-error", f"--dbname={restored}", given=dump)
    schema = sa.make_url(on_postgres).query["search_path"]
    await is_whole(f"{restored}?search_path={schema}", before, after, record_property)


@pytest.mark.postgresql
async def test_postgresql_is_copied_as_a_whole_while_stations_charge(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with drill(on_postgres, tmp_path, record_property) as held:
        await held.charge()
        before = registers(held)
        with copy_of(postgres) as copy:
            await held.charge()
            after = registers(held)
            schema = sa.make_url(on_postgres).query["search_path"]
            url = f"{copy.url()}?search_path={schema}"
            await is_whole(url, before, after, record_property)


@contextmanager
def copy_of(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A server of its own, started on a base backup: it recovers as after a crash."""
    with postgres_server(of=postgres) as copy:
        yield copy


def registers(held: Drill) -> set[Register]:
    return {each for entry in acknowledged(held.fleet) for each in told_registers(entry)}


async def is_whole(url: str, before: set[Register], after: set[Register], record: Record) -> None:
    """It agrees with itself, lacks nothing from before it was made, and what it lacks is known."""
    kept = await kept_in(url)

    assert kept.findings == []
    assert before, "nothing was told before the copy was made"
    assert before <= kept.registers, f"lost: {sorted(before - kept.registers)[:5]}"
    record("told_after_the_copy", len(after - kept.registers))
