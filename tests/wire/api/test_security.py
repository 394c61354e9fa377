"""Security events, passwords, certificates and networks over the API."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from ricarica.app.probe import Probe
from ricarica.app.station_doctor import StationDoctor
from ricarica.certificates.authority import new_authority
from ricarica.ocpp.dialects import V16, V21
from tests.wire.api.house import Api

EVENT = {"type": "TamperDetectionActivated", "timestamp": "2026-03-01T10:00:00Z"}
BOOT = {
    "reason": "PowerUp",
    "chargingStation": {"model": "Duo", "vendorName": "Stellavolt", "serialNumber": "SV-1"},
}
PROFILE = {"url": "wss://csms.example.com", "security_profile": 2, "password": "x" * 20}


async def connected(api: Api, admin: httpx.AsyncClient) -> Any:
    """A station of 2.1 that is accepted."""
    await admin.put("/stations/CP-1", json={"status": "accepted"})
    key = await api.connect("CP-1", V21)
    await api.deliver(key, V21, "BootNotification", BOOT)
    return key


def said(api: Api, action: str) -> list[dict[str, Any]]:
    return [json.loads(ask.payload) for ask in api.sockets.asked if ask.action == action]


async def test_events_are_listed_and_marked_as_seen(api: Api, admin: httpx.AsyncClient) -> None:
    key = await connected(api, admin)
    await api.deliver(key, V21, "SecurityEventNotification", EVENT)

    [event] = (await admin.get("/security/events?unseen=true")).json()["items"]
    done = await admin.post("/security/events/acknowledge", json={"ids": [event["id"]]})

    assert (event["station"], event["kind"]) == ("CP-1", "TamperDetectionActivated")
    assert event["is_critical"]
    assert done.json() == {"acknowledged": 1}
    assert (await admin.get("/security/events?unseen=true")).json()["items"] == []
    [seen] = (await admin.get("/security/events?station=CP-1")).json()["items"]
    assert seen["acknowledged_by"].startswith("a admin")


async def test_a_password_is_given_and_never_shown(api: Api, admin: httpx.AsyncClient) -> None:
    await connected(api, admin)
    result = {
        "attributeStatus": "Accepted",
        "component": {"name": "SecurityCtrlr"},
        "variable": {"name": "BasicAuthPassword"},
    }
    api.sockets.will_answer("SetVariables", json.dumps({"setVariableResult": [result]}).encode())

    answer = await admin.post("/stations/CP-1/password")

    [asked] = said(api, "SetVariables")
    password = asked["setVariableData"][0]["attributeValue"]
    assert answer.json()["outcome"] == "accepted"
    assert len(password) == 40
    for path in ("/audit", "/messages", "/stations/CP-1", "/stations/CP-1/messages"):
        assert password not in (await admin.get(path)).text


@pytest.mark.parametrize(
    "name, instead",
    [
        ("AuthorizationKey", "password"),
        (" authorizationkey", "password"),
        ("SecurityCtrlr.BasicAuthPassword", "password"),
        ("Elsewhere.basicAuthPassword:Target", "password"),
        ("SecurityCtrlr.BasicAuthPassword#a.b", "password"),
        ("SecurityProfile", "security-profile"),
        ("SecurityCtrlr.SecurityProfile", "security-profile"),
        ("security_profile", "security-profile"),
    ],
)
async def test_what_opens_the_door_is_no_setting_that_anybody_writes(
    api: Api, admin: httpx.AsyncClient, name: str, instead: str
) -> None:
    await connected(api, admin)
    write = {"write": {name: "3"}}
    many = {"command": "settings", "body": write, "select": {"ids": ["CP-1"]}}

    answers = [
        await admin.post("/stations/CP-1/commands/settings", json=write),
        await admin.patch("/stations/CP-1/settings", json={name: "3"}),
        await admin.post("/bulk", json=many),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert all(f"/stations/{{identity}}/{instead}" in answer.text for answer in answers)
    assert not said(api, "SetVariables")


@pytest.mark.parametrize(
    "action, body",
    [
        ("ChangeConfiguration", b'{"key": "AuthorizationKey", "value": "x"}'),
        ("ChangeConfiguration", b'{"key": "securityprofile ", "value": "3"}'),
        ("ChangeConfiguration", b'{"key": "SecurityProfile", "value": "3", "key": "Volume"}'),
        ("ChangeConfiguration", b'{"key": "Authorization\\u004bey", "value": "x"}'),
        ("ChangeConfiguration", b'{"key": "AuthorizationKey", "value": "x",}'),
        ("SetVariables", b'{"setVariableData": [{"variable": {"name": "BasicAuthPassword"}}]}'),
    ],
)
@pytest.mark.parametrize("query", ["", "?raw=true", "?when_away=keep"])
async def test_nor_does_anybody_write_it_in_their_own_words(
    api: Api, admin: httpx.AsyncClient, action: str, body: bytes, query: str
) -> None:
    await connected(api, admin)

    answer = await admin.post(f"/stations/CP-1/commands/{action}{query}", content=body)

    assert answer.status_code == 422
    assert "security-profile" in answer.text or "/password" in answer.text
    assert not said(api, action)


async def test_nor_does_anybody_tell_many_in_their_own_words(admin: httpx.AsyncClient) -> None:
    body = {"key": "AuthorizationKey", "value": "x"}

    answer = await admin.post("/bulk", json={"command": "ChangeConfiguration", "body": body})

    assert (answer.status_code, "/password" in answer.text) == (422, True)


@pytest.mark.parametrize("order, body", [("password", {}), ("security-profile", {"profile": 1})])
async def test_what_a_station_that_is_away_was_to_do_is_refused_and_noted(
    admin: httpx.AsyncClient, order: str, body: dict[str, int]
) -> None:
    prepared = {"status": "accepted", "security_profile": 0, "password": "x" * 20}
    await admin.put("/stations/CP-1", json=prepared)

    answer = await admin.post(f"/stations/CP-1/{order}", json=body)
    [latest, *_] = (await admin.get("/audit")).json()["items"]

    assert answer.status_code == 409
    assert answer.json()["detail"] == "CP-1 is not connected; nothing was sent"
    assert (latest["action"], latest["outcome"]) == (f"station.{order}", "unreached")


async def test_what_a_higher_profile_lacks_is_said(api: Api, admin: httpx.AsyncClient) -> None:
    await connected(api, admin)

    answer = await admin.post("/stations/CP-1/security-profile", json={"profile": 3})

    assert answer.status_code == 409
    assert "it has no certificate of ours" in answer.json()["detail"]


async def test_a_root_is_added_listed_and_removed(admin: httpx.AsyncClient) -> None:
    pem = new_authority("Root", None, datetime.now(UTC)).certificate
    added = await admin.post("/roots", json={"kind": "csms", "pem": pem, "stations": ["CP-1"]})
    path = f"/roots/csms/{added.json()['id']}"
    removed = await admin.delete(path)
    [unwanted] = (await admin.get("/roots")).json()["items"]
    forgotten = await admin.delete(f"{path}?forget=true")

    assert (added.status_code, added.json()["name"]) == (201, "Root")
    assert (removed.status_code, forgotten.status_code) == (204, 204)
    assert unwanted["is_unwanted"]
    assert (await admin.get("/roots")).json()["items"] == []


@pytest.mark.parametrize("pem", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAA\n"])
async def test_what_is_no_root_is_refused(admin: httpx.AsyncClient, pem: str) -> None:
    assert (await admin.post("/roots", json={"kind": "csms", "pem": pem})).status_code == 422


async def test_an_authority_of_ones_own_is_kept_without_its_key(admin: httpx.AsyncClient) -> None:
    made = new_authority("Volta CA", "Volta", datetime.now(UTC))
    body = {"chain": made.certificate, "key": made.key.decode()}

    kept = await admin.put("/authorities/v2g", json=body)
    shown = await admin.get("/authorities/v2g")

    assert kept.status_code == 200
    assert shown.json()["name"] == "Volta CA, Volta"
    assert "PRIVATE KEY" not in kept.text + shown.text
    assert (await admin.get("/authorities/station")).status_code == 404


async def test_a_network_profile_is_put_into_a_slot(api: Api, admin: httpx.AsyncClient) -> None:
    await connected(api, admin)

    saved = await admin.put("/network-profiles/new", json=PROFILE)
    slot = await admin.put("/stations/CP-1/networks/2", json={"profile": "new"})
    in_use = await admin.delete("/network-profiles/new")
    unknown = await admin.put("/stations/CP-1/networks/2", json={"profile": "nowhere"})

    assert saved.json()["has_secrets"]
    assert "x" * 20 not in saved.text + slot.text
    assert slot.json()["slots"][0]["profile"] == "new"
    assert (in_use.status_code, unknown.status_code) == (409, 404)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "https://csms.example.com"},
        {"url": "ws://csms.example.com"},
        {"url": "wss://user:secret@csms.example.com"},
        {"interface": "Pigeon"},
        {"message_timeout_s": 0},
        {"password": "short"},
    ],
)
async def test_a_network_that_leads_nowhere_is_refused(
    admin: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    answer = await admin.put("/network-profiles/new", json={**PROFILE, **wrong})

    assert answer.status_code == 422


async def test_a_certificate_is_asked_for(api: Api, admin: httpx.AsyncClient) -> None:
    await connected(api, admin)
    api.sockets.will_answer("TriggerMessage", b'{"status": "Accepted"}')

    answer = await admin.post("/stations/CP-1/certificates/renew", json={})

    assert answer.json()["outcome"] == "accepted"
    assert said(api, "TriggerMessage")[-1]["requestedMessage"] == "SignChargingStationCertificate"


async def test_1_6_is_asked_for_each_kind_of_certificate(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={"status": "accepted"})
    await api.connect("CP-1", V16)
    api.sockets.will_answer("GetInstalledCertificateIds", b'{"status": "NotFound"}')

    await admin.post("/stations/CP-1/certificates/list")

    asked = [each["certificateType"] for each in said(api, "GetInstalledCertificateIds")]
    assert asked == ["CentralSystemRootCertificate", "ManufacturerRootCertificate"]


async def test_the_doctor_examines_who_is_registered_and_who_is_not(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await connected(api, admin)
    node = api.node
    clock, engine = node.parts.clock, node.engine
    engine.doctor = StationDoctor(
        engine.database, engine.refusals, node.parts.policy, Probe(None, clock), clock
    )

    well = (await admin.get("/stations/cp-1/doctor")).json()
    unknown = (await admin.get("/stations/CP-2/doctor")).json()

    assert (well["station"], well["is_registered"], well["is_well"]) == ("CP-1", True, True)
    assert (unknown["is_registered"], unknown["is_well"]) == (False, False)
    assert unknown["findings"][0]["remedy"]


async def test_a_viewer_looks_and_changes_nothing(viewer: httpx.AsyncClient) -> None:
    assert (await viewer.get("/security/events")).status_code == 200
    assert (await viewer.get("/roots")).status_code == 200
    assert (await viewer.post("/roots", json={})).status_code == 403
    assert (await viewer.put("/network-profiles/x", json=PROFILE)).status_code == 403
    assert (await viewer.put("/authorities/v2g", json={})).status_code == 403
