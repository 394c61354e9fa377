"""An operator tells stations what to do."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ricarica.authorization.commands import ClearCache
from ricarica.authorization.model import TokenRef
from ricarica.configuration.commands import ReadSettings, ReportSettings, WriteSetting
from ricarica.configuration.sql import SETTINGS, SHELF
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.link.letters import Outcome as Reached
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.reservations.model import ReservationState
from ricarica.reservations.queries import ReservationQueries
from ricarica.reservations.service import Wish
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import (
    ChangeAvailability,
    Outcome,
    Reset,
    Topic,
    TransferData,
    Trigger,
    Unlock,
)
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging, StopCharging

FIRST = EvseNumber(1)


async def settings(network: World, station: SimulatedStation) -> dict[str, str | None]:
    work = Work(network.database, Remembered(network.clock.monotonic))
    found = await work.find(SHELF, SETTINGS.c.station == station.identity)
    return {setting.name: setting.value for setting in found}


async def status_of(network: World, station: SimulatedStation) -> ConnectorStatus | None:
    work = Work(network.database, Remembered(network.clock.monotonic))
    found = await SqlStationStore(work).connector(key_of(station), FIRST, ConnectorNumber(1))
    return found.status if found else None


async def test_a_station_taken_out_of_service_says_so(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    assert station.state(1) is State.UNAVAILABLE
    assert await status_of(network, station) is ConnectorStatus.UNAVAILABLE


async def test_a_station_in_service_again_says_so(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))

    await network.tell(station, ChangeAvailability(operative=True, evse=FIRST))
    await network.settle()

    assert await status_of(network, station) is ConnectorStatus.AVAILABLE


async def test_a_reset_station_boots_again(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    said = network.frames[key_of(station).station].from_station
    boots_before = sum('"BootNotification"' in text for text in said)

    result = await network.tell(station, Reset())
    await network.pass_time(timedelta(minutes=1))
    await network.cut(station)
    await network.pass_time(timedelta(minutes=2))
    await network.connect(station)

    assert result.outcome is Outcome.ACCEPTED
    assert sum('"BootNotification"' in text for text in said) == boots_before + 1


async def test_a_triggered_heartbeat_comes(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    said = network.frames[key_of(station).station].from_station
    before = len(said)

    result = await network.tell(station, Trigger(Topic.HEARTBEAT))
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    assert any('"Heartbeat"' in text for text in said[before:])


async def test_a_connector_is_unlocked(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, Unlock(FIRST))

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "Unlocked")


async def test_a_cache_is_cleared(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    assert (await network.tell(station, ClearCache())).outcome is Outcome.ACCEPTED


async def test_data_for_nobody_is_refused_by_name(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, TransferData("com.example", "hello", "1"))

    assert result.outcome is not Outcome.ACCEPTED
    assert result.status == "UnknownVendorId"


async def test_a_setting_is_written_by_our_name_and_takes_effect(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, WriteSetting("meter_interval", "17"))

    assert result.outcome is Outcome.ACCEPTED
    assert station.settings.seconds("sample_interval") == timedelta(seconds=17)
    assert "17" in (await settings(network, station)).values()


async def test_a_setting_is_read_by_our_name(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.tell(station, WriteSetting("meter_interval", "23"))

    result = await network.tell(station, ReadSettings(("meter_interval",)))

    assert result.outcome is Outcome.ACCEPTED
    assert list(result.answer["settings"].values()) == ["23"]


async def test_an_unknown_setting_is_refused(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, ReadSettings(("Nowhere.Nothing",)))

    assert result.outcome is Outcome.REFUSED
    assert result.answer["unknown"] == ["Nowhere.Nothing"]


async def test_all_settings_are_reported_and_kept(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, ReportSettings(number=5))
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    known = await settings(network, station)
    assert len(known) > 10
    assert any("HeartbeatInterval" in name for name in known)


async def test_a_command_to_a_station_that_is_away_never_leaves(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)

    result = await network.tell(station, Reset())

    assert result.outcome is Outcome.UNREACHED


async def test_a_command_without_an_answer_is_unknown(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    station.misbehaviour.is_silent = True

    result = await network.tell_and_wait(station, Unlock(FIRST), timedelta(minutes=2))

    assert result.outcome is Outcome.UNKNOWN


async def asked_in_vain(network: World, station: SimulatedStation, command: object) -> str:
    """The station is too slow; returns the id of the call."""
    station.misbehaviour.is_silent = True
    result = await network.tell_and_wait(station, command, timedelta(minutes=2))
    assert result.outcome is Outcome.UNKNOWN
    last = json.loads(network.frames[key_of(station).station].to_station[-1])
    assert last[0] == 2
    return str(last[1])


async def answer_late(
    network: World, station: SimulatedStation, message_id: str, payload: object
) -> None:
    network.teller(station).wire.inject(json.dumps([3, message_id, payload]))
    await network.settle()


async def test_what_a_station_answers_too_late_is_noted_and_logged(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("04A1B2C3")
    station = await network.station("ROMA-1", dialect)
    key, wish = key_of(station), Wish("04A1B2C3", network.clock.now() + timedelta(hours=1), FIRST)
    command = await network.carry_out(
        lambda slices: slices.reservations.prepare(key, wish, slices.now), key
    )

    message_id = await asked_in_vain(network, station, command)
    await answer_late(network, station, message_id, {"status": "accepted"})

    [held] = (await ReservationQueries(network.database).reservations(key.tenant)).items
    assert held.state is ReservationState.HELD
    columns = MESSAGES.c
    rows = await network.database.fetch(
        sa.select(columns.outcome, columns.response)
        .where(columns.action == "ReserveNow", columns.message_id == message_id)
        .order_by(columns.id)
    )
    assert [tuple(row) for row in rows] == [
        ("unknown", None),
        ("late_answer", '{"status": "accepted"}'),
    ]


async def test_a_late_answer_tells_nothing_once_the_same_was_asked_again(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    first = await asked_in_vain(network, station, WriteSetting("Volume", "1"))
    await asked_in_vain(network, station, WriteSetting("Volume", "2"))

    await answer_late(network, station, first, {"status": "Accepted"})

    assert "Volume" not in await settings(network, station)


async def test_a_late_answer_tells_nothing_once_a_later_question_is_answered(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V16)
    first = await asked_in_vain(network, station, WriteSetting("Volume", "1"))
    station.misbehaviour.is_silent = False
    await network.tell(station, ClearCache())

    await answer_late(network, station, first, {"status": "Accepted"})

    assert "Volume" not in await settings(network, station)


async def test_an_answer_of_yesterday_tells_nothing(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    first = await asked_in_vain(network, station, WriteSetting("Volume", "1"))
    network.clock.pass_time(timedelta(minutes=15))

    await answer_late(network, station, first, {"status": "Accepted"})

    assert "Volume" not in await settings(network, station)


async def test_a_start_by_a_token_too_long_for_the_dialect_is_unsupported(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V16)
    token = TokenRef("A-TOKEN-OF-MORE-THAN-20")

    result = await network.tell(station, StartCharging(token, number=1, evse=FIRST))

    assert result.outcome is Outcome.UNSUPPORTED
    assert "idTag" in (result.detail or "")


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_the_driver_is_shown_what_it_costs_so_far(network: World, dialect: Dialect) -> None:
    await network.add_tariff(Prices("EUR", per_kwh=Decimal("0.50")))
    await network.add_token("04A1B2C3")
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    station.present("04A1B2C3", 1)

    await network.pass_time(timedelta(minutes=20))

    heard = network.frames[key_of(station).station].to_station
    shown = [json.loads(text)[3] for text in heard if '"CostUpdated"' in text]
    [transaction] = await network.transactions(station)
    assert len(shown) >= 5
    assert shown[-1]["transactionId"] == transaction.ref
    assert transaction.cost_incl is not None
    assert shown[-1]["totalCost"] == pytest.approx(float(transaction.cost_incl), abs=0.1)


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_the_total_cost_comes_with_the_answer_to_the_end(
    network: World, dialect: Dialect
) -> None:
    await network.add_tariff(Prices("EUR", per_session=Decimal(1), vat_percent=Decimal(22)))
    await network.add_token("04A1B2C3")
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.pass_time(timedelta(minutes=5))

    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.settle()

    heard = network.frames[key_of(station).station].to_station
    totals = [text for text in heard if '"totalCost"' in text and json.loads(text)[0] == 3]
    assert json.loads(totals[-1])[2]["totalCost"] == 1.22  # I02.FR.01: the others say it so far


async def test_a_payload_is_sent_as_given_and_its_answer_comes_back(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    told = await network.call(station, "ClearCache", b"{}")

    assert told.outcome is Reached.ANSWERED
    assert json.loads(told.payload or b"")["status"] == "Accepted"


async def test_a_payload_the_dialect_does_not_allow_never_leaves(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    with pytest.raises(InvalidError, match="type"):
        await network.call(station, "Reset", b'{"type": "Explosive"}')

    heard = network.frames[key_of(station).station].to_station
    assert not any("Explosive" in text for text in heard)


async def test_an_action_that_only_stations_send_cannot_be_sent(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    with pytest.raises(InvalidError, match="has no Heartbeat"):
        await network.call(station, "Heartbeat", b"{}")


async def test_a_stop_from_afar_of_what_does_not_run_is_refused(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, StopCharging("12345"))

    assert result.outcome is Outcome.REFUSED
