"""A server in a process of its own, as programs meet it."""

import json
from pathlib import Path

import httpx

from tests.e2e.served import Served, ricarica


def test_a_key_that_was_made_before_the_first_start_opens_the_api(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = ricarica(
        "api-key", "create", "--data", str(data), "--role", "admin", "--json", cwd=tmp_path
    )
    key = json.loads(made.stdout)["key"]
    served = Served(data)
    served.start()
    try:
        me = httpx.get(f"{served.http}/api/v1/me", headers={"Authorization": f"Bearer {key}"})
        revoked = ricarica("api-key", "revoke", key[:10], "--data", str(data), cwd=tmp_path)
    finally:
        code = served.stop()

    assert me.json()["role"] == "admin"
    assert revoked.returncode == 0, revoked.stderr
    assert code == 0


def test_events_stream_to_programs(server: Served) -> None:
    headers = {"Authorization": f"Bearer {server.key()}"}
    query = "station=STREAMED&kind=StationRegistered"
    with (
        httpx.Client(base_url=server.http, headers=headers, timeout=20) as client,
        client.stream("GET", f"/api/v1/events?{query}") as response,
    ):
        lines = response.iter_lines()
        assert next(lines).startswith(":")

        server.ask("PUT", "/stations/STREAMED", {})
        told = next(line for line in lines if line.startswith("event:"))

    assert told == "event: StationRegistered"


def test_the_page_of_the_api_is_served_without_a_key(server: Served) -> None:
    docs = httpx.get(f"{server.http}/api/docs")
    metrics = httpx.get(f"{server.http}/metrics")

    assert "OpenAPI 3.1" in docs.text
    assert "ricarica_connections" in metrics.text
