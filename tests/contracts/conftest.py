"""Contracts hold on every database we support; PostgreSQL is a real one."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ricarica.storage import open as storage
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.testing.postgres import PostgresServer, postgres_server
from tests.simulation.disk import Disk

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture(params=["memory", "simulated", "file", POSTGRESQL])
async def database_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Of an empty database: in memory, in a simulation, in a file and on PostgreSQL in turn."""
    if request.param == "simulated":
        monkeypatch.setattr(storage, "SqliteDatabase", Disk)
    return await _empty_database(request, tmp_path)


@pytest.fixture(params=["file", POSTGRESQL])
async def shared_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Of an empty database that several can open."""
    return await _empty_database(request, tmp_path)


@pytest.fixture
async def migrated(database_url: str) -> AsyncIterator[OpenDatabase]:
    """A database with all our tables, for the stores of the slices."""
    from ricarica.app import tables

    database = open_database(database_url, tables.metadata)
    await database.create_all()
    yield database
    await database.close()


async def _empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        return await server.new_database()
    in_memory = request.param in {"memory", "simulated"}
    return "sqlite:///:memory:" if in_memory else f"sqlite:///{tmp_path}/test.db"
