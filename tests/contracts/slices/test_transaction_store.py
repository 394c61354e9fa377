from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from ricarica.kernel.ids import (
    DEFAULT_TENANT,
    ConnectorNumber,
    EvseNumber,
    StationId,
    StationKey,
    TenantId,
    TransactionId,
)
from ricarica.transactions.model import (
    ChargingState,
    EnergyTally,
    Entry,
    EntryKind,
    Flag,
    ParkingTally,
    RegisterPoint,
    StatePoint,
    Transaction,
)
from ricarica.transactions.readings import Context, Measurand, Reading
from ricarica.transactions.terms import Limits, Terms
from tests.contracts.slices.conftest import Desk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
NEXT_DOOR = StationKey(DEFAULT_TENANT, StationId("CP-2"))
EVSE = EvseNumber(1)
PLAIN = Transaction(KEY, "17", TransactionId("id-17"), EVSE, NOON, NOON)
FULL = Transaction(
    KEY,
    "17",
    TransactionId("id-17"),
    EVSE,
    started_at=NOON,
    received_at=NOON + MINUTE,
    connector=ConnectorNumber(2),
    token="AbCd",
    token_kind="ISO14443",
    group="fleet",
    verdict="accepted",
    ended_at=NOON + 5 * MINUTE,
    end_reason="EVDisconnected",
    end_received_at=NOON + 6 * MINUTE,
    register_start_wh=Decimal("1000.5"),
    register_stop_wh=Decimal("2000.25"),
    energy=EnergyTally(RegisterPoint(NOON, Decimal("2000.25")), Decimal("999.75"), backwards=True),
    parking=ParkingTally(StatePoint(NOON, 3, ChargingState.SUSPENDED_EV), timedelta(seconds=1.5)),
    last_at=NOON + 4 * MINUTE,
    power_w=Decimal("11000.1"),
    soc_percent=Decimal("80.5"),
    seen=((0, 3), (5, 5)),
    last_seq_no=5,
    repeat_key="f" * 32,
    flags=frozenset({Flag.GAP, Flag.REGISTER_BACKWARDS}),
    remote_start=42,
    reservation=7,
    tariff=b'{"currency":"EUR"}',
    cost_excl=Decimal("1.23456789"),
    cost_incl=Decimal("1.50617283"),
    currency="EUR",
    cost_shown_at=NOON,
    updated_at=NOON,
)


def register(
    minute: int, value: str, *, phase: str | None = None, location: str = "Outlet"
) -> Reading:
    measurand = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
    return Reading(
        measurand, Decimal(value), NOON + minute * MINUTE, phase=phase, location=location
    )


async def save(desk: Desk, *transactions: Transaction) -> None:
    async with desk.unit() as stores:
        for transaction in transactions:
            await stores.transactions.get(transaction.station, transaction.ref)
            stores.transactions.save(transaction)


async def add_readings(
    desk: Desk, readings: Iterable[Reading], ref: str | None = "17", station: StationKey = KEY
) -> None:
    async with desk.unit() as stores:
        stores.transactions.add_readings(station, EVSE, ref, readings, NOON)


@pytest.mark.parametrize("transaction", [PLAIN, FULL])
async def test_a_transaction_comes_back_as_it_was_saved(
    desk: Desk, transaction: Transaction
) -> None:
    await save(desk, transaction)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.transactions.get(KEY, "17") == transaction
        assert await stores.transactions.get(KEY, "18") is None
        assert await stores.transactions.get(NEXT_DOOR, "17") is None


async def test_a_transaction_is_found_by_our_own_name_for_it(desk: Desk) -> None:
    await save(desk, FULL)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.transactions.by_id(DEFAULT_TENANT, FULL.id) == FULL
        assert await stores.transactions.by_id(TenantId("other"), FULL.id) is None
        assert await stores.transactions.by_id(DEFAULT_TENANT, TransactionId("no")) is None


async def test_a_transaction_is_found_by_what_tells_a_repeat_or_by_its_number(desk: Desk) -> None:
    await save(desk, FULL)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.transactions.alike(KEY, "f" * 32, "4711") == [FULL]
        assert await stores.transactions.alike(KEY, "e" * 32, FULL.ref) == [FULL]
        assert await stores.transactions.alike(NEXT_DOOR, "f" * 32, FULL.ref) == []
        assert await stores.transactions.alike(KEY, "e" * 32, "4711") == []


async def test_one_that_was_found_can_be_saved_again(desk: Desk) -> None:
    await save(desk, PLAIN)
    desk.restart()
    ended = replace(PLAIN, ended_at=NOON)

    async with desk.unit() as stores:
        found = await stores.transactions.by_id(DEFAULT_TENANT, PLAIN.id)
        assert found is not None
        stores.transactions.save(ended)

    async with desk.unit() as stores:
        assert await stores.transactions.get(KEY, "17") == ended
        assert await stores.transactions.running_at(KEY) == []


async def test_a_start_without_a_name_can_be_looked_for_and_then_saved(desk: Desk) -> None:
    async with desk.unit() as stores:
        assert await stores.transactions.alike(KEY, "f" * 32, "4711") == []
        stores.transactions.save(PLAIN)

    async with desk.unit() as stores:
        assert await stores.transactions.running_at(KEY) == [PLAIN]


async def test_the_running_ones_of_a_station_come_oldest_first(desk: Desk) -> None:
    later = replace(PLAIN, ref="a", id=TransactionId("a"), started_at=NOON + MINUTE)
    ended = replace(PLAIN, ref="b", id=TransactionId("b"), ended_at=NOON + MINUTE)
    other_evse = replace(PLAIN, ref="c", id=TransactionId("c"), evse=EvseNumber(2))
    elsewhere = replace(PLAIN, station=NEXT_DOOR, id=TransactionId("d"))
    await save(desk, later, PLAIN, ended, other_evse, elsewhere)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.transactions.running_at(KEY, EVSE) == [PLAIN, later]
        assert len(await stores.transactions.running_at(KEY)) == 3
        assert await stores.transactions.running_at(NEXT_DOOR) == [elsewhere]


async def test_one_that_ends_no_longer_runs_even_within_its_unit(desk: Desk) -> None:
    async with desk.unit() as stores:
        assert await stores.transactions.running_at(KEY) == []
        stores.transactions.save(PLAIN)
        assert await stores.transactions.running_at(KEY) == [PLAIN]
        stores.transactions.save(replace(PLAIN, ended_at=NOON))
        assert await stores.transactions.running_at(KEY) == []

    async with desk.unit() as stores:
        assert await stores.transactions.running_at(KEY) == []


async def test_a_tokens_running_transactions_are_counted_in_any_case(desk: Desk) -> None:
    await save(
        desk,
        replace(PLAIN, token="AbCd"),
        replace(PLAIN, station=NEXT_DOOR, id=TransactionId("b"), token="ABCD"),
        replace(PLAIN, ref="c", id=TransactionId("c"), token="abcd", ended_at=NOON),
        replace(PLAIN, ref="d", id=TransactionId("d"), token="other"),
    )

    async with desk.unit() as stores:
        assert await stores.transactions.running_count(DEFAULT_TENANT, "abcd") == 2
        assert await stores.transactions.running_count(TenantId("other"), "abcd") == 0
        running = await stores.transactions.running_with(DEFAULT_TENANT, "abcd")
        assert {(each.id, each.token) for each in running} == {(PLAIN.id, "AbCd"), ("b", "ABCD")}


async def test_what_this_batch_ends_or_begins_is_counted_too(desk: Desk) -> None:
    running = replace(PLAIN, token="AbCd")
    await save(desk, running)

    async with desk.unit() as stores:
        assert await stores.transactions.get(KEY, "17") == running
        stores.transactions.save(replace(running, ended_at=NOON))
        assert await stores.transactions.running_count(DEFAULT_TENANT, "abcd") == 0
        for ref in ("b", "c"):
            stores.transactions.save(replace(running, ref=ref, id=TransactionId(ref)))
        assert await stores.transactions.running_count(DEFAULT_TENANT, "abcd") == 2


async def test_a_transaction_is_found_by_the_moment_of_its_end(desk: Desk) -> None:
    await save(desk, FULL, replace(FULL, station=NEXT_DOOR, id=TransactionId("b")))

    async with desk.unit() as stores:
        assert await stores.transactions.ended_at(KEY, NOON + 5 * MINUTE) == [FULL]
        assert await stores.transactions.ended_at(KEY, NOON) == []


async def test_what_was_told_on_the_way_is_known_by_its_moment_and_number(desk: Desk) -> None:
    async with desk.unit() as stores:
        entry = Entry(KEY, "17", EntryKind.PROGRESSED, NOON, NOON, seq_no=3)
        stores.transactions.add_entry(entry)
        stores.transactions.add_entry(replace(entry, kind=EntryKind.STARTED, seq_no=4))

    async with desk.unit() as stores:
        has = stores.transactions.has_progressed
        assert await has(PLAIN, NOON, 3)
        assert not await has(PLAIN, NOON, 4)
        assert not await has(PLAIN, NOON + MINUTE, 3)
        assert not await has(replace(PLAIN, ref="18"), NOON, 3)


async def test_only_total_registers_at_the_outlet_count(desk: Desk) -> None:
    await add_readings(
        desk,
        [
            register(0, "1000"),
            register(1, "1100.5"),
            register(1, "400", phase="L1"),
            register(1, "1200", location="Inlet"),
            Reading(Measurand.POWER_ACTIVE_IMPORT, Decimal(11000), NOON),
        ],
    )
    await add_readings(desk, [register(2, "9999")], ref=None)
    await add_readings(desk, [register(2, "9999")], ref="18")
    await add_readings(desk, [register(2, "9999")], station=NEXT_DOOR)

    async with desk.unit() as stores:
        points = await stores.transactions.registers(PLAIN)

    assert sorted(points) == [
        RegisterPoint(NOON, Decimal(1000)),
        RegisterPoint(NOON + MINUTE, Decimal("1100.5")),
    ]


async def test_a_reading_told_twice_is_stored_once(desk: Desk) -> None:
    await add_readings(desk, [register(0, "1000")])
    await add_readings(desk, [register(0, "1000")])

    async with desk.unit() as stores:
        points = await stores.transactions.registers(PLAIN)

    assert points == [RegisterPoint(NOON, Decimal(1000))]


async def test_another_value_of_the_same_moment_is_another_reading_whichever_came_first(
    desk: Desk,
) -> None:
    await add_readings(desk, [register(0, "1000"), register(0, "1001")])
    await add_readings(desk, [register(0, "1002")])

    async with desk.unit() as stores:
        points = await stores.transactions.registers(PLAIN)

    assert sorted(points) == [RegisterPoint(NOON, Decimal(wh)) for wh in (1000, 1001, 1002)]


async def test_the_same_moment_in_another_context_is_another_reading(desk: Desk) -> None:
    await add_readings(
        desk, [register(0, "1000"), replace(register(0, "1001"), context=Context.END)]
    )

    async with desk.unit() as stores:
        points = await stores.transactions.registers(PLAIN)

    assert sorted(points) == [
        RegisterPoint(NOON, Decimal(1000)),
        RegisterPoint(NOON, Decimal(1001)),
    ]


@pytest.mark.parametrize("absurd", ["1e300", "-1e300", "Infinity", "NaN"])
async def test_an_absurd_value_does_not_keep_the_others_from_being_stored(
    desk: Desk, absurd: str
) -> None:
    await save(desk, replace(PLAIN, power_w=Decimal(absurd), cost_incl=Decimal(absurd)))

    await add_readings(desk, [register(0, absurd), register(1, "1000")])

    async with desk.unit() as stores:
        points = await stores.transactions.registers(PLAIN)
    assert RegisterPoint(NOON + MINUTE, Decimal(1000)) in points


async def test_the_states_of_a_timeline_come_back(desk: Desk) -> None:
    entry = Entry(KEY, "17", EntryKind.PROGRESSED, NOON, NOON, detail="why", trigger="Trigger")
    async with desk.unit() as stores:
        for each in (
            replace(entry, seq_no=1, charging_state=ChargingState.CHARGING),
            replace(entry, seq_no=1, charging_state=ChargingState.CHARGING, offline=True),
            replace(entry, charging_state=ChargingState.IDLE),
            entry,
            replace(entry, ref="18", charging_state=ChargingState.IDLE),
        ):
            stores.transactions.add_entry(each)

    async with desk.unit() as stores:
        states = await stores.transactions.states(PLAIN)

    assert sorted(states) == [
        StatePoint(NOON, -1, ChargingState.IDLE),
        StatePoint(NOON, 1, ChargingState.CHARGING),
    ]


async def test_those_with_terms_are_found_a_part_after_the_other(desk: Desk) -> None:
    with_terms = replace(PLAIN, terms=Terms(wanted=Limits(time=MINUTE)))
    kept = [
        replace(with_terms, station=station, ref=ref, id=TransactionId(f"{station.station}/{ref}"))
        for station in (KEY, NEXT_DOOR)
        for ref in ("1", "2")
    ]
    async with desk.unit() as stores:
        for transaction in (*kept, replace(PLAIN, ref="3", id=TransactionId("x"))):
            await stores.transactions.get(transaction.station, transaction.ref)
            stores.transactions.save(transaction)

    async with desk.unit() as stores:
        some = await stores.transactions.bounded(("", "", ""), 3)
        last = some[-1]
        place = (last.station.tenant, last.station.station, last.ref)
        others = await stores.transactions.bounded(place, 3)

    assert [each.id for each in (*some, *others)] == [each.id for each in kept]
