"""What real stations do, by their number in docs/reference/quirks.md."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.app.retention import look_after
from ricarica.authorization.model import TokenRef
from ricarica.energy.model import Period, Profile, Purpose, Schedule, Unit
from ricarica.engine.orders import start_order
from ricarica.engine.sql import MESSAGES, OUTBOX
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.stations.habits import Habits
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.service import Preparation
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging
from ricarica.transactions.events import RemoteStartUnfulfilled
from ricarica.transactions.model import Transaction
from ricarica.transactions.watching import Checked

TEN = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
FIRST = EvseNumber(1)


def at(minute: int, ahead: timedelta = timedelta()) -> str:
    return (TEN + ahead + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


START = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 1_000, "timestamp": at(0)}


async def teller(network: World, dialect: Dialect, **habits: Any) -> Teller:
    station = await network.station("SIENA-1", dialect)
    if habits:
        await has_habits(network, station, **habits)
    return network.teller(station)


async def has_habits(network: World, station: SimulatedStation, **habits: Any) -> None:
    said = Preparation(habits=Habits(**habits))
    await network.carry_out(
        lambda slices: slices.stations.prepare(key_of(station), said, slices.now)
    )


async def the_one(network: World, station: SimulatedStation) -> Transaction:
    [transaction] = await network.transactions(station)
    return transaction


async def flags(network: World) -> set[str]:
    found: set[str] = set()
    for (text,) in await network.database.fetch(sa.select(MESSAGES.c.flags)):
        found.update(filter(None, text.split(",")))
    return found


async def ask_after(network: World) -> None:
    """What is done every minute."""

    async def work(unit: UnitOfWork) -> None:
        await look_after(unit, "")

    await network._soon(network.engine.post(network.actor.tenant, work))
    await network.settle()


def sent(network: World, station: SimulatedStation, action: str) -> list[str]:
    frames = network.frames[key_of(station).station].to_station
    return [text for text in frames if f'"{action}"' in text]


# -- times and versions


async def test_quirk_4_local_time_told_as_utc_is_put_right(network: World) -> None:
    told = await teller(network, V16, clock_ahead_minutes=120)
    ahead = timedelta(hours=2)

    start = await told.call("StartTransaction", START | {"timestamp": at(0, ahead)})
    value = {"timestamp": at(10, ahead), "sampledValue": [{"value": "2000"}]}
    readings = {"connectorId": 1, "transactionId": start["transactionId"], "meterValue": [value]}
    await told.call("MeterValues", readings)

    transaction = await the_one(network, told.station)
    assert transaction.started_at == TEN
    assert transaction.energy.last is not None
    assert transaction.energy.last.at == TEN + timedelta(minutes=10)
    assert await flags(network) == {"mended:clock_ahead"}


async def test_quirk_4_in_2_x_too(network: World) -> None:
    told = await teller(network, V201, clock_ahead_minutes=-90)

    await told.call("TransactionEvent", event("Started", at(0, timedelta(minutes=-90)), 0))

    assert (await the_one(network, told.station)).started_at == TEN


def event(kind: str, when: str, seq_no: int, **more: Any) -> dict[str, Any]:
    return {
        "eventType": kind,
        "timestamp": when,
        "triggerReason": "Authorized",
        "seqNo": seq_no,
        "transactionInfo": {"transactionId": "TX-1"},
        "evse": {"id": 1},
        **more,
    }


async def knocked(network: World, *subprotocols: str) -> tuple[Verdict, str | None]:
    knock = network.knock("SIENA-1", *subprotocols)
    admission = await network._soon(network.engine.admit(knock))
    return admission.verdict, admission.subprotocol


async def test_quirk_9_a_station_that_offers_nothing_speaks_what_its_operator_said(
    network: World,
) -> None:
    station = await network.station("SIENA-1", V16)
    before = await knocked(network)

    await has_habits(network, station, speaks="ocpp1.6")

    assert before == (Verdict.NO_COMMON_DIALECT, None)
    assert await knocked(network) == (Verdict.WELCOME, "ocpp1.6")


async def test_quirk_9_a_stranger_that_offers_nothing_is_not_even_written_down(
    network: World,
) -> None:
    assert await knocked(network) == (Verdict.NO_COMMON_DIALECT, None)
    work = Work(network.database, Remembered(network.clock.monotonic))
    assert await SqlStationStore(work).canonical(network.actor.tenant, "SIENA-1") is None


async def test_quirk_16_a_station_that_flips_between_versions_is_held_to_one(
    network: World,
) -> None:
    station = await network.station("SIENA-1", V16)
    await has_habits(network, station, speaks="ocpp1.6")

    assert await knocked(network, "ocpp2.0.1", "ocpp1.6") == (Verdict.WELCOME, "ocpp1.6")
    assert await knocked(network, "ocpp2.0.1") == (Verdict.NO_COMMON_DIALECT, None)


async def test_quirk_16_a_boot_of_another_version_is_refused(network: World) -> None:
    told = await teller(network, V16)
    boot = {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}

    answer = await told.call_raw("BootNotification", boot)

    assert answer[::2] == [4, "ProtocolError", {}]


# -- before the boot


async def test_quirk_25_who_never_booted_is_heard_and_asked_to_boot(network: World) -> None:
    station = network.build("SIENA-1", V16)
    await network.connect_only(station)
    told = network.teller(station)
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}

    for _ in range(3):
        assert await told.call("StatusNotification", status) == {}
    await network.settle()

    [trigger] = sent(network, station, "TriggerMessage")
    assert '"BootNotification"' in trigger


async def test_quirk_28_and_66_only_connectors_nothing_was_heard_of_are_asked_about(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("SIENA-1", dialect)
    await network.cut(station)
    station.misbehaviour.is_silent = True  # it boots, and says no more by itself
    await network.connect(station)
    told = network.teller(station)
    await told.call("BootNotification", boot_in(dialect))
    await told.call("StatusNotification", status_in(dialect, 1))

    await network.pass_time(timedelta(seconds=90))
    await ask_after(network)

    asked = sent(network, station, "TriggerMessage")
    assert asked
    assert not any('"connectorId":0' in text or '"id":0' in text for text in asked)
    assert not any('"connectorId":1,' in text and dialect is V16 for text in asked)


def boot_in(dialect: Dialect) -> dict[str, Any]:
    if dialect is V16:
        return {"chargePointVendor": "V", "chargePointModel": "M"}
    return {"reason": "PowerUp", "chargingStation": {"model": "M", "vendorName": "V"}}


def status_in(dialect: Dialect, evse: int) -> dict[str, Any]:
    if dialect is V16:
        return {"connectorId": evse, "errorCode": "NoError", "status": "Available"}
    return {
        "timestamp": "2026-03-02T08:00:00Z",
        "connectorStatus": "Available",
        "evseId": evse,
        "connectorId": 1,
    }


# -- registers and tokens


async def test_quirk_43_a_required_member_that_is_there_twice_is_refused(network: World) -> None:
    told = await teller(network, V16)
    text = json.dumps(START).replace('"idTag"', '"idTag": "A", "idTag"')

    answer = await told.call_text("StartTransaction", text)

    assert answer[::2] == [4, "OccurenceConstraintViolation", {}]
    assert await network.transactions(told.station) == []


async def test_quirk_42_and_43_what_does_not_belong_there_is_flagged(network: World) -> None:
    told = await teller(network, V16)

    await told.call("Authorize", {"idTag": "04A1B2C3", "connectorId": 1})

    assert await flags(network) == {"mended:extra_member"}


async def test_quirk_55_kwh_that_call_themselves_wh_are_kwh(network: World) -> None:
    told = await teller(network, V16, register_in_kwh=True)
    ref = (await told.call("StartTransaction", START | {"meterStart": 7}))["transactionId"]
    value = {"timestamp": at(10), "sampledValue": [{"value": "8.5", "unit": "Wh"}]}

    readings = {"connectorId": 1, "transactionId": ref, "meterValue": [value]}
    await told.call("MeterValues", readings)
    await told.call("StopTransaction", {"transactionId": ref, "meterStop": 10, "timestamp": at(30)})

    transaction = await the_one(network, told.station)
    assert transaction.register_start_wh == 7_000
    assert transaction.energy.energy_wh == 3_000
    assert "mended:register_in_kwh" in await flags(network)


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_quirk_55_in_2_x_too(network: World, dialect: Dialect) -> None:
    told = await teller(network, dialect, register_in_kwh=True)

    for seq_no, (kind, register) in enumerate([("Started", 7.0), ("Ended", 9.5)]):
        value = {"timestamp": at(seq_no), "sampledValue": [{"value": register}]}
        await told.call("TransactionEvent", event(kind, at(seq_no), seq_no, meterValue=[value]))

    assert (await the_one(network, told.station)).energy.energy_wh == 2_500


async def test_quirk_71_who_charges_without_a_token_is_recorded_as_nobody(
    network: World,
) -> None:
    told = await teller(network, V16)
    start = {name: value for name, value in START.items() if name != "idTag"}

    answer = await told.call("StartTransaction", start)

    assert answer["transactionId"] > 0
    assert answer["idTagInfo"]["status"] == "Invalid"
    assert (await the_one(network, told.station)).is_running


async def test_quirk_71_a_station_that_is_known_to_charge_for_free_may(network: World) -> None:
    told = await teller(network, V16, free_charging=True)
    start = {name: value for name, value in START.items() if name != "idTag"}

    answer = await told.call("StartTransaction", start)

    assert answer["idTagInfo"]["status"] == "Accepted"


# -- starts from afar


async def test_quirk_57_a_start_that_is_accepted_and_never_comes_is_asked_after(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("SIENA-1", dialect)
    await network.add_token("04A1B2C3")

    result = await network.tell(station, StartCharging(TokenRef("04A1B2C3"), 77, FIRST))
    await network.pass_time(timedelta(minutes=2))
    await ask_after(network)
    before = await unfulfilled(network)
    await network.pass_time(timedelta(minutes=2))
    await ask_after(network)
    await ask_after(network)

    assert result.outcome is Outcome.ACCEPTED
    assert before == []
    [told] = await unfulfilled(network)
    assert (told["number"], told["evse"]) == (77, FIRST)
    assert len(sent(network, station, "TriggerMessage")) == 1


async def test_quirk_57_a_start_that_comes_is_not_asked_after(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("SIENA-1", dialect)
    await network.add_token("04A1B2C3")
    station.plug_in(1)
    await network.settle()

    await network.tell(station, StartCharging(TokenRef("04A1B2C3"), 77, FIRST))
    await network.pass_time(timedelta(minutes=5))
    await ask_after(network)

    assert len(await network.transactions(station)) == 1
    assert await unfulfilled(network) == []


async def unfulfilled(network: World) -> list[dict[str, Any]]:
    kind = OUTBOX.c.kind == RemoteStartUnfulfilled.__name__
    rows = await network.database.fetch(sa.select(OUTBOX.c.body).where(kind))
    return [json.loads(body) for (body,) in rows]


async def test_quirk_58_a_start_names_the_evse_where_a_cable_waits(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("SIENA-1", dialect)
    station.plug_in(2)
    await network.settle()

    order = await network.carry_out(
        lambda slices: start_order(slices, key_of(station), "04A1B2C3", None)
    )

    assert order.evse == 2


async def test_quirk_59_a_station_that_wants_hexadecimal_tokens_is_not_asked_in_vain(
    network: World,
) -> None:
    told = await teller(network, V16, hex_tokens=True)
    key = key_of(told.station)

    order = await network.carry_out(lambda slices: start_order(slices, key, "04A1B2C3", FIRST))
    with pytest.raises(ConflictError, match="hexadecimal"):
        await network.carry_out(lambda slices: start_order(slices, key, "MARIO", FIRST))

    assert order.token.uid == "04A1B2C3"


async def test_quirk_60_where_nothing_would_end_the_transaction_the_least_is_sent(
    network: World,
) -> None:
    told = await teller(network, V16, zero_ends=True)
    off = Period(start_s=0, limit=Decimal(0))
    nothing = Schedule(unit=Unit.A, periods=(off,), start_at=network.clock.now())
    profile = Profile(purpose=Purpose.TX_DEFAULT, schedules=(nothing,))

    prepared = await network.carry_out(
        lambda slices: slices.energy.prepare(key_of(told.station), FIRST, profile)
    )

    assert prepared.period.limit == 6  # A; no car charges with less


@pytest.mark.parametrize("queued", [True, False])
async def test_quirk_68_a_transaction_stays_open_while_the_station_has_more_to_tell(
    network: World, queued: bool
) -> None:
    told = await teller(network, V201)
    await told.call("TransactionEvent", event("Started", at(0), 0))
    checked = Checked(
        key_of(told.station), "TX-1", ongoing=False, queued=queued, at=network.clock.now()
    )

    await network.carry_out(lambda slices: slices.watching.checked(checked))

    assert (await the_one(network, told.station)).is_running is queued


async def test_quirk_61_a_connector_that_finishes_may_start_again(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("SIENA-1", dialect)
    await network.add_token("04A1B2C3")
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.settle()
    station.present("04A1B2C3", 1)  # it ends, and the cable stays
    await network.pass_time(timedelta(minutes=1))
    was = station.state(1)

    result = await network.tell(station, StartCharging(TokenRef("04A1B2C3"), 9, FIRST))
    await network.pass_time(timedelta(minutes=1))

    assert was is State.FINISHING
    assert result.outcome is Outcome.ACCEPTED
    assert [each.is_running for each in await network.transactions(station)] == [False, True]


async def test_quirk_65_connector_0_is_the_station_as_a_whole(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)
    status = status_in(dialect, 0) | ({} if dialect is V16 else {"connectorId": 0})

    await told.call("StatusNotification", status)

    work = Work(network.database, Remembered(network.clock.monotonic))
    whole = await SqlStationStore(work).connector(
        key_of(told.station), EvseNumber(0), ConnectorNumber(0)
    )
    assert whole is not None
    assert whole.status is ConnectorStatus.AVAILABLE


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_quirk_69_events_without_a_connector_are_placed_and_old_ones_stay_old(
    network: World, dialect: Dialect
) -> None:
    told = await teller(network, dialect)

    await told.call("TransactionEvent", event("Started", at(0), 0, offline=True))
    value = {"timestamp": at(20), "sampledValue": [{"value": 900}]}
    late = {"timestamp": at(10), "sampledValue": [{"value": 500}]}
    await told.call("TransactionEvent", event("Updated", at(20), 2, meterValue=[value]))
    await told.call(
        "TransactionEvent", event("Updated", at(10), 1, meterValue=[late], offline=True)
    )

    transaction = await the_one(network, told.station)
    assert transaction.evse == 1
    assert transaction.energy.last is not None
    assert transaction.energy.last.register_wh == 900
