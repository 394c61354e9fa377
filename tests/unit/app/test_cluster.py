"""One process among others: whom it takes for dead, and when it does not dare to."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
import sqlalchemy as sa

from ricarica.app import cluster
from ricarica.app.cluster import Membership
from ricarica.app.roles import ALL_ROLES
from ricarica.engine.core import Engine
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import Unheard
from ricarica.link.nats import NatsLink
from ricarica.link.remote import RemoteDecisions
from ricarica.station_gateway.gateway import StationGateway
from ricarica.storage.database import Database, Row
from ricarica.testing.clock import FakeClock

UNTIL_BURIED_S = 60.0
EPOCH = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Beating:
    """Time that goes on by a second with each beat."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now


class Silent:
    """A database in which all others look silent; it cannot be asked from `down` to `up`.

    From `still` to `moving` it answers nothing, and goes on then with what it was asked.
    """

    def __init__(self, time: Beating, down: float, up: float) -> None:
        self._time = time
        self._down, self._up = down, up
        self.still = self.moving = 0.0
        self._moves = asyncio.Event()
        self._moves.set()
        self.seen_at = 0.0
        self.buried_at: list[float] = []
        self.holds_up = asyncio.Event()  # whoever looks what the dead have left
        self.holds_up.set()
        self.error: Callable[[str], Exception] = StorageUnavailableError

    def tick(self) -> None:
        if self.still <= self._time.now < self.moving:
            self._moves.clear()
        else:
            self._moves.set()

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        if self._down <= self._time.now < self._up:
            raise self.error("it is being moved to another machine")
        await self._moves.wait()
        now = EPOCH + timedelta(seconds=self._time.now)
        if isinstance(change, sa.Delete):
            until = [at for at in change.compile().params.values() if isinstance(at, datetime)]
            if any(at < now for at in until):
                return []
            self.buried_at.append(self._time.now)
            return [("node-b",)]
        self.seen_at = self._time.now
        return [(now,)]

    async def fetch(self, _query: sa.Select[Any]) -> list[Row]:
        await self.holds_up.wait()
        return []


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Beating:
    beating = Beating()
    monkeypatch.setattr(cluster, "time", beating)
    for every in ("BEAT_S", "SEEN_EVERY_S", "LOOK_EVERY_S", "BRING_EVERY_S"):
        monkeypatch.setattr(cluster, every, 0.0)
    return beating


def member(database: Silent, time: Beating, engine: object = None) -> Membership:
    def beat() -> None:
        time.now += 1.0
        database.tick()

    bus = SimpleNamespace(send=lambda *_: True)
    link = SimpleNamespace(
        node="node-a", bus=bus, beat=beat, check_cores=lambda _: None, remote=None
    )
    engine = engine or SimpleNamespace(gateway_gone=lambda _: None, events=None)
    return Membership(
        cast("NatsLink", link),
        cast("Database", database),
        cast("Engine", engine),
        cast("StationGateway", SimpleNamespace()),
        ALL_ROLES,
        FakeClock(),
    )


async def first_burial(database: Silent, time: Beating, after: float) -> float:
    running = asyncio.create_task(member(database, time).run())
    while not any(at >= after for at in database.buried_at) and not running.done():
        assert time.now < after + UNTIL_BURIED_S, "whoever is silent for good is buried in the end"
        await asyncio.sleep(0)
    if running.done():
        await running
    running.cancel()
    return next(at for at in database.buried_at if at >= after)


async def test_who_has_just_come_takes_nobody_for_dead(time: Beating) -> None:
    begun = time.now

    assert await first_burial(Silent(time, 0, 0), time, begun) >= begun + cluster.DEAD_AFTER_S


@pytest.mark.parametrize("error", [StorageUnavailableError, RuntimeError])
async def test_after_an_outage_of_the_database_all_have_time_to_say_that_they_live(
    time: Beating, error: Callable[[str], Exception]
) -> None:
    up = time.now + 90
    database = Silent(time, time.now + 60, up)
    database.error = error

    # Its last failure may lie a few beats before the end of the outage.
    assert await first_burial(database, time, up) >= up + cluster.DEAD_AFTER_S - 3


async def test_after_the_database_stood_still_all_have_time_to_say_that_they_live(
    time: Beating,
) -> None:
    database = Silent(time, 0, 0)
    database.still, database.moving = time.now + 60, time.now + 80

    buried_at = await first_burial(database, time, database.moving)

    assert buried_at >= database.moving + cluster.DEAD_AFTER_S


async def test_who_has_much_to_sweep_still_says_that_he_lives(time: Beating) -> None:
    database = Silent(time, 0, 0)
    database.holds_up.clear()

    running = asyncio.create_task(member(database, time).run())
    until = time.now + UNTIL_BURIED_S
    for _ in range(10_000):
        if time.now >= until or running.done():
            break
        await asyncio.sleep(0)

    assert time.now >= until
    assert database.seen_at > until - cluster.DEAD_AFTER_S
    running.cancel()


class Busy:
    """An engine with many stations; the first look at them fails."""

    def __init__(self, stations: int) -> None:
        keys = [StationKey(DEFAULT_TENANT, StationId(str(number))) for number in range(stations)]
        self.seen: list[list[StationKey]] = []
        self.brought: list[StationKey] = []
        self.fails = True
        self.forgotten = 0
        self.events = SimpleNamespace(tell_since=lambda _: asyncio.sleep(0))
        self.live = SimpleNamespace(keys=lambda: keys)
        self.caretaker = SimpleNamespace(bring=self.brought.append)
        self.batches = SimpleNamespace(remembered=SimpleNamespace(forget_all=self._forget))

    def _forget(self) -> None:
        self.forgotten += 1

    async def look_again(self, part: list[StationKey]) -> None:
        if self.fails:
            self.fails = False
            raise StorageUnavailableError("it is away")
        self.seen.append(part)

    def gateway_gone(self, node: str) -> None:
        pass


async def test_when_words_may_have_been_lost_all_stations_are_looked_at_in_parts(
    time: Beating,
) -> None:
    engine = Busy(500)
    ours = member(Silent(time, 0, 0), time, engine)

    ours._hears_again()
    ours._others_were(Unheard(datetime(2026, 11, 22, 12, tzinfo=UTC)))
    running = asyncio.create_task(ours.run())
    for _ in range(10_000):
        if len(engine.brought) == 500:
            break
        await asyncio.sleep(0)
    running.cancel()

    assert engine.forgotten == 2
    assert [len(part) for part in engine.seen] == [200, 200, 100]
    assert len({key for part in engine.seen for key in part}) == 500
    assert len(set(engine.brought)) == 500


async def test_who_could_not_be_seen_off_is_seen_off_later(time: Beating) -> None:
    key = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
    again: list[StationKey] = []
    remote = SimpleNamespace(left=lambda *_: [key], see_again=again.extend)

    async def away(_query: sa.Select[Any]) -> list[Row]:
        raise StorageUnavailableError("it is away")

    broken = SimpleNamespace(fetch=away)
    with pytest.raises(StorageUnavailableError):
        await member(cast("Silent", broken), time)._see_off(cast("RemoteDecisions", remote))

    assert again == [key]
