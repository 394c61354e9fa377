"""What stations get wrong is mended, or kept as it came; what they tell is never lost."""

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings

from ricarica.engine.sql import MESSAGES, PUT_ASIDE
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.service import Preparation
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, key_of, world
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.sql import SAMPLES
from tests.unit.quirks.mutations import AT, MESSAGES_2, MESSAGES_16, mutated

HABITS = ("null_optionals", "numbers_as_strings", "no_time_zone")
START = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1_000, "timestamp": AT}


async def teller(network: World, dialect: Dialect) -> Teller:
    return network.teller(await network.station("PISA-1", dialect))


async def flags(network: World) -> dict[str, set[str]]:
    """What was flagged, by action."""
    found: dict[str, set[str]] = {}
    query = sa.select(MESSAGES.c.action, MESSAGES.c.flags)
    for action, text in await network.database.fetch(query):
        found.setdefault(action, set()).update(filter(None, text.split(",")))
    return found


async def put_aside(network: World) -> list[tuple[str, Any]]:
    """Actions, and the payloads as they came."""
    query = sa.select(PUT_ASIDE.c.action, PUT_ASIDE.c.payload)
    return [(action, json.loads(text)) for action, text in await network.database.fetch(query)]


async def the_one(network: World, station: SimulatedStation) -> Transaction:
    [transaction] = await network.transactions(station)
    return transaction


async def be_pedantic(network: World, station: SimulatedStation) -> None:
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station), Preparation(pedantic=True), network.clock.now()
        )
    )


# -- whole sessions


async def charged_session(network: World, dialect: Dialect, *habits: str) -> SimulatedStation:
    await network.add_token("04A1B2C3")
    station = network.build("PISA-1", dialect)
    for habit in habits:
        setattr(station.misbehaviour, habit, True)
    await network.connect(station)
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.settle()
    await network.pass_time(timedelta(minutes=30))
    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.pass_time(timedelta(minutes=1))
    return station


@pytest.mark.parametrize("habits", [*[(habit,) for habit in HABITS], HABITS], ids=" ".join)
async def test_with_all_its_bad_habits_a_station_charges_and_nothing_is_lost(
    network: World, dialect: Dialect, habits: tuple[str, ...]
) -> None:
    station = await charged_session(network, dialect, *habits)

    transaction = await the_one(network, station)
    assert not transaction.is_running
    assert transaction.is_complete
    assert transaction.token == "04A1B2C3"
    assert 4_000 < transaction.energy.energy_wh < 5_600
    assert transaction.energy.last is not None
    assert transaction.energy.last.register_wh == station.register_wh(1)
    assert station.queued == 0
    assert await put_aside(network) == []
    assert refusals(network) == []


def refusals(network: World) -> list[str]:
    frames = network.frames.values()
    return [text for each in frames for text in each.to_station if text.startswith("[4,")]


async def test_what_was_mended_is_flagged_where_the_message_is_logged(network: World) -> None:
    await charged_session(network, V201, "numbers_as_strings", "no_time_zone")

    flagged = await flags(network)
    both = {"mended:text_for_number", "mended:time_without_zone"}
    assert flagged["TransactionEvent"] == both
    assert flagged["StatusNotification"] == both
    assert flagged["BootNotification"] == set()


async def test_a_station_without_bad_habits_is_never_mended(
    network: World, dialect: Dialect
) -> None:
    await charged_session(network, dialect)

    assert all(each == set() for each in (await flags(network)).values())


async def test_a_pedantic_station_is_told_what_is_wrong(network: World, dialect: Dialect) -> None:
    station = await network.station("PISA-1", dialect)
    await be_pedantic(network, station)
    told = network.teller(station)
    action = "StartTransaction" if dialect is V16 else "TransactionEvent"
    right = START if dialect is V16 else MESSAGES_2["TransactionEvent"]

    wrong_time = await told.call_raw(action, right | {"timestamp": AT[:-1]})
    wrong_type = await told.call_raw(action, right | {"timestamp": 5})
    empty = await told.call_raw("MeterValues", {})
    fine = await told.call_raw(action, right)

    assert wrong_time[::2] == [4, "PropertyConstraintViolation", {}]
    assert wrong_type[::2] == [4, "TypeConstraintViolation", {}]
    assert empty[0] == 4
    assert fine[0] == 3
    assert await put_aside(network) == []


# -- habits, by their number in the list of what is known of real stations


async def test_quirk_5_a_clock_that_was_never_set_is_replaced_by_ours(network: World) -> None:
    told = await teller(network, V16)

    await told.call("StartTransaction", START | {"timestamp": "1970-01-01T00:00:05"})

    transaction = await the_one(network, told.station)
    assert transaction.started_at == network.clock.now()
    assert transaction.flags == {Flag.IMPLAUSIBLE_TIME}


async def test_quirk_30_a_stop_by_a_token_too_long_ends_the_transaction(network: World) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START | {"idTag": "T" * 21}))["transactionId"]

    await told.call(
        "StopTransaction",
        {"transactionId": ref, "idTag": "T" * 21, "meterStop": 3_000, "timestamp": AT},
    )

    transaction = await the_one(network, told.station)
    assert (transaction.token, transaction.is_running) == ("T" * 21, False)


async def test_quirk_34_a_start_with_a_nul_in_its_token_is_a_start(network: World) -> None:
    told = await teller(network, V16)
    start = json.dumps(START).replace("04A1B2C3", "04A1B2C3\0")

    answer = await told.call_text("StartTransaction", start)

    assert answer[0] == 3
    assert (await the_one(network, told.station)).token == "04A1B2C3"
    assert (await flags(network))["StartTransaction"] == {"mended:control_characters"}


async def test_quirk_34_a_pedantic_station_is_told_that_this_is_no_json(network: World) -> None:
    told = await teller(network, V16)
    await be_pedantic(network, told.station)

    answer = await told.call_text("StartTransaction", json.dumps(START).replace("04", "04\0"))

    assert answer[2] == "FormationViolation"


async def test_quirk_32_a_station_with_a_long_name_boots(network: World) -> None:
    told = await teller(network, V16)
    said = {"chargePointVendor": "Grizzl-E Smart Connect", "chargePointModel": "M" * 30}

    answer = await told.call("BootNotification", said)

    station = await network.carry_out(lambda slices: slices.stations.get(key_of(told.station)))
    assert answer["status"] == "Accepted"
    assert station.vendor == "Grizzl-E Smart Connect"


async def test_quirk_36_null_for_what_may_be_left_out_is_nothing(network: World) -> None:
    told = await teller(network, V16)

    await told.call(
        "StatusNotification",
        {"connectorId": 1, "errorCode": "NoError", "status": "Available", "info": None},
    )

    assert (await flags(network))["StatusNotification"] == set()


async def test_quirk_39_an_object_where_a_list_belongs_is_its_only_item(network: World) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)

    await told.call(
        "MeterValues",
        {
            "connectorId": 1,
            "meterValue": {"timestamp": AT, "sampledValue": {"value": "1.75", "unit": "kWh"}},
        },
    )

    assert (await the_one(network, told.station)).energy.energy_wh == Decimal(750)


async def test_quirk_40_an_unknown_measurand_never_counts_as_energy(network: World) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)
    sampled = [
        {"value": "9999999", "measurand": "Energy.Cosmic"},
        {"value": "1600", "measurand": "energy.active.import.register"},
    ]

    await told.call(
        "MeterValues",
        {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": sampled}]},
    )

    transaction = await the_one(network, told.station)
    assert transaction.energy.energy_wh == 600
    assert (await flags(network))["MeterValues"] == {"mended:reading_dropped", "mended:spelling"}


async def test_quirk_41_an_unknown_error_is_still_an_error(network: World) -> None:
    told = await teller(network, V16)

    await told.call(
        "StatusNotification", {"connectorId": 1, "errorCode": "Error", "status": "Faulted"}
    )

    assert (await flags(network))["StatusNotification"] == {"mended:unknown_word"}


async def test_quirk_42_members_that_nobody_knows_are_ignored(network: World) -> None:
    await network.add_token("04A1B2C3")
    told = await teller(network, V16)

    answer = await told.call("Authorize", {"idTag": "04A1B2C3", "connectorId": 1})

    assert answer["idTagInfo"]["status"] == "Accepted"


async def test_quirk_43_extras_in_a_start_do_not_keep_it_from_starting(network: World) -> None:
    told = await teller(network, V16)

    answer = await told.call("StartTransaction", START | {"meterSerial": [1, {"a": None}]})

    assert answer["transactionId"] > 0


@pytest.mark.parametrize("number", [0, None, "0"])
async def test_quirk_44_and_45_readings_without_a_number_find_their_transaction(
    network: World, number: object
) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)
    values = [{"timestamp": AT, "sampledValue": [{"value": "1500"}]}]

    await told.call(
        "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": values}
    )

    assert (await the_one(network, told.station)).energy.energy_wh == 500


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, 10**30])
async def test_quirk_46_a_number_beyond_all_bounds_is_a_name_like_any_other(
    network: World, number: int
) -> None:
    told = await teller(network, V16)

    await told.call(
        "StopTransaction", {"transactionId": number, "meterStop": 3_500, "timestamp": AT}
    )

    transaction = await the_one(network, told.station)
    assert transaction.ref == str(number)
    assert transaction.flags == {Flag.ORPHAN}


@pytest.mark.parametrize("lost", [{"transactionId": -1}, {"transactionId": "?"}, {}], ids=str)
async def test_quirk_47_a_stop_without_its_number_ends_what_runs(
    network: World, lost: Mapping[str, object]
) -> None:
    told = await teller(network, V16)
    await told.call("StartTransaction", START)

    await told.call("StopTransaction", {"meterStop": 3_500, "timestamp": AT, **lost})

    transaction = await the_one(network, told.station)
    assert not transaction.is_running
    assert transaction.energy.energy_wh == 2_500


async def test_quirk_70_a_cars_address_is_a_token_in_any_case(network: World) -> None:
    await network.add_token("VID:00A0B0C0D0E0")
    told = await teller(network, V16)

    answer = await told.call("Authorize", {"idTag": "vid:00a0b0c0d0e0"})

    assert answer["idTagInfo"]["status"] == "Accepted"


# -- what cannot be mended


async def test_a_stop_without_its_register_is_answered_and_kept_as_it_came(
    network: World,
) -> None:
    told = await teller(network, V16)
    ref = (await told.call("StartTransaction", START))["transactionId"]
    said = {"transactionId": ref, "timestamp": AT, "meterStop": "much"}

    answer = await told.call("StopTransaction", said)

    assert answer == {}
    assert await put_aside(network) == [("StopTransaction", said)]
    assert (await flags(network))["StopTransaction"] == {"unreadable"}
    assert (await the_one(network, told.station)).is_running


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_an_event_of_an_unknown_type_is_answered_and_kept_as_it_came(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)
    said = MESSAGES_2["TransactionEvent"] | {"eventType": "Paused"}

    assert await told.call("TransactionEvent", said) == {}

    assert await put_aside(network) == [("TransactionEvent", said)]
    assert await network.transactions(told.station) == []


async def test_a_start_that_nobody_can_read_is_refused_for_it_needs_a_number(
    network: World,
) -> None:
    told = await teller(network, V16)

    answer = await told.call_raw("StartTransaction", START | {"meterStart": "much"})

    assert answer[::2] == [4, "TypeConstraintViolation", {}]
    assert await put_aside(network) == []


async def test_readings_that_are_none_are_refused_for_nothing_is_lost(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)
    where = "connectorId" if dialect is V16 else "evseId"

    answer = await told.call_raw("MeterValues", {where: 1, "meterValue": []})

    assert answer[0] == 4
    assert await put_aside(network) == []


async def test_a_question_that_is_wrong_is_refused_as_ever(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)

    answer = await told.call_raw("Authorize", {})

    missing = "ProtocolError" if dialect is V16 else "OccurrenceConstraintViolation"
    assert answer[::2] == [4, missing, {}]


async def test_a_number_that_no_machine_can_hold_stops_nobody(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)
    other = network.teller(await network.station("PISA-2", dialect))
    text = '{"vendorId":"V","data":1e99999999999999999999}'

    network._wires[key_of(told.station)].inject(f'[2,"absurd","DataTransfer",{text}]')
    await network.settle()

    [answer] = [
        frame
        for frame in map(json.loads, network.frames[key_of(told.station).station].to_station)
        if frame[1] == "absurd"
    ]
    assert answer == [3, "absurd", {"status": "UnknownVendorId"}]
    assert "currentTime" in await other.call("Heartbeat", {})


# -- any slip


async def tell_slip(dialect: Dialect, action: str, payload: dict[str, Any]) -> None:
    async with world() as network:
        told = await teller(network, dialect)
        answer = await told.call_raw(action, payload)

        assert network.engine.batches.counts.put_aside == 0, "a fault of ours"
        if answer[0] == 4:
            assert action == "StartTransaction" or payload.get("meterValue") == []
            return
        kept = await put_aside(network)
        flagged = (await flags(network))[action]
        readings = await network.database.fetch(sa.select(SAMPLES.c.readings))
        stored = await network.transactions(told.station) or readings
        assert kept == ([(action, payload)] if "unreadable" in flagged else [])
        assert stored or kept or "mended:reading_dropped" in flagged or is_empty(payload)


def is_empty(payload: dict[str, Any]) -> bool:
    """Whether there is nothing to store: readings of nothing, as 1.6 allows them."""
    values = payload.get("meterValue")
    return isinstance(values, list) and all(
        isinstance(value, dict) and not _has_a_number(value) for value in values
    )


def _has_a_number(value: dict[str, Any]) -> bool:
    sampled = value.get("sampledValue")
    texts = [each.get("value") for each in sampled or () if isinstance(each, dict)]
    return any(text in ("1000", "16.5") for text in texts)


@settings(max_examples=40, deadline=None)
@given(mutated(MESSAGES_16))
def test_no_slip_in_1_6_loses_a_fact(slip: tuple[str, dict[str, Any]]) -> None:
    asyncio.run(tell_slip(V16, *slip))


@settings(max_examples=40, deadline=None)
@given(mutated(MESSAGES_2))
def test_no_slip_in_2_x_loses_a_fact(slip: tuple[str, dict[str, Any]]) -> None:
    asyncio.run(tell_slip(V21, *slip))
