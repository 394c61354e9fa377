"""Facts come late, twice, in the wrong order, or not at all."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.tariffs.model import Prices
from ricarica.tariffs.service import TariffChanges
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, key_of
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.service import LATE

TEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)


def at(minute: int) -> str:
    return (TEN + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def event(kind: str, minute: int, seq_no: int, wh: int, state: str | None = None) -> dict[str, Any]:
    info = {"transactionId": "TX-1"} | ({"chargingState": state} if state else {})
    told: dict[str, Any] = {
        "eventType": kind,
        "timestamp": at(minute),
        "triggerReason": "MeterValuePeriodic",
        "seqNo": seq_no,
        "transactionInfo": info,
        "meterValue": [{"timestamp": at(minute), "sampledValue": [{"value": wh}]}],
    }
    if kind == "Started":
        told["evse"] = {"id": 1, "connectorId": 1}
        told["idToken"] = {"idToken": "04A1B2C3", "type": "ISO14443"}
    return told


SESSION = (
    event("Started", 0, 0, 1_000, "Charging"),
    event("Updated", 10, 1, 2_500),
    event("Updated", 20, 2, 4_000, "SuspendedEV"),
    event("Ended", 30, 3, 4_200),
)


async def teller(network: World, dialect: Dialect) -> Teller:
    station = await network.station("GENOVA-1", dialect)
    return network.teller(station)


async def the_one(network: World, station: SimulatedStation) -> Transaction:
    [transaction] = await network.transactions(station)
    return transaction


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
async def test_any_order_of_its_events_gives_the_same_transaction(
    network: World, order: tuple[int, ...]
) -> None:
    told = await teller(network, V201)

    for number in order:
        await told.call("TransactionEvent", SESSION[number])

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 3_200
    assert transaction.parking.until(TEN + timedelta(minutes=30)) == timedelta(minutes=10)
    assert (transaction.started_at, transaction.ended_at) == (TEN, TEN + timedelta(minutes=30))
    assert transaction.is_complete
    assert transaction.flags == frozenset()


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_repeated_event_changes_nothing(network: World, dialect: Dialect) -> None:
    told = await teller(network, dialect)

    for each in (*SESSION, *SESSION, SESSION[1], SESSION[3]):
        await told.call("TransactionEvent", each)

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 3_200
    assert transaction.seen == ((0, 3),)


async def test_an_event_that_never_came_is_a_flag_and_no_error(network: World) -> None:
    told = await teller(network, V201)

    for each in (SESSION[0], SESSION[1], SESSION[3]):
        await told.call("TransactionEvent", each)

    transaction = await the_one(network, told.station)
    assert transaction.flags == {Flag.GAP}
    assert not transaction.is_complete
    assert transaction.energy.energy_wh == 3_200


START = {
    "connectorId": 1,
    "idTag": "04A1B2C3",
    "meterStart": 1_000,
    "timestamp": at(0),
}


async def test_quirk_50_a_repeated_start_gets_the_number_of_the_first(network: World) -> None:
    told = await teller(network, V16)

    first = await told.call("StartTransaction", START)
    again = await told.call("StartTransaction", START)

    assert first["transactionId"] == again["transactionId"] > 0
    assert len(await network.transactions(told.station)) == 1


async def test_a_start_repeated_after_the_server_was_killed_gets_the_same_number(
    network: World,
) -> None:
    told = await teller(network, V16)
    first = await told.call("StartTransaction", START)

    await network.restart_engine()
    await network.connect(told.station)
    again = await network.teller(told.station).call("StartTransaction", START)

    assert first["transactionId"] == again["transactionId"]


async def test_a_stop_with_a_lost_number_ends_the_only_running_transaction(
    network: World,
) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)

    await told.call(
        "StopTransaction", {"transactionId": -1, "meterStop": 3_500, "timestamp": at(30)}
    )

    transaction = await the_one(network, told.station)
    assert not transaction.is_running
    assert transaction.energy.energy_wh == 2_500


async def test_quirk_48_and_49_a_stop_nobody_heard_the_start_of_is_kept_and_answered(
    network: World,
) -> None:
    told = await teller(network, V16)

    answer = await told.call(
        "StopTransaction", {"transactionId": 77, "meterStop": 3_500, "timestamp": at(30)}
    )

    transaction = await the_one(network, told.station)
    assert answer == {}
    assert transaction.flags == {Flag.ORPHAN}
    assert transaction.energy.energy_wh == 0
    assert transaction.register_stop_wh == 3_500


async def test_quirk_51_a_second_stop_with_other_values_is_flagged_and_the_first_holds(
    network: World,
) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START))["transactionId"]
    stop = {"transactionId": ref, "meterStop": 3_000, "timestamp": at(30)}

    await told.call("StopTransaction", stop)
    await told.call("StopTransaction", stop | {"meterStop": 9_000})

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 2_000
    assert transaction.flags == {Flag.CONTRADICTED}


async def test_quirk_52_a_register_that_counts_backwards_bills_nothing_and_is_flagged(
    network: World,
) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START))["transactionId"]

    await told.call(
        "StopTransaction", {"transactionId": ref, "meterStop": 400, "timestamp": at(30)}
    )

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 0
    assert transaction.flags == {Flag.REGISTER_BACKWARDS}


async def test_quirk_54_a_register_that_showed_nothing_once_is_not_billed_as_a_whole(
    network: World,
) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START | {"meterStart": 900_000}))["transactionId"]

    for minute, register in ((5, 900_500), (10, 0), (15, 901_000)):
        value = {"timestamp": at(minute), "sampledValue": [{"value": str(register)}]}
        readings = {"connectorId": 1, "transactionId": ref, "meterValue": [value]}
        await told.call("MeterValues", readings)

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 1_000
    assert transaction.flags == {Flag.REGISTER_BACKWARDS}


@pytest.mark.parametrize(
    "minute,cost", [(-1, "0.50"), (0, "0.50"), (29, "0.50"), (30, "0.80"), (59, "0.80")]
)
async def test_what_is_told_late_costs_what_it_cost_when_it_began(
    network: World, minute: int, cost: str
) -> None:
    """Before there was a price, it cost what it cost at first."""
    tariff = await network.add_tariff(Prices("EUR", Decimal("0.50")), since=TEN)
    dearer = TariffChanges(prices=Prices("EUR", Decimal("0.80")))
    await network.carry_out(
        lambda slices: slices.tariffs.change(
            DEFAULT_TENANT, tariff.id, dearer, TEN + timedelta(minutes=30)
        )
    )
    told = await teller(network, V16)

    # It is eight o'clock, and the station has been away.
    started = await told.call("StartTransaction", START | {"timestamp": at(minute)})
    stop = {"transactionId": started["transactionId"], "meterStop": 2_000, "timestamp": at(60)}
    await told.call("StopTransaction", stop)

    transaction = await the_one(network, told.station)
    assert transaction.cost_incl == Decimal(cost)


async def test_what_is_told_at_once_costs_what_it_costs_now_though_a_clock_is_slow(
    network: World,
) -> None:
    await network.add_tariff(Prices("EUR", Decimal("0.50")))
    told = await teller(network, V16)
    now = TEN + timedelta(minutes=60)

    slow = {"timestamp": (now - LATE).isoformat()}
    started = await told.call("StartTransaction", START | slow)
    stop = {"transactionId": started["transactionId"], "meterStop": 2_000} | slow
    await told.call("StopTransaction", stop)

    assert (await the_one(network, told.station)).cost_incl == Decimal("0.50")


@pytest.mark.parametrize("kwh,is_absurd", [(280, False), (290, True)])
async def test_energy_that_cannot_have_flown_is_kept_and_not_billed(
    network: World, kwh: int, is_absurd: bool
) -> None:
    await network.add_tariff(Prices("EUR", per_kwh=Decimal("0.50")), since=TEN)
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START))["transactionId"]

    stop = {"transactionId": ref, "meterStop": 1_000 + kwh * 1_000, "timestamp": at(30)}
    await told.call("StopTransaction", stop)

    # Half an hour and a minute at 500 kW are 258 kWh; a tenth is for meters and clocks.
    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == kwh * 1_000
    assert (Flag.IMPLAUSIBLE_ENERGY in transaction.flags) is is_absurd
    assert transaction.cost_incl == (None if is_absurd else 140)


async def test_one_station_cannot_stop_what_another_charges(network: World) -> None:
    mine = await teller(network, V16)
    ref = (await mine.call("StartTransaction", START))["transactionId"]
    thief = network.teller(await network.station("GENOVA-2", V16))

    await thief.call(
        "StopTransaction", {"transactionId": ref, "meterStop": 9_000, "timestamp": at(5)}
    )

    assert (await the_one(network, mine.station)).is_running


async def test_a_new_start_ends_what_was_left_running_at_its_evse(network: World) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)

    await told.call("StartTransaction", START | {"meterStart": 5_000, "timestamp": at(60)})

    left, new = await network.transactions(told.station)
    assert left.flags == {Flag.SUPERSEDED}
    assert left.end_reason == "Superseded"
    assert new.is_running


async def test_the_true_end_of_what_was_taken_for_ended_prevails(network: World) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START))["transactionId"]
    await told.call("StartTransaction", START | {"meterStart": 5_000, "timestamp": at(60)})

    await told.call(
        "StopTransaction", {"transactionId": ref, "meterStop": 4_800, "timestamp": at(55)}
    )

    left, _ = await network.transactions(told.station)
    assert left.flags == frozenset()
    assert left.energy.energy_wh == 3_800
    assert left.ended_at == TEN + timedelta(minutes=55)


@pytest.mark.parametrize("year", ["1970", "2200"])
async def test_an_absurd_time_is_replaced_by_ours_and_flagged(network: World, year: str) -> None:
    told = await teller(network, V16)

    await told.call("StartTransaction", START | {"timestamp": f"{year}-01-01T00:00:05Z"})

    transaction = await the_one(network, told.station)
    assert transaction.started_at == network.clock.now()
    assert transaction.flags == {Flag.IMPLAUSIBLE_TIME}


async def test_readings_without_a_number_belong_to_what_runs_at_their_connector(
    network: World,
) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)

    await told.call(
        "MeterValues",
        {
            "connectorId": 1,
            "meterValue": [
                {"timestamp": at(5), "sampledValue": [{"value": "1.75", "unit": "kWh"}]}
            ],
        },
    )

    assert (await the_one(network, told.station)).energy.energy_wh == Decimal(750)


async def test_nothing_is_said_before_the_first_boot_in_2x(network: World) -> None:
    station = network.build("GENOVA-3", V201)
    told = network.teller(station)
    await network.connect_only(station)

    refused = await told.call_raw("TransactionEvent", SESSION[0])

    assert refused[:3] == [4, refused[1], "SecurityError"]
    assert await network.transactions(station) == []


async def test_quirk_56_the_first_token_stays_when_another_one_stops_it(network: World) -> None:
    told = await teller(network, V201)
    await told.call("TransactionEvent", SESSION[0])
    ended = SESSION[3] | {"idToken": {"idToken": "OTHER-ONE", "type": "ISO14443"}}

    await told.call("TransactionEvent", ended)

    transaction = await the_one(network, told.station)
    assert transaction.token == "04A1B2C3"
    assert json.loads(network.frames[key_of(told.station).station].to_station[-1])[0] == 3
