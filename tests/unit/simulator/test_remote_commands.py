import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.simulator.core import Make
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation
from tests.unit.simulator.scripted import (
    NOON,
    Json,
    ScriptedServer,
    booted,
    charging,
    ref,
    status_of,
)

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
both_of_2 = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
TOKEN_2 = {"idToken": "TAG1", "type": "Central"}


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


@both_of_2
def test_what_began_while_the_station_went_down_is_told_when_it_is_back(dialect: Dialect) -> None:
    server = charging(dialect)
    server.command("Reset", {"type": "Immediate"})
    server.station.go_offline()
    server.station.unplug(1)
    server.station.plug_in(1)
    server.station.present("TAG1", 1)

    server.let_pass(20)
    server.connect()

    word = "TxResumed" if dialect is V21 else "ResetCommand"
    assert word in [event["triggerReason"] for event in server.events()]


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


@both_of_2
def test_what_a_station_cannot_be_made_to_tell_is_not_implemented(dialect: Dialect) -> None:
    make = Make(lacks=frozenset({"certificates"}))
    server = ScriptedServer(SimulatedStation(dialect, "RIC-0001", now=NOON, make=make))
    server.connect()
    server.let_pass(1)
    server.forget()

    answer = server.command("TriggerMessage", {"requestedMessage": "SignV2GCertificate"})

    assert status_of(answer) == "NotImplemented"  # F06.FR.08
    assert server.heard == []
