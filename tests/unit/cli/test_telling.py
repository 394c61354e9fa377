"""Telling stations things, and lists of what there is, against a server that answers as told."""

import json

import pytest

from tests.unit.cli.test_stations import Server, ricarica, server

__all__ = ["server"]  # a fixture

ACCEPTED = {"outcome": "accepted", "status": "Accepted", "detail": None, "answer": {"number": 7}}


def test_attempts_are_listed(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    row = {"at": "2026-05-04T12:00:00Z", "station": "CP-1", "uid": "A1", "kind": None}
    server.answers["/api/v1/authorization-attempts"] = (
        200,
        {"items": [{**row, "verdict": "blocked"}], "next": None},
    )

    assert ricarica("token", "attempts", "--refused") == 0
    assert "blocked" in capsys.readouterr().out
    assert "refused=true" in server.asked[0][1]


def test_a_rule_is_typed_member_by_member(server: Server) -> None:
    server.answers["/api/v1/access-rules"] = (201, {"id": "r"})

    assert ricarica("token", "rule", "group=FLEET", "weekdays=[0,1]") == 0
    assert json.loads(server.asked[0][2]) == {"group": "FLEET", "weekdays": [0, 1]}


def test_an_evse_is_reserved(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers["/api/v1/stations/CP-1/reservations"] = (200, ACCEPTED)

    assert ricarica("reservation", "make", "CP-1", "A1", "--evse", "2") == 0
    assert capsys.readouterr().out.split() == ["accepted", "Accepted", "number", "7"]
    body = json.loads(server.asked[0][2])
    assert (body["token"], body["evse"]) == ("A1", 2)


def test_an_amount_is_told_with_all_its_digits(server: Server) -> None:
    server.answers["/api/v1/tokens"] = (201, {"uid": "A1"})

    assert ricarica("token", "add", "A1", "credit=10.10") == 0
    assert '"credit":10.10' in server.asked[0][2].replace(" ", "")


def test_a_limit_is_written_with_its_unit(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answers["/api/v1/stations/CP-1/charging-limits"] = (200, ACCEPTED)

    assert ricarica("energy", "limit", "CP-1", "16") == 2
    assert "16A" in capsys.readouterr().err
    assert ricarica("energy", "limit", "CP-1", "16.5a") == 0
    body = json.loads(server.asked[0][2])
    assert (body["limit"], body["unit"]) == ("16.5", "A")


def test_what_a_station_told_besides_is_shown(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    told = {"monitors": [{"name": "EVSE@1.Power", "outcome": "accepted"}]}
    server.answers["/api/v1/stations/CP-1/monitors"] = (200, {**ACCEPTED, "answer": told})

    assert ricarica("monitor", "set", "CP-1", "EVSE@1.Power", "upper", "11000.0") == 0
    assert json.loads(server.asked[0][2])["monitors"][0]["value"] == 11000
    assert "EVSE@1.Power" in capsys.readouterr().out


def test_a_station_that_never_heard_it_is_an_exit_code(server: Server) -> None:
    kept = {**ACCEPTED, "outcome": "unreached", "detail": "it is told when the station is back"}
    server.answers["/api/v1/stations/CP-1/charging-profiles/3"] = (200, kept)

    assert ricarica("energy", "remove", "CP-1", "3") == 4


def test_what_a_station_refused_is_an_exit_code(server: Server) -> None:
    refused = {**ACCEPTED, "outcome": "refused", "status": "Occupied"}
    server.answers["/api/v1/stations/CP-1/reservations"] = (200, refused)

    assert ricarica("reservation", "make", "CP-1", "A1") == 5


def test_a_message_is_shown_at_a_station(server: Server) -> None:
    server.answers["/api/v1/stations/CP-1/displays"] = (200, ACCEPTED)

    assert ricarica("display", "show", "CP-1", "Hello", "--language", "en") == 0
    assert json.loads(server.asked[0][2])["contents"] == [{"text": "Hello", "language": "en"}]


def test_a_station_that_is_away_is_an_exit_code(server: Server) -> None:
    server.answers["/api/v1/stations/CP-1/displays"] = (409, {"detail": "not connected"})

    assert ricarica("display", "show", "CP-1", "Hello") == 4


def test_a_certificate_is_revoked_by_its_number(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/api/v1/stations/CP-1/certificates"
    own = [{"id": "k1", "serial": "ab12"}, {"id": "k2", "serial": None}]
    server.answers[path] = (200, {"own": own, "installed": [], "listed_at": None})
    server.answers[f"{path}/k1/revoke"] = (200, {"id": "k1"})

    assert ricarica("security", "revoke", "CP-1", "AB12") == 0
    assert "revoked" in capsys.readouterr().out
    assert ricarica("security", "revoke", "CP-1", "ffff") == 2
