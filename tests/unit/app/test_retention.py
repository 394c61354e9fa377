from datetime import timedelta

import pytest
import sqlalchemy as sa

from ricarica.app import retention
from ricarica.app.retention import TIDY_EVERY, Retention, rings
from ricarica.engine.sql import MESSAGES
from ricarica.engine.timers import Timers, set_timer
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.storage.database import Add
from ricarica.testing.world import World, world


async def log_messages(network: World, count: int, age: timedelta) -> None:
    at = network.clock.now() - age
    rows = [
        (
            *(DEFAULT_TENANT, "CP-1", network.ids.event(), at + timedelta(seconds=number)),
            *(True, "1", "Heartbeat", "{}", "{}", "answered", 1, ""),
        )
        for number in range(count)
    ]
    await network.database.commit([Add(MESSAGES, row) for row in rows])


async def messages(network: World) -> int:
    [(count,)] = await network.database.fetch(sa.select(sa.func.count()).select_from(MESSAGES))
    return int(count)


async def tidy(network: World) -> timedelta | None:
    """Returns when it is to be done again."""
    again: list[timedelta | None] = []

    async def ring(unit: UnitOfWork) -> None:
        again.append(await rings(Retention())["tidy"](unit, ""))

    await network._soon(network.engine.post(DEFAULT_TENANT, ring))
    return again[0]


async def test_only_what_is_old_is_thrown_away() -> None:
    async with world() as network:
        await log_messages(network, 3, timedelta(days=15))
        await log_messages(network, 2, timedelta(days=13))

        assert await tidy(network) == TIDY_EVERY
        assert await messages(network) == 2


async def test_much_is_thrown_away_in_parts_so_that_stations_do_not_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 4)
    async with world() as network:
        await log_messages(network, 10, timedelta(days=15))

        assert await tidy(network) == timedelta()
        assert await messages(network) == 6
        assert await tidy(network) == timedelta()
        assert await tidy(network) == TIDY_EVERY
        assert await messages(network) == 0


async def test_a_timer_that_is_not_done_rings_again_at_the_next_look() -> None:
    async with world() as network:
        rung: list[str] = []

        async def ring(_unit: UnitOfWork, subject: str) -> timedelta | None:
            rung.append(subject)
            return timedelta() if len(rung) == 1 else None

        async def start(unit: UnitOfWork) -> None:
            set_timer(unit, "test", "a", network.clock.now())

        timers = Timers(network.database, network.clock, network.engine.post, {"test": ring})
        await network._soon(network.engine.post(DEFAULT_TENANT, start))

        counts = [await network._soon(timers.ring_due()) for _ in range(3)]

        assert counts == [1, 1, 0]
        assert rung == ["a", "a"]
