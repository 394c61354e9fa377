"""PostgreSQL that shuts down in order turns newcomers away; that was taken for a fault of ours."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest
import sqlalchemy as sa

from ricarica.app.tables import metadata
from ricarica.engine.sql import TIMERS
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.storage.database import Database, Run
from ricarica.storage.open import open_database

URL = "postgresql://nobody@127.0.0.1:1/nothing"
BY_KIND = sa.select(TIMERS).where(TIMERS.c.kind == sa.bindparam("kind"))
TOUCH = Run(sa.update(TIMERS).values(due_at=TIMERS.c.due_at))
USES: dict[str, Callable[[Database], Awaitable[object]]] = {
    "a query": lambda database: database.fetch(sa.select(sa.literal(1))),
    "a prepared query": lambda database: database.fetch(BY_KIND, {"kind": "tidy"}),
    "a commit": lambda database: database.commit([]),
    "a commit with a statement": lambda database: database.commit([TOUCH]),
}


async def _shutting_down(*_: object, **__: object) -> None:
    raise asyncpg.CannotConnectNowError("the database system is shutting down")


@pytest.mark.parametrize("use", USES)
async def test_a_database_that_shuts_down_is_an_outage(
    use: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncpg, "connect", _shutting_down)
    database = open_database(URL, metadata)

    with pytest.raises(StorageUnavailableError, match="shutting down"):
        await USES[use](database)

    await database.close()
