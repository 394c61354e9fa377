import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx

from ricarica.api.events import Interest, stream
from ricarica.kernel.ids import DEFAULT_TENANT, EventId
from ricarica.ocpp.dialects import V16
from tests.wire.api.house import Api

EVERYTHING = Interest()


async def read(frames: AsyncIterator[bytes]) -> str:
    async with asyncio.timeout(5):
        return (await anext(frames)).decode()


def parsed(frame: str) -> dict[str, Any]:
    lines = dict(line.split(": ", 1) for line in frame.strip().split("\n"))
    return {"id": lines["id"], "event": lines["event"], "data": json.loads(lines["data"])}


async def kinds(frames: AsyncIterator[bytes], count: int) -> Sequence[str]:
    return [parsed(await read(frames))["event"] for _ in range(count)]


async def test_what_happens_is_told_as_it_happens(api: Api, admin: httpx.AsyncClient) -> None:
    frames = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, None)
    assert (await read(frames)).startswith(":")

    await admin.put("/stations/CP-1", json={})
    told = parsed(await read(frames))

    assert told["event"] == "StationRegistered"
    assert told["data"]["station"] == "CP-1"
    assert told["data"]["acceptance"] == "accepted"
    assert told["data"]["id"] == told["id"]


async def test_who_comes_back_is_told_what_was_missed_and_nothing_twice(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    first = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, EventId(0))
    await read(first)
    last = EventId(int([parsed(await read(first)) for _ in range(2)][-1]["id"]))
    await admin.put("/stations/CP-2", json={})

    again = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, last)
    await read(again)
    missed = parsed(await read(again))
    await admin.put("/stations/CP-3", json={})
    live = parsed(await read(again))

    assert missed["data"]["station"] == "CP-2"
    assert live["data"]["station"] == "CP-3"


async def test_only_what_interests_is_told(api: Api, admin: httpx.AsyncClient) -> None:
    of_two = Interest(station="cp-2", kinds=frozenset({"StationRegistered"}))
    frames = stream(api.node.engine.events, DEFAULT_TENANT, of_two, None)
    await read(frames)

    await admin.put("/stations/CP-1", json={})
    await admin.put("/stations/CP-2", json={})

    assert parsed(await read(frames))["data"]["station"] == "CP-2"


async def test_numbers_are_the_same_live_and_afterwards(api: Api, admin: httpx.AsyncClient) -> None:
    await admin.put("/stations/CP-1", json={})
    key = await api.connect("CP-1", V16)
    progress = Interest(kinds=frozenset({"TransactionEnded"}))
    live = stream(api.node.engine.events, DEFAULT_TENANT, progress, None)
    await read(live)
    boot = {"chargePointVendor": "V", "chargePointModel": "M"}
    await api.deliver(key, V16, "BootNotification", boot)
    at = "2026-05-04T12:00:00Z"
    start = {"connectorId": 1, "idTag": "ABC", "meterStart": 0, "timestamp": at}
    started = await api.deliver(key, V16, "StartTransaction", start)
    stop = {**started, "meterStop": 1500, "timestamp": "2026-05-04T12:30:00Z"}
    del stop["idTagInfo"]
    await api.deliver(key, V16, "StopTransaction", stop)

    told = parsed(await read(live))
    again = stream(api.node.engine.events, DEFAULT_TENANT, progress, EventId(0))
    await read(again)

    assert told["data"]["energy_wh"] == 1500
    assert told["data"]["at"] == "2026-05-04T12:30:00Z"
    assert parsed(await read(again)) == told


async def test_silence_is_broken_by_a_comment(api: Api) -> None:
    frames = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, None, heartbeat_s=0.01)
    await read(frames)

    assert await read(frames) == ": still here\n\n"


async def test_a_stream_ends_with_the_process(api: Api) -> None:
    frames = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, None)
    await read(frames)

    api.node.engine.events.end()

    assert [frame async for frame in frames] == []


async def test_a_closed_stream_watches_no_more(api: Api, admin: httpx.AsyncClient) -> None:
    frames = stream(api.node.engine.events, DEFAULT_TENANT, EVERYTHING, None, heartbeat_s=0.01)
    await read(frames)
    await read(frames)

    await frames.aclose()  # type: ignore[attr-defined]  # an async generator, as every caller knows
    await admin.put("/stations/CP-1", json={})

    assert not api.node.engine.events._watches.get(DEFAULT_TENANT)


async def test_the_stream_is_served_as_events(api: Api, admin: httpx.AsyncClient) -> None:
    """By hand, because the client waits for the end of a body, and this one has none."""
    sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    left = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await left.wait()
        return {"type": "http.disconnect"}

    headers = [(b"authorization", admin.headers["Authorization"].encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/events",
        "raw_path": b"/api/v1/events",
        "query_string": b"",
        "headers": headers,
        "http_version": "1.1",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("192.0.2.1", 1),
    }
    app: Any = api.app
    serving = asyncio.ensure_future(app(scope, receive, sent.put))

    async with asyncio.timeout(5):
        start, welcome = await sent.get(), await sent.get()
        await admin.put("/stations/CP-1", json={})
        told = await sent.get()
        left.set()
        await serving

    assert start["status"] == 200
    assert (b"content-type", b"text/event-stream; charset=utf-8") in start["headers"]
    assert welcome["body"].startswith(b":")
    assert b"event: StationRegistered" in told["body"]


async def test_an_id_that_is_none_of_ours_is_refused(admin: httpx.AsyncClient) -> None:
    response = await admin.get("/events", headers={"Last-Event-ID": "x"})

    assert response.status_code == 422
