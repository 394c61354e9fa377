"""Rules, lists, attempts, reservations, displays and customers over the API."""

import json
from datetime import UTC, datetime, timedelta

import httpx

from ricarica.authorization.model import TokenRef
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.ocpp.dialects import V16, V21
from tests.wire.api.house import Api

KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
RULE = {
    "label": "By day",
    "group": "FLEET",
    "station": "CP-1",
    "weekdays": [0, 1, 2, 3, 4],
    "begins": "08:00:00",
    "ends": "18:00:00",
    "zone": "Europe/Rome",
}
HELLO = {"label": "Hello", "contents": [{"text": "Hello"}]}


def said(api: Api, action: str) -> list[dict[str, object]]:
    return [json.loads(ask.payload) for ask in api.sockets.asked if ask.action == action]


def in_an_hour() -> str:
    return (datetime.now(UTC) + timedelta(hours=1)).isoformat()


async def test_a_rule_is_laid_down_changed_and_removed(admin: httpx.AsyncClient) -> None:
    added = await admin.post("/access-rules", json=RULE)
    path = f"/access-rules/{added.json()['id']}"
    changed = await admin.put(path, json={**RULE, "effect": "keep"})
    listed = (await admin.get("/access-rules")).json()["items"]
    removed = await admin.delete(path)

    assert added.status_code == 201
    assert (added.json()["weekdays"], added.json()["begins"]) == ([0, 1, 2, 3, 4], "08:00:00")
    assert changed.json()["effect"] == "keep"
    assert [each["id"] for each in listed] == [added.json()["id"]]
    assert removed.status_code == 204
    assert (await admin.delete(path)).status_code == 404


async def test_a_rule_that_makes_no_sense_is_refused(admin: httpx.AsyncClient) -> None:
    for wrong in ({"evse": 1}, {"zone": "Nowhere"}, {"token": "A", "group": "B"}):
        assert (await admin.post("/access-rules", json=wrong)).status_code == 422


async def test_a_viewer_lays_nothing_down(viewer: httpx.AsyncClient) -> None:
    assert (await viewer.post("/access-rules", json=RULE)).status_code == 403
    assert (await viewer.post("/local-lists", json={})).status_code == 403
    assert (await viewer.post("/displays", json=HELLO)).status_code == 403
    assert (await viewer.get("/customer-reports")).status_code == 403


async def test_groups_are_those_of_tokens_and_those_that_were_described(
    admin: httpx.AsyncClient,
) -> None:
    await admin.post("/tokens", json={"uid": "A1", "group": "FLEET"})
    await admin.put("/token-groups/MASTERS", json={"label": "Janitors", "is_master": True})

    groups = (await admin.get("/token-groups")).json()["items"]

    assert [(each["id"], each["is_master"], each["tokens"]) for each in groups] == [
        ("FLEET", False, 1),
        ("MASTERS", True, 0),
    ]


async def test_what_is_known_of_a_group_is_forgotten(admin: httpx.AsyncClient) -> None:
    await admin.post("/tokens", json={"uid": "A1", "group": "FLEET"})
    await admin.put("/token-groups/FLEET", json={"label": "Vans", "is_master": True})

    removed = await admin.delete("/token-groups/FLEET")
    [group] = (await admin.get("/token-groups")).json()["items"]

    assert removed.status_code == 204
    assert group == {"id": "FLEET", "label": "", "is_master": False, "tokens": 1}
    assert (await admin.delete("/token-groups/FLEET")).status_code == 404


async def test_how_a_token_is_treated_is_part_of_it(admin: httpx.AsyncClient) -> None:
    treatment = {"language": "it", "message": "Ciao", "priority": 3, "transfers": ["DC"]}

    await admin.post("/tokens", json={"uid": "A1", "treatment": treatment})
    told = (await admin.get("/tokens/A1")).json()["treatment"]
    wrong = await admin.patch("/tokens/A1", json={"treatment": {"second_language": "en"}})

    assert {name: told[name] for name in treatment} == treatment
    assert wrong.status_code == 422


async def test_attempts_are_masked_for_whom_may_not_edit_tokens(
    api: Api, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    now = api.node.parts.clock.now()
    ref = TokenRef("04A1B2C3")
    await api.carry_out(lambda slices: slices.authorization.authorize(KEY, ref, now))

    of_it = {"refused": "true", "station": "cp-1"}
    [in_full] = (await admin.get("/authorization-attempts", params=of_it)).json()["items"]
    [masked] = (await viewer.get("/authorization-attempts")).json()["items"]

    assert (in_full["uid"], in_full["verdict"]) == ("04A1B2C3", "unknown")
    assert masked["uid"] == "04…C3"


async def test_what_a_local_list_shall_have_is_said_and_what_it_has_is_told(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    added = await admin.post("/local-lists", json={"label": "All"})
    path = f"/local-lists/{added.json()['id']}"
    changed = await admin.put(path, json={"group": "FLEET", "is_on": False})

    told = (await admin.get("/stations/CP-1/local-list")).json()

    assert (changed.json()["group"], changed.json()["is_on"]) == ("FLEET", False)
    assert (told["version"], told["tokens"], told["trouble"]) == (0, [], None)
    assert (await admin.post("/stations/CP-1/local-list/send")).status_code == 202
    assert (await admin.delete(path)).status_code == 204


async def test_an_evse_is_reserved_and_the_reservation_cancelled(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    await admin.post("/tokens", json={"uid": "A1", "group": "FLEET"})
    api.sockets.will_answer("ReserveNow", b'{"status":"Accepted"}')
    api.sockets.will_answer("CancelReservation", b'{"status":"Accepted"}')
    body = {"token": "a1", "expires_at": in_an_hour(), "evse": 1}

    made = await admin.post("/stations/CP-1/reservations", json=body)
    number = made.json()["answer"]["number"]
    open_ = (await admin.get("/reservations?is_open=true")).json()["items"]
    cancelled = await admin.delete(f"/stations/CP-1/reservations/{number}")
    again = await admin.delete(f"/stations/CP-1/reservations/{number}")

    assert made.json()["outcome"] == "accepted"
    [asked] = said(api, "ReserveNow")
    assert asked["groupIdToken"] == {"idToken": "FLEET", "type": "Central"}
    assert [(each["number"], each["state"], each["evse"]) for each in open_] == [
        (number, "held", 1)
    ]
    assert cancelled.json()["outcome"] == "accepted"
    assert again.status_code == 409


async def test_a_message_is_shown_and_cleared(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("SetDisplayMessage", b'{"status":"Accepted"}')
    api.sockets.will_answer("ClearDisplayMessage", b'{"status":"Accepted"}')

    body = {"contents": [{"text": "Hello"}], "number": 7}
    shown = await admin.post("/stations/CP-1/displays", json=body)
    [there] = (await admin.get("/stations/CP-1/displays")).json()["items"]
    cleared = await admin.delete("/stations/CP-1/displays/7")

    assert shown.json()["answer"]["number"] == 7
    assert (there["number"], there["state"]) == (7, "shown")
    assert cleared.json()["outcome"] == "accepted"
    assert (await admin.get("/stations/CP-1/displays")).json()["items"] == []


async def test_a_message_that_shall_be_shown_is_added_changed_and_removed(
    admin: httpx.AsyncClient,
) -> None:
    added = (await admin.post("/displays", json=HELLO)).json()
    path = f"/displays/{added['id']}"
    changed = (await admin.put(path, json={**HELLO, "priority": "in_front"})).json()

    assert (changed["priority"], changed["number"]) == ("in_front", added["number"])
    assert (await admin.get(path)).json() == changed
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_a_customer_is_asked_after_and_the_answer_is_kept_a_while(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("CustomerInformation", b'{"status":"Accepted"}')
    path = "/stations/CP-1/commands/customer-information"

    asked = await admin.post(path, json={"token": "04A1B2C3", "report": True})
    number = asked.json()["answer"]["number"]
    await api.carry_out(lambda slices: slices.customers.told(KEY, number, 0, "Ada", is_last=True))
    [report] = (await admin.get("/customer-reports?station=CP-1")).json()["items"]

    assert (report["who"], report["state"], report["text"]) == ("04…C3", "told", "Ada")
    assert (await admin.post(path, json={"report": True})).status_code == 422


async def test_tickets_are_let_in_and_codes_never(admin: httpx.AsyncClient) -> None:
    opened = await admin.put("/open-token-kinds", json={"kinds": ["Local"]})
    codes = await admin.put("/open-token-kinds", json={"kinds": ["KeyCode"]})

    assert opened.status_code == 200
    assert codes.status_code == 422
    assert (await admin.get("/open-token-kinds")).json() == {"kinds": ["Local"]}
