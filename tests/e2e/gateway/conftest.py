"""One real node: sockets, engine and a database in a file."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from ricarica.app.tables import metadata
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.database import Row
from ricarica.storage.open import OpenDatabase, open_database


class Breakable:
    """A database that can be cut off, as by a full disk or a broken line."""

    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self.broken = False

    async def commit(self, *arguments: Any) -> None:
        self._check()
        await self._database.commit(*arguments)

    async def take(self, *arguments: Any) -> list[Row]:
        self._check()
        return await self._database.take(*arguments)

    async def fetch(self, *arguments: Any) -> list[Row]:
        self._check()
        return await self._database.fetch(*arguments)

    async def migrate(self) -> None:
        await self._database.migrate()

    async def close(self) -> None:
        await self._database.close()

    def _check(self) -> None:
        if self.broken:
            raise StorageUnavailableError("the database is cut off")


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Breakable]:
    database = Breakable(open_database(f"sqlite:///{tmp_path}/ricarica.db", metadata))
    await database.migrate()
    yield database
    await database.close()


@pytest.fixture
async def node(database: Breakable) -> AsyncIterator[Node]:
    policy = StationPolicy(unknown=UnknownStations.ACCEPT)
    async with running_node(Parts(database, policy=policy, through_bytes=True)) as node:
        yield node


@pytest.fixture
def cut_off(database: Breakable) -> Callable[[], None]:
    def cut() -> None:
        database.broken = True

    return cut


@pytest.fixture
async def url(node: Node) -> str:
    return f"ws://127.0.0.1:{await node.gateway.start('127.0.0.1', 0)}"
