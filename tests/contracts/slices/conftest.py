"""The stores of the slices, side by side: in memory, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from ricarica.app import tables
from ricarica.authorization.ports import TokenStore
from ricarica.authorization.sql import SqlTokenStore
from ricarica.configuration.ports import SettingStore
from ricarica.configuration.sql import SqlSettingStore
from ricarica.stations.ports import StationStore
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs.ports import TariffStore
from ricarica.tariffs.sql import SqlTariffStore
from ricarica.testing.memory import (
    MemorySettingStore,
    MemoryStationStore,
    MemoryTariffStore,
    MemoryTokenStore,
    MemoryTransactionStore,
)
from ricarica.testing.postgres import PostgresServer
from ricarica.transactions.ports import TransactionStore
from ricarica.transactions.sql import SqlTransactionStore

POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@dataclass(frozen=True)
class Stores:
    stations: StationStore
    tokens: TokenStore
    tariffs: TariffStore
    settings: SettingStore
    transactions: TransactionStore


class Desk(Protocol):
    """Where stores are used, one unit of work after the other."""

    def unit(self) -> AbstractAsyncContextManager[Stores]: ...

    def restart(self) -> None:
        """Forget everything but what was committed."""
        ...


class MemoryDesk:
    def __init__(self) -> None:
        self._stores = Stores(
            MemoryStationStore(),
            MemoryTokenStore(),
            MemoryTariffStore(),
            MemorySettingStore(),
            MemoryTransactionStore(),
        )

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Stores]:
        yield self._stores

    def restart(self) -> None:
        pass


class SqlDesk:
    def __init__(self, database: OpenDatabase) -> None:
        self._database = database
        self.restart()

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Stores]:
        work = Work(self._database, self._remembered)
        work.begin()
        yield Stores(
            SqlStationStore(work),
            SqlTokenStore(work),
            SqlTariffStore(work),
            SqlSettingStore(work),
            SqlTransactionStore(work),
        )
        work.keep()
        await work.commit()

    def restart(self) -> None:
        self._remembered = Remembered(lambda: 0.0)


@pytest.fixture(params=["sqlite", POSTGRESQL])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[OpenDatabase]:
    opened = await _opened(request, tmp_path)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "sqlite", POSTGRESQL])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    if request.param == "memory":
        yield MemoryDesk()
        return
    opened = await _opened(request, tmp_path)
    yield SqlDesk(opened)
    await opened.close()


async def _opened(request: pytest.FixtureRequest, tmp_path: Path) -> OpenDatabase:
    url = f"sqlite:///{tmp_path}/test.db"
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres")
        url = await server.new_database()
    opened = open_database(url, tables.metadata)
    await opened.create_all()
    return opened
