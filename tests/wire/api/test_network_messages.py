"""The log of messages of all stations: searched, followed, exported."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

from ricarica.link.letters import Noted
from ricarica.ocpp.dialects import V16
from tests.wire.api.house import Api

BOOT = {"chargePointVendor": "Stellavolt", "chargePointModel": "=Duo"}
TIME = "2026-11-22T10:00:00Z"


@pytest.fixture
async def talk(api: Api, admin: httpx.AsyncClient) -> Api:
    """Two stations boot; one charges, with a heartbeat in between."""
    keys = []
    for name in ("CP-1", "CP-2"):
        await admin.put(f"/stations/{name}", json={"status": "accepted"})
        keys.append(await api.connect(name, V16))
        await api.deliver(keys[-1], V16, "BootNotification", BOOT)
    start = {"connectorId": 1, "idTag": "A1", "meterStart": 0, "timestamp": TIME}
    await api.deliver(keys[-1], V16, "StartTransaction", start)
    await api.deliver(keys[-1], V16, "Heartbeat", {})
    return api


async def found(admin: httpx.AsyncClient, query: str) -> list[dict[str, Any]]:
    reply = await admin.get(f"/messages?{query}")
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


async def test_messages_of_all_stations_come_latest_first(
    talk: Api, admin: httpx.AsyncClient
) -> None:
    told = await found(admin, "direction=from-station")

    assert [(each["station"], each["action"]) for each in told] == [
        ("CP-2", "Heartbeat"),
        ("CP-2", "StartTransaction"),
        ("CP-2", "BootNotification"),
        ("CP-1", "BootNotification"),
    ]


async def test_messages_are_searched(talk: Api, admin: httpx.AsyncClient) -> None:
    counts = {
        "action=BootNotification": 2,
        "action=BootNotification&station=cp-1": 1,
        "q=meterstart": 1,
        "direction=to-station&action=BootNotification": 0,
        "outcome=answered&action=Heartbeat": 1,
        "until=2020-01-01T00:00:00Z": 0,
    }

    assert {query: len(await found(admin, query)) for query in counts} == counts


async def test_messages_come_page_by_page(talk: Api, admin: httpx.AsyncClient) -> None:
    whole = [each["id"] for each in await found(admin, "")]
    first = (await admin.get("/messages?limit=2")).json()
    second = (await admin.get(f"/messages?limit=2&cursor={first['next']}")).json()

    assert [each["id"] for each in first["items"] + second["items"]] == whole[:4]


async def test_who_follows_hears_what_comes(talk: Api, admin: httpx.AsyncClient) -> None:
    begin = (await admin.get("/messages/after")).json()["next"]
    [latest] = [each["id"] for each in await found(admin, "limit=1")]
    key = await talk.connect("CP-1", V16)
    await talk.deliver(key, V16, "Heartbeat", {})

    page = (await admin.get(f"/messages/after?id={latest}&station=CP-1")).json()

    assert begin.isdigit()
    assert page["items"][-1]["action"] == "Heartbeat"
    assert int(page["next"]) > int(latest)


async def test_what_was_said_of_a_transaction_is_found(talk: Api, admin: httpx.AsyncClient) -> None:
    [transaction] = (await admin.get("/transactions")).json()["items"]

    said = (await admin.get(f"/transactions/{transaction['id']}/messages")).json()["items"]

    assert [each["action"] for each in said] == ["StartTransaction"]


async def test_messages_are_exported_as_lines_and_as_a_sheet(
    talk: Api, admin: httpx.AsyncClient
) -> None:
    lines = (await admin.get("/messages/export?action=BootNotification")).text.splitlines()
    sheet = (await admin.get("/messages/export?action=BootNotification&format=csv")).text

    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [json.loads(line)["station"] for line in lines] == ["CP-2", "CP-1"]
    assert [row["station"] for row in rows] == ["CP-2", "CP-1"]
    assert json.loads(rows[0]["request"]) == BOOT


async def test_a_cell_is_no_formula(talk: Api, admin: httpx.AsyncClient) -> None:
    key = await talk.connect("CP-1", V16)
    talk.node.engine.note(Noted(key, 1, "garbled", "=1+1", talk.node.parts.clock.now()))
    await talk.node.engine.idle()

    sheet = (await admin.get("/messages/export?station=CP-1&format=csv")).text

    assert "'=1+1" in sheet
