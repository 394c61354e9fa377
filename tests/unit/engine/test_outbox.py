import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ricarica.engine.outbox import QUEUE_MAX, TOLD_MAX, Events, happening_from, told_from
from ricarica.engine.sql import OUTBOX
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import DEFAULT_TENANT, EventId, StationId, StationKey, TenantId
from ricarica.storage.database import Add
from tests.unit.engine.conftest import Bench

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))


@dataclass(frozen=True)
class Metered:
    station: StationKey | None
    energy_wh: Decimal


def metered(number: int, tenant: TenantId = DEFAULT_TENANT) -> Announced:
    return Announced(EventId(number), tenant, NOON, Metered(KEY, Decimal(number)))


@pytest.fixture
def events(bench: Bench) -> Events:
    return Events(bench.database)


async def test_a_watcher_sees_its_tenants_events_in_order(events: Events) -> None:
    with events.subscribe(DEFAULT_TENANT) as watch:
        events.publish([metered(1), metered(2, TenantId("other")), metered(3)])
        events.end()
        seen = [announced.id async for announced in watch]

    assert seen == [1, 3]


async def test_who_watches_no_more_is_told_no_more(events: Events) -> None:
    with events.subscribe(DEFAULT_TENANT) as watch:
        pass
    events.publish([metered(1)])
    watch.end()

    assert [announced async for announced in watch] == []


async def test_who_lags_too_far_behind_is_sent_away_after_what_was_kept(events: Events) -> None:
    with events.subscribe(DEFAULT_TENANT) as slow, events.subscribe(DEFAULT_TENANT) as quick:
        reading = asyncio.ensure_future(_count(quick.__aiter__(), QUEUE_MAX + 50))
        for number in range(QUEUE_MAX + 50):
            events.publish([metered(number)])
            await asyncio.sleep(0)
        seen = [announced.id async for announced in slow]

    assert seen == list(range(QUEUE_MAX))
    assert await asyncio.wait_for(reading, 5) == QUEUE_MAX + 50


async def test_what_was_missed_can_be_asked_for(bench: Bench, events: Events) -> None:
    async def announce(unit: UnitOfWork) -> None:
        for number in range(3):
            unit.announce(Metered(KEY, Decimal(number) + Decimal("0.5")))

    bench.errand(announce)
    await bench.settle()
    first, *missed = bench.published

    told = await events.since(DEFAULT_TENANT, first.id)

    assert told == [told_from(each) for each in missed]
    assert [each.body["energy_wh"] for each in told] == [Decimal("1.5"), Decimal("2.5")]
    assert (told[0].kind, told[0].station) == ("Metered", "CP-1")
    assert await events.since(TenantId("other"), first.id) == []
    assert len(await events.since(DEFAULT_TENANT, first.id, most=1)) == 1


async def _count(announced: object, enough: int) -> int:
    seen = 0
    async for _ in announced:  # type: ignore[attr-defined]  # a watch
        seen += 1
        if seen == enough:
            break
    return seen


async def test_what_others_told_is_read_and_told_once(bench: Bench, events: Events) -> None:
    def at(seconds: float) -> int:
        return int((NOON.timestamp() + seconds) * 1_000) << 20

    long_ago, heard, missed, late = at(-60), at(1), at(2), at(3)
    with events.subscribe(DEFAULT_TENANT) as watch:
        events.receive(happening_from(metered(heard)))
        await keep(bench, long_ago, heard, missed)
        await events.tell_since(NOON)
        await keep(bench, late)
        await events.tell_since(NOON)
        events.receive(happening_from(metered(late)))
        events.end()
        seen = [told.id async for told in watch]

    assert seen == [heard, missed, late]


async def test_what_was_told_is_not_remembered_for_ever(events: Events) -> None:
    with events.subscribe(DEFAULT_TENANT):
        for number in range(TOLD_MAX + 50):
            events.publish([metered(number)])

    assert len(events._told) == TOLD_MAX


async def keep(bench: Bench, *numbers: int) -> None:
    rows = [
        Add(OUTBOX, (DEFAULT_TENANT, number, NOON, "Metered", "CP-1", "{}")) for number in numbers
    ]
    await bench.database.commit(rows)
