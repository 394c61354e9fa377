"""The commands as a person types them, in processes of their own."""

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


def test_stations_are_looked_at_and_told_things(server: Served) -> None:
    where = ("--url", server.http, "--key", server.key())

    listed = ricarica("station", "list", "--json", *where, cwd=server.data)
    unknown = ricarica("station", "show", "NOBODY", *where, cwd=server.data)
    server.ask("PUT", "/stations/AWAY", {})
    away = ricarica("station", "call", "away", "reset", *where, cwd=server.data)

    assert (listed.returncode, type(json.loads(listed.stdout))) == (0, list)
    assert (unknown.returncode, "NOBODY" in unknown.stderr) == (3, True)
    assert (away.returncode, "not connected" in away.stderr) == (4, True)


def test_without_a_key_the_way_out_is_told(server: Served) -> None:
    refused = ricarica("station", "list", cwd=server.data, RICARICA_URL=server.http)

    assert refused.returncode == 1
    assert "ricarica api-key create" in " ".join(refused.stderr.split())


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


def test_the_doctor_sees_that_the_server_holds_the_ports(server: Served) -> None:
    ports = ["--station-port", str(server.station_port), "--http-port", str(server.http_port)]

    found = ricarica("doctor", "--data", str(server.data), *ports, "--json", cwd=server.data)

    wells = {each["check"]: each["is_well"] for each in json.loads(found.stdout)}
    assert found.returncode == 1
    assert wells["database"]
    assert not wells["http port"]
    assert not wells["station port"]


def test_a_setting_that_makes_no_sense_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "ricarica.toml").write_text("http_prt = 1")

    refused = ricarica("serve", cwd=tmp_path)

    assert refused.returncode == 2
    assert "did you mean http_port" in " ".join(refused.stderr.split())
