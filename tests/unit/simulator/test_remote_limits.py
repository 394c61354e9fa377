from datetime import timedelta
from typing import Any

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.simulator.core import Block
from ricarica.simulator.evse import State
from tests.unit.simulator.scripted import (
    NOON,
    Json,
    ScriptedServer,
    booted,
    charging,
    stamp,
    status_of,
)

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
both_of_2 = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
TOKEN_2 = {"idToken": "TAG1", "type": "Central"}


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
    server.station.core.abilities = Block("nothing")

    assert server.command("GetLocalListVersion") == "NotImplemented"


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
