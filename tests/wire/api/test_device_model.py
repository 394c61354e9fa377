"""Device model, templates, monitors, events and alerts over the API."""

import json

import httpx
import pytest

from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.monitoring.facts import EventsNoticed, Noticed
from ricarica.ocpp.dialects import V16, V21
from ricarica.slices import Slices
from tests.wire.api.house import SYSTEM, Api

KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
TEMPLATE = {
    "name": "City",
    "applies": {"vendor": "Stella*"},
    "settings": {"meter_interval": "60"},
    "monitors": [{"name": "EVSE@1.Power", "type": "upper", "value": 1000.5, "severity": 3}],
    "monitoring_level": 7,
    "rank": 2,
}
RULE = {
    "name": "Often refused",
    "kind": "TokenJudged",
    "matches": {"members": {"verdict": "blocked"}},
    "threshold": 3,
    "window_s": 600,
    "applies": {"stations": ["CP-1"]},
}


def said(api: Api, action: str) -> list[dict[str, object]]:
    return [json.loads(ask.payload) for ask in api.sockets.asked if ask.action == action]


async def test_a_template_is_added_changed_and_removed(admin: httpx.AsyncClient) -> None:
    added = await admin.post("/templates", json=TEMPLATE)
    path = f"/templates/{added.json()['id']}"
    changed = await admin.put(path, json={**TEMPLATE, "settings": {"cache_enabled": "true"}})
    listed = await admin.get("/templates")
    removed = await admin.delete(path)

    assert added.status_code == 201
    assert added.json()["monitors"][0]["value"] == 1000.5
    assert changed.json()["settings"] == {"cache_enabled": "true"}
    assert changed.json()["created_at"] == added.json()["created_at"]
    assert [each["name"] for each in listed.json()["items"]] == ["City"]
    assert removed.status_code == 204
    assert (await admin.get(path)).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"settings": {"AuthorizationKey": "secret"}},
        {"monitors": [{"name": "EVSE@1.Power", "type": "delta", "value": -1}]},
        {"monitors": [{"name": "EVSE@1.Power", "type": "upper", "value": 1, "stream": {}}]},
        {"monitoring_level": 12},
        {"unknown": 1},
    ],
)
async def test_a_template_that_makes_no_sense_is_refused(
    admin: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    assert (await admin.post("/templates", json={**TEMPLATE, **wrong})).status_code == 422


async def test_a_viewer_changes_no_template_and_no_rule(viewer: httpx.AsyncClient) -> None:
    assert (await viewer.post("/templates", json=TEMPLATE)).status_code == 403
    assert (await viewer.post("/alert-rules", json=RULE)).status_code == 403
    assert (await viewer.get("/alert-rules")).status_code == 200


async def test_how_a_station_stands_to_its_templates_is_told(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    template = {**TEMPLATE, "applies": {}}
    added = (await admin.post("/templates", json=template)).json()

    drift = (await admin.get("/stations/CP-1/drift")).json()
    page = (await admin.get(f"/templates/{added['id']}/drift")).json()
    pushed = await admin.post(f"/templates/{added['id']}/push")

    assert drift["differences"] == [
        {
            "name": "meter_interval",
            "wanted": "60",
            "actual": None,
            "standing": "missing",
            "why": None,
        }
    ]
    assert page["items"] == [drift]
    assert (pushed.status_code, pushed.json()) == (202, {"stations": 1})


async def test_a_part_of_the_device_model_is_asked_for(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("GetReport", b'{"status":"EmptyResultSet"}')

    answer = await admin.post(
        "/stations/CP-1/device-model", json={"criteria": ["problem"], "places": ["EVSE@1."]}
    )
    both = await admin.post(
        "/stations/CP-1/device-model", json={"extent": "all", "places": ["EVSE@1."]}
    )

    assert (answer.json()["outcome"], answer.json()["status"]) == ("accepted", "EmptyResultSet")
    [asked] = said(api, "GetReport")
    assert asked["componentCriteria"] == ["Problem"]
    assert asked["componentVariable"] == [{"component": {"name": "EVSE", "evse": {"id": 1}}}]
    assert both.status_code == 422


async def test_monitors_are_set_and_known_then(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    place = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}
    result = {"id": 7, "status": "Accepted", "type": "UpperThreshold", "severity": 3, **place}
    api.sockets.will_answer(
        "SetVariableMonitoring", json.dumps({"setMonitoringResult": [result]}).encode()
    )

    answer = await admin.post("/stations/CP-1/monitors", json={"monitors": TEMPLATE["monitors"]})
    known = (await admin.get("/stations/CP-1/monitors")).json()["items"]

    assert answer.json()["outcome"] == "accepted"
    assert [(each["number"], each["name"], each["value"]) for each in known] == [
        (7, "EVSE@1.Power", 1000.5)
    ]


async def test_an_event_is_found_and_acknowledged(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    await _notice(api, "FanSpeed.Problem", 2)
    await _notice(api, "EVSE@1.Power", 8)

    severe = (await admin.get("/station-events", params={"severity": 3})).json()["items"]
    path = f"/station-events/{severe[0]['id']}/acknowledge"
    seen = (await admin.post(path, json={"note": "a screw"})).json()
    unseen = (await admin.get("/station-events", params={"acknowledged": "false"})).json()["items"]

    assert [each["name"] for each in severe] == ["FanSpeed.Problem"]
    assert seen["note"] == "a screw"
    assert seen["acknowledged_by"] is not None
    assert [each["name"] for each in unseen] == ["EVSE@1.Power"]
    assert (await admin.post("/station-events/5/acknowledge", json={})).status_code == 404


async def _notice(api: Api, name: str, severity: int) -> None:
    async def notice(slices: Slices) -> None:
        event = Noticed(name, "true", slices.now, severity)
        await slices.monitoring.notice(EventsNoticed(KEY, (event,), slices.now))

    await api.node.engine.carry_out(SYSTEM, notice)


async def test_a_rule_is_added_changed_and_removed(admin: httpx.AsyncClient) -> None:
    added = (await admin.post("/alert-rules", json=RULE)).json()
    path = f"/alert-rules/{added['id']}"
    changed = (await admin.put(path, json={**RULE, "is_active": False})).json()
    rules = {each["id"]: each for each in (await admin.get("/alert-rules")).json()["items"]}

    assert (added["threshold"], added["is_default"]) == (3, False)
    assert changed["is_active"] is False
    assert rules["ground-failure"]["is_default"] is True
    assert rules["offline"]["kind"] == "offline"
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete("/alert-rules/offline")).status_code == 422
    assert (await admin.put("/alert-rules/nowhere", json=RULE)).status_code == 404
