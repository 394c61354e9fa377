"""The people's part of the database without a server: for the command line."""

import getpass
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from ricarica.access.authentication import Authentication
from ricarica.access.model import system_actor
from ricarica.access.service import AccessService
from ricarica.access.sql import SqlAccessStore
from ricarica.app.config import Config
from ricarica.app.passwords import ArgonPasswordHasher
from ricarica.app.tables import metadata
from ricarica.cli.ports import Desk
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.errors import LostUpdateError
from ricarica.kernel.events import Event
from ricarica.kernel.ids import DEFAULT_TENANT, RandomIds
from ricarica.storage.database import Database
from ricarica.storage.open import open_database
from ricarica.storage.work import Remembered, Work

T = TypeVar("T")
ATTEMPTS = 3  # at a row that the server changes at the same moment


class OneCommit:
    """Implements `Commit`, one unit of work of its own for each call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = SystemClock()
        self._ids = RandomIds()

    async def __call__(self, work: Callable[[AccessService], Awaitable[T]], /) -> T:
        for _ in range(ATTEMPTS - 1):
            try:
                return await self._once(work)
            except LostUpdateError:
                continue
        return await self._once(work)

    async def _once(self, work: Callable[[AccessService], Awaitable[T]]) -> T:
        unit = Work(self._database, Remembered(self._clock.monotonic))
        unit.begin()
        done = await work(AccessService(SqlAccessStore(unit), Silent(), self._ids))
        unit.keep()
        await unit.commit()
        return done


class Silent:
    """A server that runs beside us looks these rows up anew every few seconds."""

    def announce(self, event: Event) -> None:
        pass


@asynccontextmanager
async def desk_of(config: Config) -> AsyncIterator[Desk]:
    """Makes the folder and the schema, if this comes before the first start."""
    if config.database_url is None:
        config.data.mkdir(parents=True, exist_ok=True)
    database = open_database(config.url, metadata)
    clock = SystemClock()
    try:
        await database.migrate()
        commit = OneCommit(database)
        await commit(lambda access: access.found(clock.now()))
        yield Desk(
            commit,
            Authentication(commit, ArgonPasswordHasher(), clock.now),
            database,
            system_actor(DEFAULT_TENANT, f"command line ({_user()})"),
            clock.now,
        )
    finally:
        await database.close()


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # in a container whose user has no name
