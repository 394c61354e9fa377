import json
from typing import Any

import httpx
import pytest

from ricarica.link.letters import Outcome, Told
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from tests.wire.api.house import Api

ACCEPTED = b'{"status":"Accepted"}'


def sent(api: Api) -> tuple[str, dict[str, Any]]:
    """Action and payload of the last request that a station got."""
    ask = api.sockets.asked[-1]
    return ask.action, json.loads(ask.payload)


@pytest.mark.parametrize(
    "dialect, command, body, action, payload",
    [
        (V16, "reset", {"hard": True}, "Reset", {"type": "Hard"}),
        (V201, "reset", {"when_idle": True}, "Reset", {"type": "OnIdle"}),
        (V16, "unlock", {"evse": 2}, "UnlockConnector", {"connectorId": 2}),
        (V21, "unlock", {"evse": 2}, "UnlockConnector", {"evseId": 2, "connectorId": 1}),
        (
            V16,
            "availability",
            {"operative": False, "evse": 1},
            "ChangeAvailability",
            {"connectorId": 1, "type": "Inoperative"},
        ),
        (
            V201,
            "trigger",
            {"topic": "heartbeat"},
            "TriggerMessage",
            {"requestedMessage": "Heartbeat"},
        ),
        (V21, "clear-cache", {}, "ClearCache", {}),
    ],
)
async def test_a_command_is_said_in_the_stations_own_words(
    api: Api,
    admin: httpx.AsyncClient,
    dialect: Dialect,
    command: str,
    body: dict[str, Any],
    action: str,
    payload: dict[str, Any],
) -> None:
    await api.connect("CP-1", dialect)
    answer = b'{"status":"Unlocked"}' if command == "unlock" else ACCEPTED
    api.sockets.will_answer(action, answer)

    response = await admin.post(f"/stations/cp-1/commands/{command}", json=body)

    assert response.status_code == 200, response.text
    assert response.json()["outcome"] == "accepted"
    assert sent(api) == (action, payload)


@pytest.mark.parametrize(
    "command, body",
    [
        ("reset", {"evse": 1}),
        ("reset", {"when_idle": True}),
        ("unlock", {"evse": 1, "connector": 2}),
        ("availability", {"operative": False, "evse": 1, "connector": 2}),
        ("start", {"evse": 1, "connector": 2}),
        ("trigger", {"topic": "status", "evse": 1, "connector": 2}),
    ],
)
async def test_what_1_6_has_no_word_for_is_not_said_of_more_than_was_meant(
    api: Api, admin: httpx.AsyncClient, command: str, body: dict[str, Any]
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V16)

    response = await admin.post(f"/stations/CP-1/commands/{command}", json=body)

    assert response.json()["outcome"] == "unsupported"
    assert response.json()["detail"].startswith("1.6 has no word for")
    assert api.sockets.asked == []


@pytest.mark.parametrize("dialect", [V16, V201, V21], ids=str)
@pytest.mark.parametrize(
    "command, body",
    [
        ("availability", {"operative": False, "connector": 1}),
        ("trigger", {"topic": "status", "connector": 1}),
        ("start", {"connector": 1}),
        ("start", {"connector": 1, "limits": {"energy_wh": 5000}}),
    ],
)
async def test_a_connector_without_its_evse_is_not_taken_for_the_whole_station(
    api: Api, admin: httpx.AsyncClient, dialect: Dialect, command: str, body: dict[str, Any]
) -> None:
    await api.connect("CP-1", dialect)

    response = await admin.post(f"/stations/CP-1/commands/{command}", json=body)

    assert response.status_code == 422, response.text
    assert "EVSE of connector 1" in response.text
    assert api.sockets.asked == []


@pytest.mark.usecase("B02")
@pytest.mark.parametrize(
    "dialect, command, body",
    [
        (V16, "start", {"evse": 1}),
        (V201, "start", {"evse": 1, "limits": {"energy_wh": 5000}}),
        (V21, "stop", {}),
        (V16, "RemoteStartTransaction", {"idTag": "ABC"}),
        (V201, "RequestStopTransaction", {"transactionId": "T-1"}),
    ],
)
async def test_nothing_is_started_or_stopped_at_a_station_that_waits_to_be_accepted(
    api: Api, admin: httpx.AsyncClient, dialect: Dialect, command: str, body: dict[str, Any]
) -> None:
    await admin.put("/stations/CP-1", json={"status": "pending"})
    await api.connect("CP-1", dialect)

    response = await admin.post(f"/stations/CP-1/commands/{command}", json=body)

    assert response.status_code == 409, response.text  # B02.FR.05, OCPP 1.6 §4.2.1
    assert "CP-1 has not been accepted yet" in response.text
    assert api.sockets.asked == []


async def test_a_start_without_a_token_uses_the_operators_own(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V16)
    api.sockets.will_answer("RemoteStartTransaction", ACCEPTED)

    response = await admin.post("/stations/CP-1/commands/start", json={"evse": 1})

    assert response.json()["outcome"] == "accepted"
    assert response.json()["answer"]["number"] > 0
    assert sent(api)[1] == {"connectorId": 1, "idTag": "RICARICA-DESK"}


async def test_a_start_names_the_tokens_kind_where_the_dialect_has_one(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    await api.connect("CP-1", V201)
    await admin.post("/tokens", json={"uid": "KEY-1", "kind": "KeyCode"})
    api.sockets.will_answer("RequestStartTransaction", ACCEPTED)

    await admin.post("/stations/CP-1/commands/start", json={"token": "key-1"})

    assert sent(api)[1]["idToken"] == {"idToken": "KEY-1", "type": "KeyCode"}


async def test_a_running_transaction_is_stopped_by_its_name_or_as_the_only_one(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    key = await api.connect("CP-1", V16)
    await api.deliver(
        key, V16, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}
    )
    started = await api.deliver(
        key,
        V16,
        "StartTransaction",
        {
            "connectorId": 1,
            "idTag": "ABC",
            "meterStart": 0,
            "timestamp": api.node.parts.clock.now().isoformat(),
        },
    )
    api.sockets.will_answer("RemoteStopTransaction", ACCEPTED)
    [running] = (await admin.get("/transactions?running=true")).json()["items"]

    only = await admin.post("/stations/CP-1/commands/stop", json={})
    named = await admin.post("/stations/CP-1/commands/stop", json={"transaction": running["id"]})
    elsewhere = await admin.post("/stations/CP-1/commands/stop", json={"evse": 2})

    assert (only.status_code, named.status_code) == (200, 200)
    assert sent(api)[1] == {"transactionId": started["transactionId"]}
    assert elsewhere.status_code == 409
    assert [ask.action for ask in api.sockets.asked].count("RemoteStopTransaction") == 2


async def test_settings_are_written_one_by_one_and_the_first_failure_counts(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer("ChangeConfiguration", b'{"status":"Rejected"}')

    response = await admin.patch("/stations/CP-1/settings", json={"heartbeat_interval": "60"})

    assert response.json()["outcome"] == "refused"
    assert response.json()["answer"]["settings"]["heartbeat_interval"]["status"] == "Rejected"
    assert sent(api)[1] == {"key": "HeartbeatInterval", "value": "60"}


async def test_no_settings_at_all_cannot_be_written(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)

    assert (await admin.patch("/stations/CP-1/settings", json={})).status_code == 422


@pytest.mark.parametrize("seconds", ["0", "601", "nan"])
async def test_a_time_that_nobody_waits_is_refused(admin: httpx.AsyncClient, seconds: str) -> None:
    response = await admin.post(f"/stations/CP-1/commands/Reset?timeout={seconds}", json={})

    assert response.status_code == 422
    assert "timeout" in response.json()["detail"]


async def test_settings_that_were_read_are_kept(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)
    told = {"key": "HeartbeatInterval", "readonly": False, "value": "300"}
    answer = {"configurationKey": [told], "unknownKey": []}
    api.sockets.will_answer("GetConfiguration", json.dumps(answer).encode())

    read = await admin.post("/stations/CP-1/commands/settings", json={})
    [kept] = (await admin.get("/stations/CP-1/settings")).json()["items"]

    assert read.json()["answer"]["settings"] == {"HeartbeatInterval": "300"}
    assert (kept["name"], kept["value"]) == ("HeartbeatInterval", "300")


async def test_settings_are_read_or_written_but_not_both(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    body = {"read": ["A"], "write": {"B": "1"}}

    response = await admin.post("/stations/CP-1/commands/settings", json=body)

    assert response.status_code == 422


@pytest.mark.parametrize("command", ["reset", "Reset", "start", "clear-cache"])
async def test_a_station_that_is_unknown_or_away_cannot_be_told_anything(
    admin: httpx.AsyncClient, command: str
) -> None:
    unknown = await admin.post(f"/stations/CP-1/commands/{command}", json={})
    await admin.put("/stations/CP-1", json={})
    away = await admin.post(f"/stations/CP-1/commands/{command}", json={})

    assert (unknown.status_code, away.status_code) == (404, 409)
    assert "not connected" in away.json()["detail"]


async def test_no_answer_is_an_unknown_outcome(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)

    neutral = await admin.post("/stations/CP-1/commands/reset", json={})
    raw = await admin.post("/stations/CP-1/commands/Reset?timeout=1", json={"type": "Soft"})

    assert (neutral.status_code, neutral.json()["outcome"]) == (200, "unknown")
    assert raw.json() == {"outcome": "unknown"}
    assert api.sockets.asked[-1].timeout_s == 1


async def test_a_request_goes_as_given_and_its_answer_comes_as_it_is(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V201)
    payload = b'{"vendorId": "x",   "data": 1.50}'
    api.sockets.will_answer("DataTransfer", b'{"status":"Accepted","data":0.10}')

    response = await admin.post("/stations/CP-1/commands/DataTransfer", content=payload)

    assert api.sockets.asked[-1].payload == payload
    assert '"response":{"status":"Accepted","data":0.10}' in response.text
    assert response.json()["outcome"] == "accepted"


async def test_an_error_of_the_station_is_told_with_its_code(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.answers["Reset"] = Told(
        Outcome.REFUSED, "1", code="NotSupported", description="no", details=b'{"a":1}'
    )

    response = await admin.post("/stations/CP-1/commands/Reset", json={"type": "Soft"})

    assert response.json() == {
        "outcome": "unsupported",
        "error": {"code": "NotSupported", "description": "no", "details": {"a": 1}},
    }


@pytest.mark.parametrize(
    "action, answer, outcome",
    [
        ("Reset", b'{"status":"Accepted"}', "accepted"),
        ("Reset", b'{"status":"Rejected"}', "refused"),
        ("Reset", b'{"status":"Perhaps"}', "unknown"),
        ("Reset", b"{}", "unknown"),
        ("ChangeConfiguration", b'{"status":"RebootRequired"}', "accepted"),
        ("ChangeConfiguration", b'{"status":"NotSupported"}', "unsupported"),
        ("GetConfiguration", b'{"unknownKey":["Colour"]}', "refused"),
        ("GetConfiguration", b"{}", "accepted"),
    ],
)
async def test_the_outcome_is_what_the_stations_word_means(
    api: Api, admin: httpx.AsyncClient, action: str, answer: bytes, outcome: str
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer(action, answer)
    bodies = {"Reset": {"type": "Soft"}, "ChangeConfiguration": {"key": "A", "value": "1"}}

    response = await admin.post(f"/stations/CP-1/commands/{action}", json=bodies.get(action, {}))

    assert response.json() == {"outcome": outcome, "response": json.loads(answer)}


@pytest.mark.parametrize(
    "action, body, names",
    [
        ("Reset", b'{"type":"Sideways"}', "type"),
        ("Reset", b"{}", "type"),
        ("Reset", b"[]", "object"),
        ("Reset", b"{", "JSON"),
        ("SetVariables", b"{}", "SetVariables"),
        ("BootNotification", b"{}", "BootNotification"),
    ],
)
async def test_a_request_that_the_dialect_does_not_know_is_refused_by_name(
    api: Api, admin: httpx.AsyncClient, action: str, body: bytes, names: str
) -> None:
    await api.connect("CP-1", V16)

    response = await admin.post(f"/stations/CP-1/commands/{action}", content=body)

    assert response.status_code == 422
    assert names in response.json()["detail"]
    assert api.sockets.asked == []


async def test_raw_requests_are_sent_unchecked(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer("Nonsense", b"{}")

    response = await admin.post("/stations/CP-1/commands/Nonsense?raw=true", content=b"[1")

    assert response.json() == {"outcome": "accepted", "response": {}}
    assert api.sockets.asked[-1].payload == b"[1"


async def test_a_command_is_in_the_log_of_messages_and_in_the_audit_log(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer("Reset", ACCEPTED)

    await admin.post("/stations/CP-1/commands/reset", json={"hard": True})
    [message] = (await admin.get("/stations/CP-1/messages?direction=to-station")).json()["items"]
    [entry] = (await admin.get("/audit?action=station.reset")).json()["items"]

    assert (message["action"], message["request"]) == ("Reset", {"type": "Hard"})
    assert message["response"] == {"status": "Accepted"}
    assert (entry["subject"], entry["outcome"]) == ("station:CP-1", "accepted")
    assert entry["detail"]["hard"] is True
