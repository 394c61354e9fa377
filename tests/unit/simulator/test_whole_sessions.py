import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from random import Random

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.simulator.battery import Battery, Vehicle
from ricarica.simulator.core import Make
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from tests.unit.simulator.scripted import NOON, Json, ScriptedServer

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
V2 = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
World = Callable[[Dialect], ScriptedServer]


def server_for(dialect: Dialect, *, states_by_event: bool = False) -> ScriptedServer:
    station = SimulatedStation(
        dialect,
        "RIC-0001",
        [ac_evse(1), dc_evse(2)],
        Random(1),
        now=NOON,
        make=Make(states_by_event=states_by_event),
    )
    return ScriptedServer(station)


def booted(dialect: Dialect) -> ScriptedServer:
    server = server_for(dialect)
    server.connect()
    server.forget()
    return server


def charging(dialect: Dialect) -> ScriptedServer:
    server = booted(dialect)
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()
    return server


def wants_connection(server: ScriptedServer) -> bool:
    return server.station.wants_connection


def statuses(server: ScriptedServer) -> list[str]:
    name = "status" if server.station.dialect is V16 else "connectorStatus"
    return [status[name] for status in server.of("StatusNotification")]


@every_dialect
def test_a_station_boots_and_reports_every_connector(dialect: Dialect) -> None:
    server = server_for(dialect)

    server.connect()

    assert server.heard[0][0] == "BootNotification"
    connectors = 1 + 1 + 1 if dialect is V16 else 1 + 2
    assert statuses(server) == ["Available"] * connectors


@every_dialect
def test_a_whole_visit_from_cable_to_departure(dialect: Dialect) -> None:
    server = charging(dialect)
    station = server.station
    server.let_pass(600)
    station.present("TAG1", 1)
    server.exchange()
    station.unplug(1)
    server.exchange()

    assert station.is_idle
    assert station.transaction(1) is None
    assert station.state(1) is State.AVAILABLE
    assert Decimal(1700) < station.register_wh(1) < Decimal(1850)  # 11 kW for ten minutes
    assert all(entry.acked for entry in station.journal.entries)


def test_1_6_tells_start_readings_and_stop() -> None:
    server = charging(V16)
    server.let_pass(150)
    server.station.present("TAG1", 1)
    server.exchange()

    (start,) = server.of("StartTransaction")
    assert (start["connectorId"], start["idTag"], start["meterStart"]) == (1, "TAG1", 0)
    readings = server.of("MeterValues")
    assert [reading["transactionId"] for reading in readings] == [4711, 4711]
    (stop,) = server.of("StopTransaction")
    assert stop["transactionId"] == 4711
    assert stop["reason"] == "Local"
    assert stop["idTag"] == "TAG1"
    assert stop["meterStop"] > 400
    assert statuses(server) == ["Preparing", "Charging", "Finishing"]


@V2
def test_2_x_numbers_its_transaction_events_without_a_gap(dialect: Dialect) -> None:
    server = charging(dialect)
    server.let_pass(150)
    server.station.unplug(1)
    server.exchange()

    events = server.events()
    assert [event["seqNo"] for event in events] == [0, 1, 2, 3]
    assert [event["eventType"] for event in events] == ["Started", "Updated", "Updated", "Ended"]
    assert [event["triggerReason"] for event in events] == [
        "Authorized",
        "MeterValuePeriodic",
        "MeterValuePeriodic",
        "EVCommunicationLost",
    ]
    assert events[0]["idToken"] == {"idToken": "TAG1", "type": "ISO14443"}
    assert events[-1]["transactionInfo"]["stoppedReason"] == "EVDisconnected"
    assert "offline" not in events[0]
    assert statuses(server) == ["Occupied", "Available"]


@V2
def test_a_transaction_may_start_with_the_cable_and_be_authorized_later(dialect: Dialect) -> None:
    server = booted(dialect)
    station = server.station
    station.settings.override({"start_point": "EVConnected", "stop_point": "EVConnected"})
    station.plug_in(1)
    server.exchange()
    station.present("TAG1", 1)
    server.exchange()
    server.let_pass(30)
    station.present("TAG1", 1)
    server.exchange()
    station.unplug(1)
    server.exchange()

    assert [(event["eventType"], event["triggerReason"]) for event in server.events()] == [
        ("Started", "CablePluggedIn"),
        ("Updated", "Authorized"),
        ("Updated", "StopAuthorized"),
        ("Ended", "EVCommunicationLost"),
    ]
    assert [event["transactionInfo"]["chargingState"] for event in server.events()] == [
        "EVConnected",
        "Charging",
        "EVConnected",
        "Idle",
    ]


@every_dialect
def test_a_refused_token_charges_nothing(dialect: Dialect) -> None:
    server = booted(dialect)
    info = "idTagInfo" if dialect is V16 else "idTokenInfo"
    server.script["Authorize"] = lambda _: {info: {"status": "Blocked"}}
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()

    assert server.station.shown(1) == "Blocked"
    assert server.station.transaction(1) is None


@every_dialect
def test_an_authorization_lapses_when_nobody_plugs_in(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.present("TAG1", 1)
    server.exchange()
    server.let_pass(61)
    server.station.plug_in(1)
    server.exchange()

    assert server.station.transaction(1) is None
    assert server.station.state(1) is State.PREPARING


@every_dialect
def test_a_heartbeat_is_sent_only_after_silence(dialect: Dialect) -> None:
    server = booted(dialect)
    server.let_pass(299)
    assert server.of("Heartbeat") == []

    server.let_pass(2)
    assert len(server.of("Heartbeat")) == 1

    server.let_pass(200)
    server.station.plug_in(1)
    server.exchange()
    server.let_pass(200)
    assert len(server.of("Heartbeat")) == 1


@every_dialect
def test_the_battery_fills_and_the_car_suspends(dialect: Dialect) -> None:
    server = booted(dialect)
    nearly_full = Vehicle(Battery(Decimal(10_000), Decimal(9_900)))
    server.station.plug_in(1, nearly_full)
    server.station.present("TAG1", 1)
    server.exchange()
    server.let_pass(1200)

    assert server.station.state(1) is State.SUSPENDED_EV
    if dialect is V16:
        assert statuses(server)[-1] == "SuspendedEV"
    else:
        states = [event["transactionInfo"]["chargingState"] for event in server.events()]
        assert states[-1] == "SuspendedEV"


@every_dialect
def test_a_station_waits_as_long_as_it_is_pending(dialect: Dialect) -> None:
    server = server_for(dialect)
    pending = {"status": "Pending", "currentTime": "2026-05-04T12:00:00.000Z", "interval": 20}
    server.script["BootNotification"] = lambda _: pending
    server.connect()
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.let_pass(45)

    assert {action for action, _ in server.heard} == {"BootNotification"}
    assert len(server.heard) == 3

    del server.script["BootNotification"]
    server.let_pass(20)
    assert server.station.is_accepted
    assert "StatusNotification" in {action for action, _ in server.heard}


@every_dialect
def test_a_rejected_station_refuses_every_command(dialect: Dialect) -> None:
    server = server_for(dialect)
    rejected = {"status": "Rejected", "currentTime": "2026-05-04T12:00:00.000Z", "interval": 20}
    server.script["BootNotification"] = lambda _: rejected
    server.connect()

    assert server.command("ClearCache") == "SecurityError"


@every_dialect
def test_what_happens_offline_is_told_in_order_after_the_reconnection(dialect: Dialect) -> None:
    server = charging(dialect)
    station = server.station
    server.let_pass(70)
    server.forget()
    server.disconnect()
    server.let_pass(130)
    station.unplug(1)
    assert station.queued == 3

    server.connect()

    assert station.queued == 0
    if dialect is V16:
        told = [name for name, _ in server.heard if name != "StatusNotification"]
        assert told == ["MeterValues", "MeterValues", "StopTransaction"]
        assert server.of("StopTransaction")[0]["transactionId"] == 4711
    else:
        assert [event["offline"] for event in server.events()] == [True, True, True]
        assert [event["seqNo"] for event in server.events()] == [2, 3, 4]
    assert server.of("BootNotification") == []


def test_a_1_6_transaction_begun_offline_gets_its_number_before_its_readings() -> None:
    server = booted(V16)
    station = server.station
    server.disconnect()
    station.settings.override({"offline_unknown_allowed": "true"})
    station.plug_in(1)
    station.present("TAG1", 1)
    server.let_pass(70)
    station.unplug(1)

    server.connect()

    assert server.of("MeterValues")[0]["transactionId"] == 4711
    assert server.of("StopTransaction")[0]["transactionId"] == 4711


@every_dialect
def test_a_refused_transaction_message_is_tried_again_and_then_given_up(dialect: Dialect) -> None:
    server = booted(dialect)
    action = "StartTransaction" if dialect is V16 else "TransactionEvent"
    server.script[action] = lambda _: "InternalError"
    server.station.settings.override({"sample_interval": "0"})
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()
    server.let_pass(59)
    assert len(server.of(action)) == 1

    server.let_pass(2)
    assert len(server.of(action)) == 2

    server.let_pass(121)
    assert len(server.of(action)) == 3
    assert server.station.queued == 0
    (entry,) = server.station.journal.unacknowledged(action)
    assert entry.dropped


@every_dialect
def test_silence_never_makes_a_transaction_message_get_lost(dialect: Dialect) -> None:
    server = booted(dialect)
    action = "StartTransaction" if dialect is V16 else "TransactionEvent"
    server.script[action] = lambda _: None
    server.station.settings.override({"sample_interval": "0"})
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.let_pass(1000)
    assert server.station.queued == 1
    assert len(server.of(action)) > 10

    del server.script[action]
    server.let_pass(60)
    assert server.station.queued == 0
    (entry,) = server.station.journal.acknowledged(action)
    assert json.loads(entry.as_json())["acked"] is True


@every_dialect
def test_a_token_that_the_server_refuses_at_the_start_ends_the_transaction(
    dialect: Dialect,
) -> None:
    server = booted(dialect)
    if dialect is V16:
        server.script["StartTransaction"] = lambda _: {
            "idTagInfo": {"status": "Invalid"},
            "transactionId": 99,
        }
    else:
        server.script["TransactionEvent"] = lambda event: (
            {"idTokenInfo": {"status": "Invalid"}} if event["eventType"] == "Started" else {}
        )
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()

    assert server.station.transaction(1) is None
    if dialect is V16:
        assert server.of("StopTransaction")[0]["reason"] == "DeAuthorized"
    else:
        last = server.events()[-1]
        assert last["triggerReason"] == "Deauthorized"
        assert last["transactionInfo"]["stoppedReason"] == "DeAuthorized"


@every_dialect
def test_another_token_of_the_same_group_may_stop(dialect: Dialect) -> None:
    server = booted(dialect)
    if dialect is V16:
        accepted: Json = {"idTagInfo": {"status": "Accepted", "parentIdTag": "FAMILY"}}
    else:
        group = {"idToken": "FAMILY", "type": "Central"}
        accepted = {"idTokenInfo": {"status": "Accepted", "groupIdToken": group}}
    server.script["Authorize"] = lambda _: accepted
    server.station.plug_in(1)
    server.station.present("MOTHER", 1)
    server.exchange()
    server.station.present("FATHER", 1)
    server.exchange()

    assert server.station.transaction(1) is None


@every_dialect
def test_a_stranger_cannot_stop_what_another_began(dialect: Dialect) -> None:
    server = charging(dialect)
    server.station.present("STRANGER", 1)
    server.exchange()

    assert server.station.transaction(1) is not None
    assert server.station.shown(1) == "Rejected"


@every_dialect
def test_a_fault_ends_the_transaction_and_shows(dialect: Dialect) -> None:
    server = charging(dialect)
    server.station.fault(1, "GroundFailure")
    server.exchange()
    assert statuses(server)[-1] == "Faulted"
    assert server.station.transaction(1) is None

    server.station.clear_fault(1)
    server.exchange()
    assert statuses(server)[-1] != "Faulted"


@every_dialect
def test_after_a_power_cut_the_stop_is_told_once_it_has_booted(dialect: Dialect) -> None:
    server = charging(dialect)
    server.station.lose_power()
    server.forget()
    server.let_pass(4)
    assert wants_connection(server) is False
    server.let_pass(2)
    assert wants_connection(server) is True
    server.connect()

    assert server.heard[0][0] == "BootNotification"
    if dialect is V16:
        assert server.of("StopTransaction")[0]["reason"] == "PowerLoss"
    else:
        assert server.events()[0]["transactionInfo"]["stoppedReason"] == "PowerLoss"


def test_2_1_can_report_availability_as_an_event() -> None:
    server = server_for(V21, states_by_event=True)
    server.connect()

    first = server.of("NotifyEvent")[0]["eventData"][0]
    assert first["component"] == {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}
    assert first["variable"] == {"name": "AvailabilityState"}
    assert first["actualValue"] == "Available"
    assert server.of("StatusNotification") == []


@every_dialect
def test_a_direct_current_session_tells_the_state_of_charge(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.plug_in(2, connector=2)
    server.station.present("TAG1", 2)
    server.exchange()
    server.let_pass(61)

    if dialect is V16:
        values = server.of("MeterValues")[0]["meterValue"][0]["sampledValue"]
    else:
        values = server.events()[1]["meterValue"][0]["sampledValue"]
        assert server.events()[1]["evse"] == {"id": 2, "connectorId": 2}
    (soc,) = [value for value in values if value["measurand"] == "SoC"]
    assert 41 < float(soc["value"]) < 42  # 40 % and a minute of 50 kW into 60 kWh


@every_dialect
def test_time_may_jump_a_night_ahead_in_one_step(dialect: Dialect) -> None:
    server = charging(dialect)
    server.disconnect()
    server.station.tick(NOON + timedelta(hours=10))

    assert server.station.state(1) is State.SUSPENDED_EV
    assert server.station.register_wh(1) == Decimal(36_000)
    assert server.station.queued > 590  # a reading each minute
