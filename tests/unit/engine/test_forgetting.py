"""What is old goes some at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from ricarica.engine import bulk, forgetting
from ricarica.engine.forgetting import forget, forget_older
from ricarica.engine.sql import BULK_JOBS, BULK_TARGETS, OUTBOX
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.storage.database import Add, Run
from ricarica.testing.world import World, world

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "AT_ONCE_MAX", 2)
    monkeypatch.setattr(forgetting, "NAMED_MAX", 2)


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


async def happened(network: World, *days: int) -> None:
    now = network.clock.now()
    rows = [(DEFAULT_TENANT, at, now - day * DAY, "K", "S", "{}") for at, day in enumerate(days)]
    await network.database.commit([Add(OUTBOX, row) for row in rows])


async def left(network: World, column: sa.Column[int]) -> list[int]:
    rows = await network.database.fetch(sa.select(column).order_by(column))
    return [number for (number,) in rows]


async def done(network: World, work: Callable[[UnitOfWork], Awaitable[bool]]) -> bool:
    return await network.soon(network.engine.in_unit(DEFAULT_TENANT, work))


def yesterday(network: World) -> datetime:
    return network.clock.now() - DAY


async def test_the_oldest_go_first_until_none_is_left(network: World) -> None:
    await happened(network, 5, 4, 3, 2, 0)
    before = yesterday(network)

    found = []
    for _ in range(3):
        is_all = await done(network, lambda unit: forget_older(unit, OUTBOX.c.at, before))
        found.append((is_all, await left(network, OUTBOX.c.id)))

    assert found == [(False, [2, 3, 4]), (True, [4]), (True, [4])]


async def test_those_of_one_moment_go_together_rather_than_never(network: World) -> None:
    await happened(network, 3, 3, 3, 3, 2)
    before = yesterday(network)

    is_all = await done(network, lambda unit: forget_older(unit, OUTBOX.c.at, before))

    assert (is_all, await left(network, OUTBOX.c.id)) == (False, [4])


async def test_others_go_by_their_names(network: World) -> None:
    await happened(network, 5, 4, 3, 0)
    before = yesterday(network)

    found = []
    for _ in range(2):
        is_all = await done(network, lambda unit: forget(unit, OUTBOX, OUTBOX.c.at < before))
        found.append((is_all, len(await left(network, OUTBOX.c.id))))

    assert found == [(False, 2), (True, 1)]


async def test_what_is_told_anew_in_between_stays(network: World) -> None:
    await happened(network, 5)
    before, now = yesterday(network), network.clock.now()
    renewed = Run(sa.update(OUTBOX).values(at=now))

    async def while_another_writes(unit: UnitOfWork) -> bool:
        is_all = await forget(unit, OUTBOX, OUTBOX.c.at < before)
        await network.database.commit([renewed])
        return is_all

    await done(network, while_another_writes)

    assert await left(network, OUTBOX.c.id) == [0]


async def test_a_job_goes_after_its_targets(network: World) -> None:
    now = network.clock.now()
    job = ("clear-cache", "{}", "{}", "anna", now - 9 * DAY, 60, None, None, None, "done")
    targets = [(DEFAULT_TENANT, name, "j", "accepted", None, None, now) for name in "ABC"]
    await network.database.commit(
        [
            Add(BULK_JOBS, (DEFAULT_TENANT, "j", *job, None, now, now, None)),
            *[Add(BULK_TARGETS, row) for row in targets],
        ]
    )
    before = yesterday(network)

    counts = []
    for _ in range(2):
        is_all = await done(network, lambda unit: bulk.forget_before(unit, before))
        tables = (BULK_TARGETS, BULK_JOBS)
        found = [await network.database.fetch(sa.select(table.c.tenant)) for table in tables]
        counts.append((is_all, *map(len, found)))

    assert counts == [(False, 1, 1), (True, 0, 0)]
