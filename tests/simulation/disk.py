"""The database that outlives its servers, and the way by which one server gets at it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from random import Random
from typing import Any, Protocol

import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.prepared import Prepared, Query
from ricarica.storage.sqlite import SqliteDatabase, _driver, _our_errors


class Disk(SqliteDatabase):
    """SQLite's own transactions, in memory, without threads: a commit is one step of the program.

    So whatever is not committed when a server dies is not there, and whatever is committed is.
    """

    def write(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        self._commit(staged, expected)

    def read(self, query: Query) -> list[Row]:
        return self._fetch(query)

    def _look_up(self, prepared: Prepared, values: Mapping[str, Any]) -> list[Row]:
        with _our_errors():
            driver = _driver(self._connection())
            return prepared.rows(driver.execute(prepared.sql, prepared.arguments(values)))

    def wipe(self) -> None:
        with self._transaction() as connection:
            for table in metadata.sorted_tables:
                _driver(connection).execute(f'DELETE FROM "{table.name}"')


@cache
def the_disk() -> Disk:
    """One for the whole process, for its statements are costly to prepare; wipe it first."""
    disk = Disk(":memory:", metadata)
    disk._change_schema(metadata.create_all)
    return disk


class Fate(Enum):
    """How a commit may end without the disk being at fault in itself."""

    DONE = auto()
    LOST = auto()  # nothing is written, and we are told
    UNKNOWN = auto()  # it is written, and we are told that it failed


@dataclass(slots=True)
class Weather:
    """How the database is doing."""

    readable: bool = True
    writable: bool = True
    slow_s: float = 0.0
    lost: float = 0.0  # the share of commits that fail
    unknown: float = 0.0  # the share of which nobody is told that they did not
    pauses: float = 0.1  # the share of reads that take noticeable time

    def clear_up(self) -> None:
        self.readable = self.writable = True
        self.slow_s = self.lost = self.unknown = 0.0

    def fate(self, rng: Random) -> Fate:
        if not self.lost and not self.unknown:
            return Fate.DONE
        dice = rng.random()
        if dice < self.lost:
            return Fate.LOST
        return Fate.UNKNOWN if dice < self.lost + self.unknown else Fate.DONE


class Point(Enum):
    """Where a server may be killed on purpose."""

    BEFORE_COMMIT = "before a commit"
    TORN = "during a commit that is not written"
    IN_COMMIT = "during a commit that is written"
    AFTER_COMMIT = "after a commit, before its answers"
    ANSWER = "between answers"
    READ = "during a read"
    STEP = "between two steps"


class Owner(Protocol):
    """The server that looks at the disk."""

    @property
    def rng(self) -> Random: ...

    def passes(self, point: Point) -> bool:
        """Go past this point; False when the server died there."""
        ...

    def committed(self, staged: Sequence[Staged]) -> None: ...

    def trace(self, what: str) -> None: ...


class ServersDatabase:
    """Implements `Database` for one server, for as long as it lives."""

    def __init__(self, disk: Disk, weather: Weather, owner: Owner) -> None:
        self._disk = disk
        self._weather = weather
        self._owner = owner

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        owner, weather = self._owner, self._weather
        await self._unless_dead(Point.BEFORE_COMMIT)
        await self._pause(0.002)
        await self._unless_dead(Point.TORN)
        if not weather.readable or not weather.writable:
            raise StorageUnavailableError("the database is away, or read-only")
        fate = weather.fate(owner.rng)
        if fate is Fate.LOST:
            owner.trace("commit lost")
            raise StorageUnavailableError("the connection broke before the commit")
        self._disk.write(staged, expected)
        owner.committed(staged)
        await self._unless_dead(Point.IN_COMMIT)
        if fate is Fate.UNKNOWN:
            owner.trace("commit of unknown outcome")
            raise StorageUnavailableError("the connection broke during the commit")
        await self._pause(0.001)
        await self._unless_dead(Point.AFTER_COMMIT)

    async def fetch(self, query: Query, values: Mapping[str, Any] | None = None) -> list[Row]:
        if self._weather.slow_s or self._owner.rng.random() < self._weather.pauses:
            await self._pause(0.001)
        await self._unless_dead(Point.READ)
        if not self._weather.readable:
            raise StorageUnavailableError("the database is away")
        return await self._disk.fetch(query, values)

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        await self._unless_dead(Point.BEFORE_COMMIT)
        await self._pause(0.002)
        await self._unless_dead(Point.TORN)
        if not self._weather.readable or not self._weather.writable:
            raise StorageUnavailableError("the database is away, or read-only")
        taken = await self._disk.take(change)
        await self._unless_dead(Point.IN_COMMIT)
        return taken

    async def migrate(self) -> None:
        """The schema is there."""

    async def close(self) -> None:
        """The disk stays."""

    async def _pause(self, usual_s: float) -> None:
        longest = self._weather.slow_s or usual_s
        await asyncio.sleep(self._owner.rng.random() * longest)

    async def _unless_dead(self, point: Point) -> None:
        if not self._owner.passes(point):
            await asyncio.get_running_loop().create_future()
