"""Limits, profiles and controls of the grid through the API."""

import json
from typing import Any

import httpx
import pytest

from ricarica.link.letters import Closed
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from tests.wire.api.house import Api

ACCEPTED = b'{"status":"Accepted"}'
LIMIT = {"limit": 16, "unit": "A"}
GRADIENT = {
    "kind": "gradients",
    "is_default": True,
    "gradient": {"gradient": 2, "soft_gradient": 1},
}


def sent(api: Api) -> tuple[str, dict[str, Any]]:
    """Action and payload of the last request that a station got."""
    ask = api.sockets.asked[-1]
    return ask.action, json.loads(ask.payload)


async def energy_of(client: httpx.AsyncClient) -> Any:
    return (await client.get("/stations/CP-1/energy")).json()


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_a_limit_is_set_and_shown(
    api: Api, admin: httpx.AsyncClient, dialect: Dialect
) -> None:
    await api.connect("CP-1", dialect)
    api.sockets.will_answer("SetChargingProfile", ACCEPTED)

    answer = await admin.post("/stations/CP-1/charging-limits", json=LIMIT)

    [profile] = (await energy_of(admin))["profiles"]
    assert answer.json()["outcome"] == "accepted"
    assert answer.json()["answer"] == {"number": 1}
    assert (profile["number"], profile["in_step"]) == (1, True)
    assert profile["held"]["schedules"][0]["periods"] == [{"limit": 16}]


async def test_what_a_station_refuses_says_why(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V201)
    refusal = b'{"status":"Rejected","statusInfo":{"reasonCode":"UnsupportedRateUnit"}}'
    api.sockets.will_answer("SetChargingProfile", refusal)

    answer = await admin.post("/stations/CP-1/charging-limits", json=LIMIT)

    [profile] = (await energy_of(admin))["profiles"]
    assert answer.json()["outcome"] == "refused"
    assert (profile["in_step"], profile["detail"]) == (False, "UnsupportedRateUnit")


async def test_what_is_asked_of_a_station_that_is_away_may_wait(
    api: Api, admin: httpx.AsyncClient
) -> None:
    key = await api.connect("CP-1", V21)
    api.node.link.close(Closed(key, 1, "gone", api.node.parts.clock.now()))
    path = "/stations/CP-1/commands"

    refused = await admin.post(f"{path}/composite", json={"evse": 1})
    waits = await admin.post(f"{path}/composite?when_away=keep", json={"evse": 1})
    control = await admin.post(f"{path}/set-der?when_away=keep", json=GRADIENT)

    kept = (await admin.get("/stations/CP-1/kept")).json()["items"]
    assert refused.status_code == 409
    assert waits.json()["outcome"] == control.json()["outcome"] == "unreached"
    assert [each["name"] for each in kept] == ["set-der", "composite"]
    assert kept[0]["body"]["id"] == control.json()["answer"]["id"]


async def test_neutral_words_for_energy_do_what_their_paths_do(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("SetChargingProfile", ACCEPTED)
    api.sockets.will_answer("ClearChargingProfile", ACCEPTED)
    path = "/stations/CP-1/commands"

    offered = (await admin.get(path)).json()["neutral"]
    limited = await admin.post(f"{path}/charging-limit", json=LIMIT)
    cleared = await admin.post(f"{path}/clear-profile", json={"number": 1})

    assert {"charging-limit", "clear-profile", "set-der", "update-dynamic"} <= set(offered)
    assert limited.json()["outcome"] == cleared.json()["outcome"] == "accepted"
    assert (await energy_of(admin))["profiles"] == []


async def test_a_station_that_is_away_is_told_later(api: Api, admin: httpx.AsyncClient) -> None:
    key = await api.connect("CP-1", V16)
    api.node.link.close(Closed(key, 1, "gone", api.node.parts.clock.now()))

    answer = await admin.post("/stations/CP-1/charging-limits", json=LIMIT)

    [profile] = (await energy_of(admin))["profiles"]
    assert answer.json()["outcome"] == "unreached"
    assert profile["wanted"] is not None
    assert profile["held"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 3, "unit": "A"},
        {"limit": 16, "unit": "A", "purpose": "external"},
        {"limit": 16, "unit": "A", "purpose": "transaction", "evse": 1},
        {"limit": 16, "unit": "kW"},
        {"limit": -1, "unit": "W"},
    ],
)
async def test_what_may_not_be_set_is_not_sent(
    api: Api, admin: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    await api.connect("CP-1", V201)

    answer = await admin.post("/stations/CP-1/charging-limits", json=body)

    assert answer.status_code in (400, 422)
    assert answer.json()["detail"]
    assert api.sockets.asked == []


async def test_who_only_looks_sets_nothing(api: Api, viewer: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V201)

    answer = await viewer.post("/stations/CP-1/charging-limits", json=LIMIT)

    assert answer.status_code == 403
    assert (await viewer.get("/stations/CP-1/energy")).status_code == 200


async def test_a_profile_is_set_and_removed(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("SetChargingProfile", ACCEPTED)
    api.sockets.will_answer("ClearChargingProfile", ACCEPTED)
    schedule = {"unit": "W", "periods": [{"limit": 11000}, {"start_s": 60, "limit": 0}]}
    profile = {"purpose": "tx_default", "id": 7, "schedules": [schedule]}

    await admin.post("/stations/CP-1/charging-profiles", json={"evse": 1, "profile": profile})
    before = await energy_of(admin)
    removed = await admin.delete("/stations/CP-1/charging-profiles/7")

    assert [each["number"] for each in before["profiles"]] == [7]
    assert removed.json()["outcome"] == "accepted"
    assert sent(api) == ("ClearChargingProfile", {"chargingProfileId": 7})
    assert (await energy_of(admin))["profiles"] == []


async def test_what_we_believe_is_told(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V201)
    api.sockets.will_answer("SetChargingProfile", ACCEPTED)
    await admin.post("/stations/CP-1/charging-limits", json=LIMIT)

    [span] = (await admin.get("/stations/CP-1/composite?evse=1")).json()["items"]

    assert (span["limit_a"], span["limit_w"]) == (16, 11040)


@pytest.mark.parametrize(
    ("path", "body", "action", "payload"),
    [
        (
            "composite",
            {"evse": 1, "hours": 1},
            "GetCompositeSchedule",
            {"duration": 3600, "evseId": 1},
        ),
        (
            "clear-profiles",
            {"purpose": "tx_default"},
            "ClearChargingProfile",
            {"chargingProfileCriteria": {"chargingProfilePurpose": "TxDefaultProfile"}},
        ),
        (
            "priority",
            {"transaction": "t1"},
            "UsePriorityCharging",
            {"transactionId": "t1", "activate": True},
        ),
        (
            "allow-transfers",
            {"transaction": "t1", "transfers": ["AC_BPT"]},
            "NotifyAllowedEnergyTransfer",
            {"transactionId": "t1", "allowedEnergyTransfer": ["AC_BPT"]},
        ),
        ("clear-der", {"is_default": True}, "ClearDERControl", {"isDefault": True}),
    ],
)
async def test_a_command_is_said(
    api: Api,
    admin: httpx.AsyncClient,
    path: str,
    body: dict[str, Any],
    action: str,
    payload: dict[str, Any],
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer(action, ACCEPTED)

    answer = await admin.post(f"/stations/CP-1/commands/{path}", json=body)

    assert answer.json()["outcome"] == "accepted"
    assert sent(api) == (action, payload)


@pytest.mark.parametrize(
    ("path", "more", "action"),
    [
        ("priority", {}, "UsePriorityCharging"),
        ("allow-transfers", {"transfers": ["AC_BPT"]}, "NotifyAllowedEnergyTransfer"),
    ],
)
async def test_a_transaction_that_is_named_by_our_id_is_told_by_the_stations_own(
    api: Api, admin: httpx.AsyncClient, path: str, more: dict[str, Any], action: str
) -> None:
    await admin.put("/stations/CP-1", json={})
    key = await api.connect("CP-1", V21)
    boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M"}}
    await api.deliver(key, V21, "BootNotification", boot)
    begun = {
        "eventType": "Started",
        "triggerReason": "CablePluggedIn",
        "seqNo": 0,
        "timestamp": api.node.parts.clock.now().isoformat(),
        "transactionInfo": {"transactionId": "T-1"},
        "evse": {"id": 1, "connectorId": 1},
    }
    await api.deliver(key, V21, "TransactionEvent", begun)
    api.sockets.will_answer(action, ACCEPTED)
    [running] = (await admin.get("/transactions?running=true")).json()["items"]

    body = {"transaction": running["id"]} | more
    answer = await admin.post(f"/stations/CP-1/commands/{path}", json=body)

    assert answer.json()["outcome"] == "accepted"
    assert sent(api)[1]["transactionId"] == "T-1"


@pytest.mark.parametrize("path", ["report-profiles", "report-der", "afrr"])
async def test_what_carries_a_number_or_a_time_is_said(
    api: Api, admin: httpx.AsyncClient, path: str
) -> None:
    await api.connect("CP-1", V21)
    for action in ("GetChargingProfiles", "GetDERControl", "AFRRSignal"):
        api.sockets.will_answer(action, ACCEPTED)

    body = {"signal": 1} if path == "afrr" else {}
    answer = await admin.post(f"/stations/CP-1/commands/{path}", json=body)

    assert answer.json()["outcome"] == "accepted"


async def test_a_start_brings_its_profile(api: Api, admin: httpx.AsyncClient) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V16)
    api.sockets.will_answer("RemoteStartTransaction", ACCEPTED)
    schedule = {"unit": "A", "periods": [{"limit": 8}]}
    profile = {"purpose": "transaction", "kind": "relative", "schedules": [schedule]}

    await admin.post("/stations/CP-1/commands/start-limited", json={"evse": 1, "profile": profile})

    action, payload = sent(api)
    assert action == "RemoteStartTransaction"
    assert payload["chargingProfile"]["chargingProfilePurpose"] == "TxProfile"
    assert "transactionId" not in payload["chargingProfile"]


async def test_a_control_is_set(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("SetDERControl", b'{"status":"Accepted","supersededIds":["old"]}')
    gradient = {"gradient": 10, "soft_gradient": 5}
    body = {"kind": "gradients", "is_default": True, "gradient": gradient}

    answer = (await admin.post("/stations/CP-1/der-controls", json=body)).json()

    [control] = (await energy_of(admin))["controls"]
    assert answer["answer"] == {"superseded": ["old"], "id": control["control"]["id"]}
    assert control["held"]


async def test_a_rule_is_decided_and_taken_back(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    rule = {"power_w": 11000, "transfers": ["AC_BPT"]}

    await admin.put("/stations/CP-1/energy/rule", json=rule)
    decided = (await admin.get("/energy/rules")).json()["items"]
    await admin.put("/stations/CP-1/energy/rule", json={})

    assert decided == [{"station": "CP-1", **rule}]
    assert (await admin.get("/energy/rules")).json()["items"] == []


async def test_stations_with_anything_to_show_are_listed(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    await api.connect("CP-2", V16)
    api.sockets.will_answer("SetChargingProfile", ACCEPTED)
    await admin.post("/stations/CP-1/charging-limits", json=LIMIT)

    [row] = (await admin.get("/energy")).json()["items"]

    assert (row["station"], row["profiles"], row["out_of_step"]) == ("CP-1", 1, 0)


async def test_a_profile_that_a_dialect_cannot_say_is_not_tried_again(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    body = {"limit": 16, "unit": "A", "purpose": "priority"}

    answer = await admin.post("/stations/CP-1/charging-limits", json=body)

    [profile] = (await energy_of(admin))["profiles"]
    assert answer.json()["outcome"] == "unsupported"
    assert profile["outcome"] == "unsupported"
    assert "no word" in profile["detail"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 2**31},
        {"valid_from": "2026-11-22T12:00:00"},  # without an offset
        {"schedules": [{"unit": "A", "periods": [{"limit": "NaN"}]}]},
        {"schedules": [{"unit": "A", "periods": [{"limit": 1e300}]}]},
        {"schedules": [{"unit": "A", "periods": []}]},
        {"schedules": []},
        {"transaction": "x"},
    ],
    ids=str,
)
async def test_what_makes_no_sense_in_a_profile_is_refused_with_a_reason(
    api: Api, admin: httpx.AsyncClient, changes: dict[str, Any]
) -> None:
    await api.connect("CP-1", V21)
    schedule = {"unit": "A", "periods": [{"limit": 8}]}
    profile = {"purpose": "tx_default", "schedules": [schedule], **changes}

    answer = await admin.post(
        "/stations/CP-1/charging-profiles", json={"evse": 0, "profile": profile}
    )

    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"]


async def test_prices_that_are_none_are_not_sent(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V21)
    schedule = {"unit": "A", "periods": [{"limit": 8}], "sales_tariff": {"id": "x"}}
    body = {"evse": 0, "profile": {"purpose": "tx_default", "schedules": [schedule]}}

    answer = await admin.post("/stations/CP-1/charging-profiles", json=body)

    assert answer.json()["outcome"] == "unsupported"
    assert "SalesTariff" in answer.json()["detail"]
