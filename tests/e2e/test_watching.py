"""What a server tells those who watch over it: numbers, a log, and when it is about to stop."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from tests.e2e.served import PASSWORD, Served, answer_to, boot, serving, until

CALL = 2
CARD = "SECRETCARD0815"
KEY_OF_STATION = "a-password-of-a-station"
NEXT_KEY = "the-password-after-that"
WRONG_KEY = "what-somebody-guessed"


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("watched") / "data"
    variables = {"RICARICA_LOG_JSON": "true", "RICARICA_LOG_LEVEL": "debug"}
    with serving(data, "--accept-unknown-stations", **variables) as served:
        yield served


def numbers_of(served: Served) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = httpx.get(f"{served.http}/metrics", trust_env=False).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


class Numbers:
    """As they are now."""

    def __init__(self, served: Served) -> None:
        self._found = numbers_of(served)

    def __call__(self, name: str, **labels: str) -> float:
        return self._found.get((name, frozenset(labels.items())), 0.0)


def lines_of(served: Served, event: str) -> list[dict[str, Any]]:
    """What the log says of one kind of event."""
    lines = [line for line in served.log.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, lines) if line["event"] == event]


async def in_the_background(served: Served, path: str, body: Any, station: ClientConnection) -> Any:
    """Ask something of a station that answers `Accepted` to it."""
    async with served.client() as client, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(client.post(path, json=body))
        while (call := json.loads(await station.recv()))[0] != CALL:
            pass  # the answer to something that was said before
        await station.send(json.dumps([3, call[1], {"status": "Accepted"}]))
    return asked.result().json()


async def test_the_numbers_follow_what_stations_and_people_do(watched: Served) -> None:
    watched.key()
    before = Numbers(watched)
    async with watched.door("NUMBERS-1") as old, watched.door("NUMBERS-2", "ocpp2.1") as new:
        await boot(old)
        await boot(new)
        await answer_to(old, "Heartbeat", {}, "2")
        await answer_to(old, "Gossip", {}, "3")
        path = "/stations/NUMBERS-1/commands/trigger"
        await in_the_background(watched, path, {"topic": "boot"}, old)
        now = Numbers(watched)

    def grew(name: str, **labels: str) -> float:
        return now(name, **labels) - before(name, **labels)

    assert now("ricarica_connections", dialect="1.6", secured="false") == 1
    assert now("ricarica_connections", dialect="2.1", secured="false") == 1
    assert grew("ricarica_handshakes_total", verdict="welcome") == 2
    calls = {"direction": "in", "outcome": "answered"}
    assert grew("ricarica_messages_total", action="BootNotification", **calls) == 2
    assert grew("ricarica_messages_total", action="Heartbeat", **calls) == 1
    unheard = {"direction": "in", "action": "unknown", "outcome": "NotImplemented"}
    assert grew("ricarica_messages_total", **unheard) == 1
    asked = {"direction": "out", "action": "TriggerMessage", "outcome": "answered"}
    assert grew("ricarica_messages_total", **asked) == 1
    assert grew("ricarica_commands_total", command="Trigger", outcome="accepted") == 1
    assert grew("ricarica_call_seconds_count") == 4
    assert now("ricarica_unanswered") == now("ricarica_asks_waiting") == 0
    assert now("ricarica_commit_seconds_count") == now("ricarica_batch_letters_count") > 0
    route = "/api/v1/stations/{identity}/commands/trigger"
    requests = {"method": "POST", "route": route, "status": "200"}
    assert grew("ricarica_http_requests_total", **requests) == 1
    assert now("process_resident_memory_bytes") > 1e7
    until(
        lambda: Numbers(watched)("ricarica_connections", dialect="2.1", secured="false") == 0,
        "the stations have left",
    )


async def test_an_address_that_somebody_makes_up_is_no_new_number(watched: Served) -> None:
    paths = [f"/api/v1/nowhere/{number}" for number in range(20)]
    async with httpx.AsyncClient(base_url=watched.http, trust_env=False) as client:
        for path in paths:
            assert (await client.get(path)).status_code in {401, 404}
        assert (await client.request("BREW", "/api/v1/me")).status_code >= 400

    routes = {
        dict(labels)["route"]
        for name, labels in numbers_of(watched)
        if name == "ricarica_http_requests_total"
    }
    assert not any("nowhere" in route for route in routes)


async def test_a_line_of_the_log_says_who_did_what_and_what_came_of_it(watched: Served) -> None:
    async with watched.door("TALKS") as station:
        await boot(station, "its-id")
        path = "/stations/TALKS/commands/trigger"
        await in_the_background(watched, path, {"topic": "boot"}, station)

    call = next(line for line in lines_of(watched, "call") if line["station"] == "TALKS")
    assert (call["action"], call["id"], call["outcome"]) == (
        "BootNotification",
        "its-id",
        "answered",
    )
    assert call["epoch"] > 0
    assert call["ms"] >= 0
    assert call["level"] == "info"
    command = next(line for line in lines_of(watched, "command") if line["station"] == "TALKS")
    assert (command["action"], command["outcome"]) == ("TriggerMessage", "answered")
    came = next(line for line in lines_of(watched, "connected") if line["station"] == "TALKS")
    assert (came["epoch"], came["remote"], came["secure"]) == (call["epoch"], "127.0.0.1", False)
    until(lambda: "closed by the station (1000)" in watched.log, "it has left")


async def test_no_secret_reaches_the_log_the_messages_or_the_events(watched: Served) -> None:
    secrets = await live_through_secrets(watched)

    async with watched.client() as client:
        messages = (await client.get("/stations/SECRETIVE/messages?limit=100")).text
    texts = {"log": watched.log, "messages": messages, "events": told_by(watched)}
    for name, text in texts.items():
        assert "StartTransaction" in text or "TransactionStarted" in text, f"{name} of this test"
        for secret in secrets:
            if secret == CARD and name != "log":
                continue  # who charged is what those are for
            encoded = base64.b64encode(f"SECRETIVE:{secret}".encode()).decode()
            for spelling in (secret, secret.encode().hex(), encoded):
                assert spelling not in text, f"{secret} is in the {name}"


def told_by(served: Served) -> str:
    """All events that are kept, as they are kept."""
    with contextlib.closing(sqlite3.connect(served.data / "ricarica.db")) as database:
        return "\n".join(f"{row}" for row in database.execute("SELECT * FROM outbox"))


async def live_through_secrets(watched: Served) -> list[str]:
    """Use every secret there is, rightly and wrongly; returns them."""
    key = watched.key()
    body = {"status": "accepted", "security_profile": 1, "password": KEY_OF_STATION}
    async with watched.client() as client:
        assert (await client.put("/stations/SECRETIVE", json=body)).is_success
        token = {"uid": CARD, "kind": "ISO14443", "status": "active"}
        assert (await client.post("/tokens", json=token)).is_success
        assert (await client.post("/tokens", json={**token, "kind": 7})).is_client_error
    with pytest.raises(InvalidStatus):
        async with knocking(watched, WRONG_KEY):
            pass
    async with knocking(watched, KEY_OF_STATION) as station:
        await boot(station)
        await answer_to(station, "Authorize", {"idTag": CARD}, "2")
        start = {
            "connectorId": 1,
            "idTag": CARD,
            "meterStart": 0,
            "timestamp": "2026-01-01T00:00:00Z",
        }
        await answer_to(station, "StartTransaction", start, "3")
        await answer_to(station, "Authorize", {"idTag": {"no": CARD}}, "4")
        await station.send(f'[2,"5","Authorize",{{"idTag": "{CARD}"')
        path = "/stations/SECRETIVE/commands/settings"
        write = {"write": {"VpnPassword": NEXT_KEY}}
        await in_the_background(watched, path, write, station)
    cookies = await log_in(watched)
    return [PASSWORD, key, KEY_OF_STATION, NEXT_KEY, WRONG_KEY, CARD, *cookies]


@asynccontextmanager
async def knocking(watched: Served, password: str) -> AsyncIterator[ClientConnection]:
    words = base64.b64encode(f"SECRETIVE:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {words}"}
    async with watched.door("SECRETIVE", additional_headers=headers) as station:
        yield station


async def log_in(watched: Served) -> list[str]:
    """As a browser does, with the wrong password first; returns what the cookies hold."""
    async with httpx.AsyncClient(base_url=watched.http, trust_env=False) as client:
        await client.get("/login")
        for password in ("guessed-by-a-person", PASSWORD):
            await client.post("/login", data={"name": "admin", "password": password})
        kept = [value for value in client.cookies.values() if len(value) > 20]
    assert kept, "a session began"
    return [*kept, "guessed-by-a-person"]


def test_a_server_that_drains_says_that_it_is_not_ready(tmp_path: Path) -> None:
    with serving(tmp_path / "data") as served:
        assert health(served, "startup") == (200, {"started": "ok"})
        assert health(served, "ready") == (200, {"database": "ok", "stations": "ok"})

        with lingering(served):
            os.kill(served.pid, signal.SIGTERM)
            until(lambda: health(served, "ready")[0] == 503, "it says so")

            status, checks = health(served, "ready")
            assert (status, checks["stations"]) == (503, "the server is about to stop")
            assert Numbers(served)("ricarica_draining") == 1
            assert health(served, "live")[0] == 200
        assert served.stop() == 0


def health(served: Served, what: str) -> tuple[int, Any]:
    """The status, and what each check found."""
    response = httpx.get(f"{served.http}/health/{what}", trust_env=False)
    return response.status_code, response.json().get("checks")


@contextmanager
def lingering(served: Served) -> Iterator[None]:
    """A station that is sent off, and does not say goodbye."""
    lines = (
        "GET /LINGERS HTTP/1.1",
        f"Host: 127.0.0.1:{served.station_port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol: ocpp1.6",
    )
    with socket.create_connection(("127.0.0.1", served.station_port), timeout=30) as line:
        line.sendall("".join(f"{each}\r\n" for each in (*lines, "")).encode())
        assert line.recv(4096).startswith(b"HTTP/1.1 101")
        until(lambda: Numbers(served)("ricarica_sockets") == 1, "it is in")
        yield
