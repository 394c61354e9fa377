"""A process that is suspended in the middle of a commit does not hold up the others for long."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import StorageUnavailableError
from ricarica.storage import postgres as storage
from ricarica.storage.database import Run, Save, Staged
from ricarica.storage.postgres import PostgresDatabase
from ricarica.testing.postgres import PostgresServer
from tests.contracts.storage.working import metadata, stations

pytestmark = pytest.mark.postgresql
SOON_S = 20.0  # less than any command may take


class Suspended(PostgresDatabase):
    """Stops between what it writes and its commit, as under SIGSTOP."""

    def __init__(self, url: str) -> None:
        super().__init__(url, metadata)
        self.has_written = asyncio.Event()
        self.goes_on = asyncio.Event()

    async def _write_all(self, *args: Any) -> None:
        await super()._write_all(*args)
        self.has_written.set()
        await self.goes_on.wait()


@pytest.fixture
async def url(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    settings = storage.WRITER_SETTINGS | dict.fromkeys(
        storage.WRITER_SETTINGS.keys() & {"idle_in_transaction_session_timeout"}, "200"
    )
    monkeypatch.setattr(storage, "WRITER_SETTINGS", settings)
    return await postgres.new_database()


def written(version: int, status: str) -> list[Staged]:
    return [Save(stations, ("default", "CP1", status, version))]


async def test_what_a_suspended_process_holds_is_free_again_soon(url: str) -> None:
    async with AsyncExitStack() as stack:
        suspended, other = Suspended(url), PostgresDatabase(url, metadata)
        for database in (suspended, other):
            stack.push_async_callback(database.close)
        await other.create_all()
        await other.commit(written(1, "new"))
        # What is written in one message is not held open; but not everything can be.
        apart = Run(sa.update(stations).where(sa.false()).values(version=stations.c.version))
        committing = asyncio.create_task(suspended.commit([*written(2, "suspended"), apart]))
        await suspended.has_written.wait()

        async with asyncio.timeout(SOON_S):
            await other.commit(written(2, "other"))

        suspended.goes_on.set()
        with pytest.raises(StorageUnavailableError):
            await committing
