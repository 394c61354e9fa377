"""Who serves alone on a database of PostgreSQL is not joined by another who believes the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import asyncpg
import pytest

from ricarica.app.alone import alone_on, check_nobody_alone
from ricarica.kernel.errors import ConflictError
from ricarica.storage import sole
from ricarica.storage.database import Database
from ricarica.storage.postgres import PostgresDatabase
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.postgres import PostgresServer
from tests.contracts.storage.working import metadata

pytestmark = pytest.mark.postgresql
SOON_S = 30.0
HOLDERS = f"""
    SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND (classid::bigint << 32) + objid::bigint = {sole.LOCK}
"""


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sole, "PATIENCE_S", 0.0)


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(await postgres.new_database(), metadata)
    yield database
    await database.close()


async def holders(database: PostgresDatabase) -> list[int]:
    connection = await asyncpg.connect(database.url)
    try:
        return [row["pid"] for row in await connection.fetch(HOLDERS)]
    finally:
        await connection.close()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(SOON_S):
        while not await holds():  # noqa: ASYNC110 - what PostgreSQL does sets no event of ours
            await asyncio.sleep(0.02)


async def refused(place: AbstractAsyncContextManager[None]) -> None:
    with pytest.raises(ConflictError, match="nats_url"):
        async with place:
            pass


async def test_a_second_one_is_refused(database: PostgresDatabase) -> None:
    async with alone_on(database):
        await refused(alone_on(database))
        with pytest.raises(ConflictError, match="nats_url"):
            await check_nobody_alone(database)


async def test_another_database_of_the_server_is_another_place(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    other = PostgresDatabase(await postgres.new_database(), metadata)

    async with alone_on(database), alone_on(other):
        assert await holders(database) != await holders(other)


async def test_whoever_ended_leaves_the_place(database: PostgresDatabase) -> None:
    async with alone_on(database):
        pass

    await until(lambda: _is_free(database))
    await check_nobody_alone(database)
    async with alone_on(database):
        pass


async def test_many_who_know_each_other_may_look_at_once(database: PostgresDatabase) -> None:
    await asyncio.gather(*(check_nobody_alone(database) for _ in range(5)))


async def test_the_next_one_waits_for_the_one_that_ends(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sole, "PATIENCE_S", SOON_S)
    ends = asyncio.Event()

    async def one_that_ends() -> None:
        async with alone_on(database):
            ends.set()
            await asyncio.sleep(2 * sole.PAUSE_S)

    ending = asyncio.create_task(one_that_ends())
    await ends.wait()
    async with alone_on(database):
        assert ending.done()


async def test_the_place_is_taken_again_after_an_outage(
    database: PostgresDatabase, postgres: PostgresServer
) -> None:
    async with alone_on(database):
        before = await holders(database)
        connection = await asyncpg.connect(database.url)
        await connection.fetch("SELECT pg_terminate_backend($1)", before[0])
        await connection.close()

        await until(lambda: _has_another(database, before))
        await refused(alone_on(database))


async def test_files_need_no_such_place() -> None:
    database: Database = SqliteDatabase(":memory:", metadata)

    async with alone_on(database), alone_on(database):
        await check_nobody_alone(database)
    await database.close()


async def _is_free(database: PostgresDatabase) -> bool:
    return not await holders(database)


async def _has_another(database: PostgresDatabase, before: list[int]) -> bool:
    return await holders(database) not in ([], before)
