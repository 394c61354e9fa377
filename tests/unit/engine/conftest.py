"""The parts of an engine on a database in memory that can be made to fail."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.app.wiring import stores_for
from ricarica.engine.batches import Batches
from ricarica.engine.jobs import Errand
from ricarica.engine.mailbox import Mailboxes, Wanted
from ricarica.engine.sql import PUT_ASIDE, TIMERS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.slices import Surroundings
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.storage.work import Work
from ricarica.testing.clock import CountedIds, FakeClock
from ricarica.testing.tables import empty_database

Doing = Callable[[UnitOfWork], Awaitable[Any]]


class Unsteady:
    """A database that is sometimes not there."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self.is_down = False
        self.commits = 0

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        self._check()
        await self._database.commit(staged, expected)
        self.commits += 1

    async def fetch(
        self,
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        self._check()
        return await self._database.fetch(query, values)

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        self._check()
        return await self._database.take(change)

    async def migrate(self) -> None:
        await self._database.migrate()

    async def close(self) -> None:
        await self._database.close()

    def _check(self) -> None:
        if self.is_down:
            raise StorageUnavailableError("the disk is away")


@dataclass
class Bench:
    """Where jobs are put in, and what comes out."""

    database: Unsteady
    clock: FakeClock = field(default_factory=FakeClock)
    mailboxes: Mailboxes = field(default_factory=Mailboxes)
    published: list[Announced] = field(default_factory=list)
    told: list[tuple[StationKey, object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        surroundings = Surroundings(self.clock, CountedIds(), stores_for)
        self.batches = Batches(
            self.database, surroundings, self.mailboxes, _nothing, self._published
        )

    def errand(self, doing: Doing, station: str | None = None) -> Errand[Any]:
        key = StationKey(DEFAULT_TENANT, StationId(station)) if station else None
        errand = Errand(DEFAULT_TENANT, doing, key)
        self.mailboxes.post(errand)
        return errand

    async def settle(self) -> None:
        while len(self.mailboxes):
            await self.batches.once()

    async def timers(self) -> list[str]:
        """The subjects of all timers that were written, in order."""
        return [subject for (subject,) in await self.database.fetch(sa.select(TIMERS.c.subject))]

    async def put_aside(self) -> list[Row]:
        return await self.database.fetch(sa.select(PUT_ASIDE))

    def _published(self, announced: list[Announced], told: list[tuple[StationKey, object]]) -> None:
        self.published += announced
        self.told += told


async def _nothing(work: Work, wanted: Wanted) -> None:
    """Nothing is read ahead."""


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with empty_database() as database:
        yield Bench(Unsteady(database))
