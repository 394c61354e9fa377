"""Whether a process says of itself what is true."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest

from ricarica.app.roles import Role
from ricarica.app.tables import metadata
from ricarica.app.vitals import Health
from ricarica.app.wiring import Parts, running_node
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.storage.database import Expect, Staged
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.clock import FakeClock


class ReadOnly(SqliteDatabase):
    """Can be read at any time."""

    is_read_only = False

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        if self.is_read_only:
            raise StorageUnavailableError("this is a standby")
        await super().commit(staged, expected)


@pytest.fixture
async def database() -> AsyncIterator[ReadOnly]:
    database = ReadOnly(":memory:", metadata)
    await database.create_all()
    yield database
    await database.close()


async def test_what_can_only_be_read_is_not_ready(database: ReadOnly) -> None:
    async with running_node(Parts(database)) as node:
        health = Health(node)
        check = health.vitals().checks["database"]
        before = await check()

        database.is_read_only = True
        health.stored_at -= 60  # as if that had been a minute ago
        during = await check()

        database.is_read_only = False
        after = await check()

    assert (before, during, after) == (None, "this is a standby", None)


async def test_those_who_ask_all_the_time_cost_one_commit_a_second(database: ReadOnly) -> None:
    clock = FakeClock()
    async with running_node(Parts(database, clock=clock)) as node:
        check = Health(node).vitals().checks["database"]
        await check()
        database.is_read_only = True  # who commits is told so
        at_once = [await check() for _ in range(50)]

        clock.pass_time(timedelta(seconds=1))
        later = await check()
        database.is_read_only = False

    assert (set(at_once), later) == ({None}, "this is a standby")


async def test_without_a_door_of_its_own_a_process_is_ready_until_it_drains(
    database: ReadOnly,
) -> None:
    async with running_node(Parts(database, roles=frozenset({Role.CORE}))) as node:
        health = Health(node)
        check = health.vitals().checks["stations"]
        before = await check()

        health.is_draining = True

        assert before is None
        assert await check() == "the server is about to stop"


async def test_a_door_that_is_closed_lets_nobody_in(database: ReadOnly) -> None:
    async with running_node(Parts(database)) as node:
        check = Health(node).vitals().checks["stations"]
        closed = await check()

        await node.gateway.start("127.0.0.1", 0)

        assert closed == "the door for stations is not open"
        assert await check() is None
