import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.engine.sql import TIMERS
from ricarica.engine.timers import CLOCKS_DIFFER, LEASE, Timers, set_timer, take_turn
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import NotFoundError, StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from tests.unit.engine.conftest import Bench, Doing

HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


class Bell:
    """Rings, and rings again as often as it was told to."""

    def __init__(self) -> None:
        self.rung: list[str] = []
        self.has_rung = asyncio.Event()
        self.again: timedelta | None = None
        self.breaks: set[str] = set()

    async def __call__(self, unit: UnitOfWork, subject: str) -> timedelta | None:
        self.rung.append(subject)
        self.has_rung.set()
        if subject in self.breaks:
            raise NotFoundError(f"{subject} is broken")
        return self.again


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def timers(bench: Bench, bell: Bell) -> Timers:
    async def post(_tenant: TenantId, work: Doing) -> Any:
        errand = bench.errand(work)
        await bench.settle()
        return await errand.done

    rings, pauses = {"bell": bell}, {"bell": HOUR}
    return Timers(bench.database, bench.clock, post, rings, pauses)  # type: ignore[arg-type]  # awaited alike


async def set_for(bench: Bench, subject: str, after: timedelta, kind: str = "bell") -> None:
    due_at = bench.clock.now() + after

    async def set_it(unit: UnitOfWork) -> None:
        set_timer(unit, kind, subject, due_at)

    bench.errand(set_it)
    await bench.settle()


async def test_a_timer_rings_once_when_it_is_due_and_not_before(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    await set_for(bench, "a", HOUR)

    assert await timers.ring_due() == 0
    bench.clock.pass_time(HOUR)
    assert await timers.ring_due() == 1
    assert await timers.ring_due() == 0

    assert bell.rung == ["a"]


async def test_a_recurring_timer_rings_again_after_its_time(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    bell.again = HOUR
    await timers.begin("bell")
    await timers.ring_due()
    assert await timers.ring_due() == 0

    bench.clock.pass_time(HOUR)

    assert await timers.ring_due() == 1
    assert bell.rung == ["", ""]


async def test_one_that_a_clock_set_that_was_ahead_rings_once_the_clock_is_right(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    bell.again = HOUR
    await timers.begin("bell")
    bench.clock.pass_time(YEAR)
    await timers.ring_due()
    bench.clock.pass_time(-YEAR)

    rung = [await timers.ring_due() for _ in range(2)]
    bench.clock.pass_time(HOUR)

    assert rung == [1, 0]
    assert await timers.ring_due() == 1


async def test_one_that_another_node_set_a_moment_ahead_waits(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    bell.again = HOUR
    await timers.begin("bell")
    bench.clock.pass_time(CLOCKS_DIFFER)
    await timers.ring_due()
    bench.clock.pass_time(-CLOCKS_DIFFER)

    assert await timers.ring_due() == 0


async def test_a_turn_that_a_clock_took_that_was_ahead_is_free_once_the_clock_is_right(
    bench: Bench,
) -> None:
    await set_for(bench, "", YEAR, kind="turn")

    turns = [await take_turn(bench.database, "turn", bench.clock.now(), HOUR) for _ in range(2)]

    assert turns == [True, False]


async def test_one_that_is_set_already_stays_as_it_is(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    await set_for(bench, "a", HOUR)
    await set_for(bench, "a", 3 * HOUR)

    bench.clock.pass_time(HOUR)

    assert await timers.ring_due() == 1


async def test_the_longest_due_ring_first(bench: Bench, timers: Timers, bell: Bell) -> None:
    await set_for(bench, "late", 2 * HOUR)
    await set_for(bench, "early", HOUR)
    bench.clock.pass_time(5 * HOUR)

    await timers.ring_due()

    assert bell.rung == ["early", "late"]


async def test_one_that_fails_keeps_no_other_from_ringing_and_is_tried_again(
    bench: Bench, timers: Timers, bell: Bell
) -> None:
    bell.breaks = {"broken"}
    await set_for(bench, "broken", HOUR)
    await set_for(bench, "fine", 2 * HOUR)
    bench.clock.pass_time(5 * HOUR)

    await timers.ring_due()
    assert await timers.ring_due() == 0  # it is not tried in a circle
    bench.clock.pass_time(LEASE)
    await timers.ring_due()

    assert bell.rung == ["broken", "fine", "broken"]


async def test_what_nobody_rings_any_more_is_left_alone(bench: Bench, timers: Timers) -> None:
    await set_for(bench, "a", HOUR, kind="of an older program")
    bench.clock.pass_time(5 * HOUR)

    await timers.ring_due()

    rows = await bench.database.fetch(sa.select(TIMERS.c.tenant, TIMERS.c.subject))
    assert rows == [(DEFAULT_TENANT, "a")]


async def test_a_statement_that_goes_wrong_ends_no_timer(
    bench: Bench, timers: Timers, bell: Bell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ricarica.engine.timers.LOOK_EVERY_S", 0.0)
    await set_for(bench, "a", timedelta(0))
    faults = [RuntimeError("a statement of ours is wrong"), StorageUnavailableError("away")]
    fetch = bench.database.fetch

    async def fails_at_first(*args: Any) -> Any:
        if faults:
            raise faults.pop()
        return await fetch(*args)

    monkeypatch.setattr(bench.database, "fetch", fails_at_first)
    running = asyncio.create_task(timers.run())
    async with asyncio.timeout(30):
        await bell.has_rung.wait()

    assert bell.rung == ["a"]
    running.cancel()
