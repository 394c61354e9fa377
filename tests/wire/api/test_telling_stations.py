"""What stations can be told, what is kept for those that are away, and telling many."""

import asyncio
import json
from typing import Any

import httpx
import jsonschema
import pytest

from ricarica.access.model import Role
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import Ask, Closed, Outcome, Told
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.stations.model import Acceptance
from ricarica.stations.service import Preparation
from tests.wire.api.house import Api

COUNT = {"1.6": 26, "2.0.1": 40, "2.1": 55}


async def prepare(api: Api, identity: str) -> StationKey:
    """A station that is accepted and not connected."""
    key = StationKey(DEFAULT_TENANT, StationId(identity))
    accepted = Preparation(Acceptance.ACCEPTED)
    await api.carry_out(lambda slices: slices.stations.prepare(key, accepted, slices.now))
    return key


async def until_it_ended(api: Api, client: httpx.AsyncClient, job: str) -> Any:
    """Its pace may ask for another round, for time is real here."""
    async with asyncio.timeout(10):
        while (told := (await client.get(f"/bulk/{job}")).json())["state"] == "running":
            await api.node.engine.bulk.look()
            await api.node.engine.bulk.rest()
    return told


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_every_action_of_a_dialect_is_listed_with_its_schema(
    api: Api, viewer: httpx.AsyncClient, dialect: Dialect
) -> None:
    await api.connect("CP-1", dialect)

    listed = (await viewer.get("/stations/CP-1/commands")).json()

    assert len(listed["actions"]) == COUNT[dialect.name]
    assert "reset" in listed["neutral"]
    for each in listed["actions"]:
        jsonschema.Draft202012Validator.check_schema(each["schema"])


async def test_the_schema_is_that_of_the_dialect(api: Api, viewer: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V201)

    listed = (await viewer.get("/stations/CP-1/commands")).json()

    [schema] = [each["schema"] for each in listed["actions"] if each["action"] == "TriggerMessage"]
    members = schema["$defs"]["TriggerMessageRequest"]["properties"]
    assert "customTrigger" not in members
    assert "CustomTrigger" not in members["requestedMessage"]["enum"]


async def test_what_a_station_says_it_cannot_is_not_offered(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.answers["ClearCache"] = Told(Outcome.REFUSED, "1", code="NotSupported")
    await admin.post("/stations/CP-1/commands/ClearCache")
    await api.node.engine.idle()

    listed = (await admin.get("/stations/CP-1/commands", params={"schemas": False})).json()

    offered = {each["action"]: each["offered"] for each in listed["actions"]}
    assert not offered["ClearCache"]
    assert offered["Reset"]


@pytest.mark.parametrize(
    ("action", "payload", "told"),
    [
        ("Reset", {"type": "Sometimes"}, "$.type"),
        ("Reset", {"type": "Immediate", "evseId": None}, "evseId is null"),
        ("Reset", {"type": "Immediate", "more": 1}, "more"),
        ("TriggerMessage", {"requestedMessage": "CustomTrigger"}, "requestedMessage"),
        ("BootNotification", {}, "no BootNotification for us to send"),
    ],
)
async def test_no_payload_leaves_that_does_not_fit(
    api: Api, admin: httpx.AsyncClient, action: str, payload: dict[str, Any], told: str
) -> None:
    await api.connect("CP-1", V201)

    response = await admin.post(f"/stations/CP-1/commands/{action}", json=payload)

    assert response.status_code == 422
    assert told in response.json()["detail"]
    assert not api.sockets.asked


async def test_a_number_is_filled_in_and_its_report_is_gathered(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("GetReport", b'{"status":"Accepted"}')

    reply = (await admin.post("/stations/CP-1/commands/GetReport", json={})).json()

    sent = json.loads(api.sockets.asked[-1].payload)
    assert reply["report"] == sent["requestId"]
    report = (await admin.get(f"/stations/CP-1/reports/{reply['report']}")).json()
    assert (report["state"], report["pages"], report["content"]) == ("waiting", 0, {})


async def test_who_may_only_look_does_not_see_what_is_known_of_a_customer(
    api: Api, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V21)
    api.sockets.will_answer("CustomerInformation", b'{"status":"Accepted"}')
    asked = {"report": True, "clear": False, "customerIdentifier": "Ada"}
    path = "/stations/CP-1/commands/CustomerInformation"
    number = (await admin.post(path, json=asked)).json()["report"]

    assert (await admin.get(f"/stations/CP-1/reports/{number}")).status_code == 200
    assert len((await admin.get("/stations/CP-1/reports")).json()["items"]) == 1
    assert (await viewer.get(f"/stations/CP-1/reports/{number}")).status_code == 403
    assert (await viewer.get("/stations/CP-1/reports")).json()["items"] == []


async def test_a_command_for_a_station_that_is_away_may_be_kept(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    asked = {"when_away": "keep", "expires": "PT2H"}

    neutral = await admin.post("/stations/CP-1/commands/reset", json={"hard": True}, params=asked)
    raw = await admin.post("/stations/CP-1/commands/Reset", json={"type": "Hard"}, params=asked)

    waiting = (await admin.get("/stations/CP-1/kept")).json()["items"]
    assert [each["id"] for each in waiting] == [
        raw.json()["kept"],
        neutral.json()["answer"]["kept"],
    ]
    assert [each["state"] for each in waiting] == ["waiting", "waiting"]
    assert neutral.json()["outcome"] == "unreached"


async def test_what_is_kept_can_be_cancelled_once(api: Api, admin: httpx.AsyncClient) -> None:
    await prepare(api, "CP-1")
    reply = await admin.post("/stations/CP-1/commands/clear-cache", params={"when_away": "keep"})
    path = f"/stations/CP-1/kept/{reply.json()['answer']['kept']}"

    assert (await admin.delete(path)).status_code == 204
    assert (await admin.delete(path)).status_code == 409


async def test_what_makes_no_sense_is_not_kept(api: Api, admin: httpx.AsyncClient) -> None:
    key = await api.connect("CP-1", V16)
    epoch = api.node.engine.live.epoch(key) or 0
    api.node.link.close(Closed(key, epoch, "gone", api.node.parts.clock.now()))
    await api.node.engine.idle()

    response = await admin.post(
        "/stations/CP-1/commands/Reset", json={"type": "Maybe"}, params={"when_away": "keep"}
    )

    assert response.status_code == 422


async def test_without_being_asked_nothing_is_kept(api: Api, admin: httpx.AsyncClient) -> None:
    await prepare(api, "CP-1")

    assert (await admin.post("/stations/CP-1/commands/clear-cache")).status_code == 409
    assert not (await admin.get("/stations/CP-1/kept")).json()["items"]


async def test_a_trial_names_the_stations_and_tells_nobody(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    await prepare(api, "CP-2")

    trial = await admin.post(
        "/bulk", json={"command": "clear-cache", "trial": True, "select": {"ids": ["cp-2"]}}
    )

    assert (trial.json()["stations"], trial.json()["first"]) == (1, ["CP-2"])
    assert not (await admin.get("/bulk")).json()["items"]


async def test_many_stations_are_told_and_each_has_its_outcome(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    await prepare(api, "CP-2")
    await api.connect("CP-2", V201)
    api.sockets.will_answer("ClearCache", b'{"status":"Accepted"}')

    begun = (await admin.post("/bulk", json={"command": "clear-cache", "pace": 6000})).json()
    job = await until_it_ended(api, admin, begun["id"])

    assert job["counts"] == {"accepted": 1, "skipped": 1}
    targets = (await admin.get(f"/bulk/{begun['id']}/stations")).json()["items"]
    assert [(each["station"], each["state"]) for each in targets] == [
        ("CP-1", "skipped"),
        ("CP-2", "accepted"),
    ]


async def test_the_secrets_of_what_is_said_later_are_not_shown(
    api: Api, admin: httpx.AsyncClient, viewer: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    raw = {"key": "VpnPassword", "value": "s3cret"}
    neutral = {"write": {"Modem.VpnPassword": "s3cret", "Volume": "3"}}
    away = {"when_away": "keep", "expires": "PT2H"}

    for command, body in (("ChangeConfiguration", raw), ("settings", neutral)):
        path, many = f"/stations/CP-1/commands/{command}", {"command": command, "body": body}
        assert (await admin.post(path, json=body, params=away)).is_success
        begun = await admin.post("/bulk", json=many)
        assert begun.is_success
        assert "s3cret" not in begun.text

    for path in ("/bulk", "/stations/CP-1/kept"):
        reply = await viewer.get(path)
        assert len(reply.json()["items"]) == 2
        assert "s3cret" not in reply.text


@pytest.mark.parametrize(
    "body",
    [
        {"command": "dance"},
        {"command": "Reset", "body": {"type": "Maybe"}},
        {"command": "reset", "body": {"hrad": True}},
        {"command": "clear-cache", "select": {"vendor": "Nobody"}},
        {"command": "clear-cache", "when_away": "keep", "expires": "tomorrow"},
    ],
)
async def test_a_job_that_makes_no_sense_is_refused(
    api: Api, admin: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    await prepare(api, "CP-1")

    assert (await admin.post("/bulk", json=body)).status_code in (400, 422)


async def test_who_may_only_look_tells_nobody(api: Api, viewer: httpx.AsyncClient) -> None:
    await prepare(api, "CP-1")

    assert (await viewer.post("/bulk", json={"command": "clear-cache"})).status_code == 403
    assert (await viewer.post("/stations/CP-1/upkeep")).status_code == 403
    assert (await viewer.get("/stations/CP-1/upkeep")).json()["items"] == []


async def test_whoever_may_not_change_stations_may_not_do_so_in_their_own_words(api: Api) -> None:
    await prepare(api, "CP-1")
    network = {"configurationSlot": 1, "connectionData": {}}
    many = {"command": "SetNetworkProfile", "body": network, "select": {"ids": ["CP-1"]}}

    async with await api.client_as(Role.OPERATOR) as operator:
        forbidden = await operator.post("/stations/CP-1/commands/SetNetworkProfile", json=network)
        to_many = await operator.post("/bulk", json=many)
        allowed = await operator.post("/stations/CP-1/commands/ClearCache", json={})

    assert (forbidden.status_code, to_many.status_code) == (403, 403)
    assert allowed.status_code == 409  # it is not connected


def leaving_after(api: Api, answers: int) -> list[Ask]:
    """The station answers so many times, and is gone; returns what it was asked."""
    asked: list[Ask] = []

    async def answer(ask: Ask) -> Told:
        asked.append(ask)
        if len(asked) > answers:
            return Told(Outcome.UNREACHED)
        return Told(Outcome.ANSWERED, "1", b'{"status":"Accepted"}')

    api.sockets.ask = answer  # type: ignore[method-assign]  # the stations' end
    return asked


async def test_what_was_written_before_a_station_left_is_told_and_the_rest_too(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    await api.connect("CP-1", V16)
    leaving_after(api, 1)

    reply = await admin.patch("/stations/CP-1/settings", json={"A": "1", "B": "2"})

    told = reply.json()
    assert (reply.status_code, told["outcome"]) == (200, "unreached")
    assert {name: each["outcome"] for name, each in told["answer"]["settings"].items()} == {
        "A": "accepted",
        "B": "unreached",
    }


async def test_only_what_a_station_was_not_told_any_more_is_kept_for_it(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    key = await api.connect("CP-1", V16)
    asked = leaving_after(api, 1)

    reply = await admin.post(
        "/stations/CP-1/commands/settings",
        json={"write": {"A": "1", "B": "2"}},
        params={"when_away": "keep", "expires": "PT1H"},
    )
    [kept] = (await admin.get("/stations/CP-1/kept")).json()["items"]

    assert (reply.json()["outcome"], reply.json()["answer"]["kept"]) == ("unreached", kept["id"])
    assert kept["body"] == {"write": {"B": "2"}}
    assert [json.loads(ask.payload)["key"] for ask in asked if ask.key == key] == ["A", "B"]


async def test_some_reports_that_were_asked_for_before_a_station_left_were_sent(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    key = await api.connect("CP-1", V16)
    for connector in (1, 2):
        status = {"connectorId": connector, "errorCode": "NoError", "status": "Available"}
        await api.deliver(key, V16, "StatusNotification", status)
    leaving_after(api, 1)

    reply = await admin.post("/stations/CP-1/commands/trigger", json={"topic": "status"})

    assert (reply.status_code, reply.json()["outcome"]) == (200, "unreached")


async def test_of_a_station_that_left_before_all_it_is_said_that_nothing_was_sent(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    await api.connect("CP-1", V16)
    leaving_after(api, 0)

    reply = await admin.patch("/stations/CP-1/settings", json={"A": "1", "B": "2"})

    assert (reply.status_code, "nothing was sent" in reply.text) == (409, True)


async def test_a_part_of_the_settings_that_a_station_cannot_tell_is_not_passed_over(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await prepare(api, "CP-1")
    await api.connect("CP-1", V16)
    limit = {"key": "GetConfigurationMaxKeys", "readonly": True, "value": "1"}
    path = "/stations/CP-1/commands/settings"
    api.sockets.will_answer("GetConfiguration", json.dumps({"configurationKey": [limit]}).encode())
    await admin.post(path, json={})

    async def answer(ask: Ask) -> Told:
        [name] = json.loads(ask.payload)["key"]
        if name == "B":
            return Told(Outcome.REFUSED, "1", code="InternalError", description="no")
        key = {"key": name, "readonly": False, "value": "1"}
        return Told(Outcome.ANSWERED, "1", json.dumps({"configurationKey": [key]}).encode())

    api.sockets.ask = answer  # type: ignore[method-assign]  # the stations' end
    told = (await admin.post(path, json={"read": ["A", "B", "C"]})).json()

    assert (told["outcome"], told["status"]) == ("refused", "InternalError")
    assert told["answer"]["settings"] == {"A": "1", "C": "1"}
