from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation, ac_evse
from tests.unit.simulator.scripted import NOON, Json, ScriptedServer, stamp

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
both_of_2 = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
TOKEN_2 = {"idToken": "TAG1", "type": "Central"}


def booted(dialect: Dialect) -> ScriptedServer:
    station = SimulatedStation(dialect, "RIC-0001", [ac_evse(1), ac_evse(2)], Random(1), now=NOON)
    server = ScriptedServer(station)
    server.connect()
    server.forget()
    return server


def charging(dialect: Dialect) -> ScriptedServer:
    server = booted(dialect)
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()
    return server


def status_of(answer: Json | str) -> Any:
    assert isinstance(answer, dict), answer
    return answer["status"]


def ref(server: ScriptedServer) -> str:
    running = server.station.transaction(1)
    assert running is not None
    return running.ref


def start(server: ScriptedServer, evse: int | None = 1) -> Json | str:
    if server.station.dialect is V16:
        payload: Json = {"idTag": "TAG1"}
        if evse is not None:
            payload["connectorId"] = evse
        return server.command("RemoteStartTransaction", payload)
    payload = {"idToken": TOKEN_2, "remoteStartId": 7}
    if evse is not None:
        payload["evseId"] = evse
    return server.command("RequestStartTransaction", payload)


def stop(server: ScriptedServer) -> Json | str:
    if server.station.dialect is V16:
        return server.command("RemoteStopTransaction", {"transactionId": 4711})
    return server.command("RequestStopTransaction", {"transactionId": ref(server)})


@every_dialect
def test_a_remote_start_charges_a_connected_car_without_asking_again(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.plug_in(1)
    server.exchange()

    assert status_of(start(server)) == "Accepted"

    assert server.station.state(1) is State.CHARGING
    assert server.of("Authorize") == []
    if dialect is not V16:
        (event,) = server.events()
        assert event["triggerReason"] == "RemoteStart"
        assert event["transactionInfo"]["remoteStartId"] == 7


@every_dialect
def test_a_remote_start_before_the_cable_waits_for_it(dialect: Dialect) -> None:
    server = booted(dialect)
    assert status_of(start(server)) == "Accepted"
    assert server.station.state(1) is State.PREPARING

    server.station.plug_in(1)
    server.exchange()

    assert server.station.state(1) is State.CHARGING


@every_dialect
def test_a_remote_start_without_an_evse_takes_the_one_with_a_car(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.plug_in(2)
    server.exchange()

    assert status_of(start(server, None)) == "Accepted"

    assert server.station.state(2) is State.CHARGING


@every_dialect
def test_a_remote_start_is_authorized_first_if_the_setting_says_so(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.settings.override({"authorize_remote": "true"})
    server.station.plug_in(1)

    start(server)

    assert len(server.of("Authorize")) == 1
    assert server.station.state(1) is State.CHARGING


@every_dialect
def test_a_remote_start_where_something_runs_is_refused(dialect: Dialect) -> None:
    server = charging(dialect)

    assert status_of(start(server)) == "Rejected"


@every_dialect
def test_a_remote_stop_ends_the_transaction_for_the_reason_remote(dialect: Dialect) -> None:
    server = charging(dialect)

    assert status_of(stop(server)) == "Accepted"

    assert server.station.transaction(1) is None
    if dialect is V16:
        assert server.of("StopTransaction")[0]["reason"] == "Remote"
    else:
        last = server.events()[-1]
        assert last["triggerReason"] == "RemoteStop"
        assert last["transactionInfo"]["stoppedReason"] == "Remote"


@every_dialect
def test_a_remote_stop_of_an_unknown_transaction_is_refused(dialect: Dialect) -> None:
    server = charging(dialect)
    if dialect is V16:
        answer = server.command("RemoteStopTransaction", {"transactionId": 1})
    else:
        answer = server.command("RequestStopTransaction", {"transactionId": "nothing"})

    assert status_of(answer) == "Rejected"


def come_back(server: ScriptedServer) -> None:
    """Let a rebooting station go down, come up and connect."""
    server.let_pass(20)
    assert server.station.online is False
    server.connect()


@every_dialect
def test_a_reset_ends_what_runs_then_the_station_boots_again(dialect: Dialect) -> None:
    server = charging(dialect)
    kind = "Hard" if dialect is V16 else "Immediate"

    assert status_of(server.command("Reset", {"type": kind})) == "Accepted"
    come_back(server)

    assert len(server.of("BootNotification")) == 1
    assert server.station.transaction(1) is None
    if dialect is V16:
        assert server.of("StopTransaction")[0]["reason"] == "HardReset"
    else:
        assert server.events()[-1]["transactionInfo"]["stoppedReason"] == "ImmediateReset"
        assert server.of("BootNotification")[0]["reason"] == "RemoteReset"


@both_of_2
def test_a_reset_on_idle_waits_for_the_last_car(dialect: Dialect) -> None:
    server = charging(dialect)

    assert status_of(server.command("Reset", {"type": "OnIdle"})) == "Scheduled"
    server.let_pass(30)
    assert server.station.online
    assert server.station.state(2) is State.UNAVAILABLE

    server.station.unplug(1)
    come_back(server)
    assert server.of("BootNotification")[0]["reason"] == "ScheduledReset"
    assert server.station.state(1) is State.AVAILABLE
    assert server.station.state(2) is State.AVAILABLE


def test_2_1_resumes_a_transaction_after_a_reset() -> None:
    server = charging(V21)
    before = ref(server)

    server.command("Reset", {"type": "ImmediateAndResume"})
    come_back(server)

    assert ref(server) == before
    assert server.events()[-1]["triggerReason"] == "TxResumed"


def availability(server: ScriptedServer, kind: str, evse: int) -> Json | str:
    if server.station.dialect is V16:
        payload: Json = {"connectorId": evse, "type": kind}
    else:
        payload = {"operationalStatus": kind}
        if evse:
            payload["evse"] = {"id": evse}
    return server.command("ChangeAvailability", payload)


@every_dialect
def test_a_free_evse_closes_at_once_and_opens_again(dialect: Dialect) -> None:
    server = booted(dialect)

    assert status_of(availability(server, "Inoperative", 1)) == "Accepted"
    assert server.station.state(1) is State.UNAVAILABLE
    assert server.station.state(2) is State.AVAILABLE

    assert status_of(availability(server, "Operative", 1)) == "Accepted"
    assert server.station.state(1) is State.AVAILABLE


@every_dialect
def test_a_busy_evse_closes_when_its_transaction_is_over(dialect: Dialect) -> None:
    server = charging(dialect)

    assert status_of(availability(server, "Inoperative", 0)) == "Scheduled"
    assert server.station.state(1) is State.CHARGING
    assert server.station.state(2) is State.UNAVAILABLE

    server.station.unplug(1)
    assert server.station.state(1) is State.UNAVAILABLE


def test_1_6_unlocks_by_stopping_first() -> None:
    server = charging(V16)

    assert status_of(server.command("UnlockConnector", {"connectorId": 1})) == "Unlocked"
    assert server.of("StopTransaction")[0]["reason"] == "UnlockCommand"
    assert status_of(server.command("UnlockConnector", {"connectorId": 9})) == "NotSupported"


@both_of_2
def test_2_x_does_not_unlock_under_a_transaction(dialect: Dialect) -> None:
    server = charging(dialect)
    one = {"evseId": 1, "connectorId": 1}

    assert status_of(server.command("UnlockConnector", one)) == "OngoingAuthorizedTransaction"

    stop(server)
    server.station.evses[1].lock_is_jammed = True
    assert status_of(server.command("UnlockConnector", one)) == "UnlockFailed"
    unknown = {"evseId": 1, "connectorId": 3}
    assert status_of(server.command("UnlockConnector", unknown)) == "UnknownConnector"


@every_dialect
def test_triggered_messages_follow_the_answer(dialect: Dialect) -> None:
    server = charging(dialect)
    server.forget()
    for message in ("Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"):
        answer = server.command("TriggerMessage", {"requestedMessage": message})
        assert status_of(answer) == "Accepted"

    said = {action for action, _ in server.heard}
    assert said >= {"Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"}


def test_1_6_boots_again_when_told_to() -> None:
    server = booted(V16)

    server.command("TriggerMessage", {"requestedMessage": "BootNotification"})

    assert len(server.of("BootNotification")) == 1


@both_of_2
def test_2_x_tells_about_its_transaction_when_told_to(dialect: Dialect) -> None:
    server = charging(dialect)
    answer = server.command("TriggerMessage", {"requestedMessage": "TransactionEvent"})

    assert status_of(answer) == "Accepted"
    assert server.events()[-1]["triggerReason"] == "Trigger"
    assert server.events()[-1]["meterValue"][0]["sampledValue"][0]["context"] == "Trigger"
    answer = server.command("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})
    assert status_of(answer) == "NotImplemented"


def test_1_6_settings_are_read_changed_and_refused() -> None:
    server = booted(V16)
    answer = server.command("GetConfiguration", {"key": ["heartbeatinterval", "Nonsense"]})
    assert answer == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense"],
    }

    def change(key: str, value: str) -> Any:
        return status_of(server.command("ChangeConfiguration", {"key": key, "value": value}))

    assert change("HeartbeatInterval", "30") == "Accepted"
    assert change("HeartbeatInterval", "-1") == "Rejected"
    assert change("HeartbeatInterval", "often") == "Rejected"
    assert change("NumberOfConnectors", "9") == "Rejected"
    assert change("Nonsense", "1") == "NotSupported"
    assert change("MeterValuesSampledData", "Voltage,SoC") == "Accepted"
    assert change("MeterValuesSampledData", "Voltage,Mood") == "Rejected"


def test_1_6_lists_every_key_and_no_password() -> None:
    server = booted(V16)
    server.command("ChangeConfiguration", {"key": "AuthorizationKey", "value": "ab" * 20})

    answer = server.command("GetConfiguration")

    assert isinstance(answer, dict)
    keys = {entry["key"]: entry for entry in answer["configurationKey"]}
    assert keys["NumberOfConnectors"]["value"] == "2"
    assert "value" not in keys["AuthorizationKey"]
    assert server.station.settings["password"] == bytes.fromhex("ab" * 20).decode("latin-1")


@every_dialect
def test_a_changed_sample_interval_takes_effect_at_once(dialect: Dialect) -> None:
    server = charging(dialect)
    if dialect is V16:
        change = {"key": "MeterValueSampleInterval", "value": "10"}
        server.command("ChangeConfiguration", change)
    else:
        set_variable(server, "SampledDataCtrlr", "TxUpdatedInterval", "10")
    server.let_pass(31)

    readings = server.of("MeterValues") if dialect is V16 else server.events()[1:]
    assert len(readings) == 3


def set_variable(server: ScriptedServer, component: str, variable: str, value: str) -> Any:
    data = {
        "attributeValue": value,
        "component": {"name": component},
        "variable": {"name": variable},
    }
    answer = server.command("SetVariables", {"setVariableData": [data]})
    assert isinstance(answer, dict)
    return answer["setVariableResult"][0]["attributeStatus"]


def get_variable(server: ScriptedServer, component: Json, variable: Json) -> Json:
    data = {"component": component, "variable": variable}
    answer = server.command("GetVariables", {"getVariableData": [data]})
    assert isinstance(answer, dict)
    result: Json = answer["getVariableResult"][0]
    return result


@both_of_2
def test_2_x_variables_are_read_changed_and_refused(dialect: Dialect) -> None:
    server = booted(dialect)

    assert set_variable(server, "OCPPCommCtrlr", "HeartbeatInterval", "30") == "Accepted"
    assert set_variable(server, "OCPPCommCtrlr", "HeartbeatInterval", "x") == "Rejected"
    assert set_variable(server, "OCPPCommCtrlr", "FileTransferProtocols", "HTTP") == "Rejected"
    assert set_variable(server, "OCPPCommCtrlr", "Mood", "1") == "UnknownVariable"
    assert set_variable(server, "MoodCtrlr", "Mood", "1") == "UnknownComponent"
    assert set_variable(server, "SecurityCtrlr", "BasicAuthPassword", "p" * 20) == "Accepted"
    assert set_variable(server, "ChargingStation", "Model", "Other") == "Rejected"

    heartbeat = get_variable(server, {"name": "OCPPCommCtrlr"}, {"name": "HeartbeatInterval"})
    assert heartbeat["attributeValue"] == "30"
    attempts = {"name": "MessageAttempts", "instance": "TransactionEvent"}
    found = get_variable(server, {"name": "OCPPCommCtrlr"}, attempts)
    assert found["attributeValue"] == "3"
    connector = {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}
    found = get_variable(server, connector, {"name": "AvailabilityState"})
    assert found["attributeValue"] == "Available"
    secret = get_variable(server, {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"})
    assert secret["attributeStatus"] == "Rejected"


@both_of_2
def test_the_base_report_comes_in_numbered_parts(dialect: Dialect) -> None:
    server = booted(dialect)
    asked = {"requestId": 5, "reportBase": "FullInventory"}

    assert status_of(server.command("GetBaseReport", asked)) == "Accepted"

    parts = server.of("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part["requestId"] for part in parts} == {5}
    names = {
        (entry["component"]["name"], entry["variable"]["name"])
        for part in parts
        for entry in part["reportData"]
    }
    assert ("SampledDataCtrlr", "TxUpdatedInterval") in names
    assert ("Connector", "ConnectorType") in names
    assert len(names) > 60


@both_of_2
def test_a_report_of_one_component_holds_nothing_else(dialect: Dialect) -> None:
    server = booted(dialect)
    wanted = [{"component": {"name": "EVSE", "evse": {"id": 2}}}]

    server.command("GetReport", {"requestId": 6, "componentVariable": wanted})

    (part,) = server.of("NotifyReport")
    assert {entry["component"]["evse"]["id"] for entry in part["reportData"]} == {2}
    nothing = [{"component": {"name": "Toaster"}}]
    answer = server.command("GetReport", {"requestId": 7, "componentVariable": nothing})
    assert status_of(answer) == "EmptyResultSet"


@both_of_2
def test_the_cost_is_remembered_for_the_display(dialect: Dialect) -> None:
    server = charging(dialect)
    running = server.station.transaction(1)
    assert running is not None

    server.command("CostUpdated", {"totalCost": 1.25, "transactionId": running.ref})
    assert running.shown_cost == Decimal("1.25")

    server.script["TransactionEvent"] = lambda _: {"totalCost": 2.5}
    server.let_pass(61)
    assert running.shown_cost == Decimal("2.5")


@both_of_2
def test_a_station_knows_which_transactions_go_on(dialect: Dialect) -> None:
    server = charging(dialect)
    running = ref(server)

    answer = server.command("GetTransactionStatus", {"transactionId": running})
    assert answer == {"ongoingIndicator": True, "messagesInQueue": False}

    answer = server.command("GetTransactionStatus", {"transactionId": "nothing"})
    assert answer == {"ongoingIndicator": False, "messagesInQueue": False}


def profile(dialect: Dialect, purpose: str, limit: int, unit: str = "A") -> Json:
    periods = [{"startPeriod": 0, "limit": limit}, {"startPeriod": 600, "limit": limit * 2}]
    schedule: Json = {"chargingRateUnit": unit, "chargingSchedulePeriod": periods}
    common: Json = {"stackLevel": 0, "chargingProfilePurpose": purpose}
    if dialect is V16:
        return common | {
            "chargingProfileId": 1,
            "chargingProfileKind": "Relative",
            "chargingSchedule": schedule,
        }
    return common | {
        "id": 1,
        "chargingProfileKind": "Relative",
        "chargingSchedule": [schedule | {"id": 1}],
    }


def set_profile(server: ScriptedServer, evse: int, given: Json) -> Any:
    if server.station.dialect is V16:
        payload = {"connectorId": evse, "csChargingProfiles": given}
    else:
        payload = {"evseId": evse, "chargingProfile": given}
    return status_of(server.command("SetChargingProfile", payload))


@every_dialect
def test_a_limit_in_ampere_is_obeyed_and_cleared(dialect: Dialect) -> None:
    server = charging(dialect)
    server.let_pass(60)

    assert set_profile(server, 0, profile(dialect, "TxDefaultProfile", 8)) == "Accepted"
    server.let_pass(10)
    assert server.station.evses[1].draw.power_w == 8 * 230 * 3

    answer = server.command("ClearChargingProfile")
    assert status_of(answer) == "Accepted"
    server.let_pass(10)
    assert server.station.evses[1].draw.power_w == 16 * 230 * 3
    assert status_of(server.command("ClearChargingProfile")) == "Unknown"


@every_dialect
def test_a_limit_under_six_ampere_suspends_and_is_told(dialect: Dialect) -> None:
    server = charging(dialect)
    set_profile(server, 1, profile(dialect, "TxProfile", 2000, "W"))
    server.exchange()

    assert server.station.state(1) is State.SUSPENDED_EVSE
    if dialect is not V16:
        last = server.events()[-1]
        assert last["triggerReason"] == "ChargingStateChanged"
        assert last["transactionInfo"]["chargingState"] == "SuspendedEVSE"


@every_dialect
def test_a_profile_for_a_transaction_needs_one(dialect: Dialect) -> None:
    server = booted(dialect)

    assert set_profile(server, 1, profile(dialect, "TxProfile", 8)) == "Rejected"


@every_dialect
def test_the_composite_schedule_shows_the_steps_ahead(dialect: Dialect) -> None:
    server = charging(dialect)
    set_profile(server, 0, profile(dialect, "TxDefaultProfile", 8))
    asked: Json = {"duration": 1200, "chargingRateUnit": "W"}
    number = "connectorId" if dialect is V16 else "evseId"

    answer = server.command("GetCompositeSchedule", asked | {number: 1})

    assert isinstance(answer, dict)
    schedule = answer["chargingSchedule"] if dialect is V16 else answer["schedule"]
    steps = [(step["startPeriod"], step["limit"]) for step in schedule["chargingSchedulePeriod"]]
    assert steps == [(0, 8 * 690), (600, 16 * 690)]


def reserve(server: ScriptedServer, minutes: int) -> Json | str:
    until = stamp(NOON + timedelta(minutes=minutes))
    if server.station.dialect is V16:
        held: Json = {"connectorId": 1, "idTag": "TAG1", "reservationId": 9, "expiryDate": until}
    else:
        held = {"id": 9, "expiryDateTime": until, "idToken": TOKEN_2, "evseId": 1}
    return server.command("ReserveNow", held)


@every_dialect
def test_a_reserved_evse_is_kept_for_its_driver(dialect: Dialect) -> None:
    server = booted(dialect)
    assert status_of(reserve(server, 10)) == "Accepted"
    assert server.station.state(1) is State.RESERVED

    server.station.present("OTHER", 1)
    server.exchange()
    assert server.station.shown(1) == "Reserved"

    server.station.present("TAG1", 1)
    server.exchange()
    server.station.plug_in(1)
    server.exchange()
    first = server.of("StartTransaction")[0] if dialect is V16 else server.events()[0]
    assert first["reservationId"] == 9


@every_dialect
def test_a_reservation_ends_by_time_or_by_command(dialect: Dialect) -> None:
    server = booted(dialect)
    reserve(server, 1)
    server.let_pass(61)
    assert server.station.state(1) is State.AVAILABLE

    reserve(server, 10)
    answer = server.command("CancelReservation", {"reservationId": 9})
    assert status_of(answer) == "Accepted"
    assert server.station.state(1) is State.AVAILABLE
    answer = server.command("CancelReservation", {"reservationId": 9})
    assert status_of(answer) == "Rejected"


def send_list(server: ScriptedServer, version: int, kind: str, tokens: dict[str, str]) -> Any:
    if server.station.dialect is V16:
        entries: list[Json] = [
            {"idTag": uid, "idTagInfo": {"status": status}} for uid, status in tokens.items()
        ]
        payload: Json = {"listVersion": version}
    else:
        entries = [
            {"idToken": {"idToken": uid, "type": "ISO14443"}, "idTokenInfo": {"status": status}}
            for uid, status in tokens.items()
        ]
        payload = {"versionNumber": version}
    payload |= {"updateType": kind, "localAuthorizationList": entries}
    return status_of(server.command("SendLocalList", payload))


@every_dialect
def test_the_local_list_decides_offline(dialect: Dialect) -> None:
    server = booted(dialect)
    assert send_list(server, 3, "Full", {"GOOD": "Accepted", "BAD": "Blocked"}) == "Accepted"
    assert send_list(server, 3, "Differential", {"MORE": "Accepted"}) == "VersionMismatch"
    version = server.command("GetLocalListVersion")
    assert version in ({"listVersion": 3}, {"versionNumber": 3})

    server.disconnect()
    server.station.plug_in(1)
    server.station.present("BAD", 1)
    assert server.station.shown(1) == "Blocked"
    server.station.present("UNKNOWN", 1)
    assert server.station.shown(1) == "Invalid"
    server.station.present("good", 1)
    assert server.station.state(1) is State.CHARGING


@every_dialect
def test_a_token_seen_before_may_charge_offline_until_the_cache_is_cleared(
    dialect: Dialect,
) -> None:
    server = charging(dialect)
    server.station.unplug(1)
    server.exchange()
    server.disconnect()
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    assert server.station.state(1) is State.CHARGING

    server.connect()
    assert status_of(server.command("ClearCache")) == "Accepted"
    server.disconnect()
    server.station.present("TAG1", 2)
    assert server.station.shown(2) == "Invalid"


@every_dialect
def test_what_a_station_does_not_know_is_not_implemented(dialect: Dialect) -> None:
    server = booted(dialect)
    if dialect is V16:
        known: tuple[str, Json] = ("GetDiagnostics", {"location": "ftp://x/"})
    else:
        known = ("GetLocalListVersion", {})
        server.station.core.speech = Mute(server.station.core.speech)

    assert server.command(*known) == "NotImplemented"


class Mute:
    """A speech that knows no command at all."""

    def __init__(self, speech: Any) -> None:
        self._speech = speech

    def __getattr__(self, name: str) -> Any:
        return getattr(self._speech, name)

    def carry_out(self, _station: object, _request: object) -> None:
        return None


@every_dialect
def test_unknown_actions_and_wrong_payloads_are_refused(dialect: Dialect) -> None:
    server = booted(dialect)
    server.station.receive('[2,"a","Levitate",{}]')
    server.station.receive('[2,"b","Reset",{"type":"Gently"}]')
    server.exchange()

    assert server.answers["a"] == "NotImplemented"
    assert server.answers["b"] in {"PropertyConstraintViolation", "TypeConstraintViolation"}


@every_dialect
def test_data_transfer_knows_only_its_own_vendor(dialect: Dialect) -> None:
    server = booted(dialect)
    echoed = server.command("DataTransfer", {"vendorId": "org.ricarica.simulator", "data": "hi"})
    assert echoed == {"status": "Accepted", "data": "hi"}
    assert status_of(server.command("DataTransfer", {"vendorId": "x"})) == "UnknownVendorId"
