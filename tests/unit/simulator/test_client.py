import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import aiohttp
import pytest
import trustme

from ricarica.ocpp.dialects import DIALECTS, V16, V201, Dialect
from ricarica.simulator.client import Endpoint, StationClient
from ricarica.simulator.simulated import SimulatedStation
from tests.unit.simulator.serving import FriendlyServer, now, serving

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)


@asynccontextmanager
async def connecting(station: SimulatedStation, endpoint: Endpoint) -> AsyncIterator[StationClient]:
    station.settings.override({"back_off_wait": "0", "back_off_range": "0"})
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
        client = StationClient(station, endpoint, http, now)
        running = tasks.create_task(client.run())
        try:
            yield client
        finally:
            running.cancel()


def station_for(dialect: Dialect, identity: str = "RIC-0001") -> SimulatedStation:
    return SimulatedStation(dialect, identity, rng=Random(1), now=now())


@every_dialect
async def test_a_station_connects_boots_and_reports(dialect: Dialect) -> None:
    server = FriendlyServer()
    station = station_for(dialect)
    async with serving(server, dialect) as port:
        endpoint = Endpoint(f"ws://127.0.0.1:{port}/ocpp/")
        async with connecting(station, endpoint):
            await server.until(lambda: "StatusNotification" in server.heard)

    assert server.heard[0] == "BootNotification"
    assert server.paths == ["/ocpp/RIC-0001"]


async def test_odd_identities_are_percent_encoded_and_passwords_sent() -> None:
    server = FriendlyServer()
    station = station_for(V16, "RDAM 12|3")
    async with (
        serving(server, V16) as port,
        connecting(station, Endpoint(f"ws://127.0.0.1:{port}", "päss")),
    ):
        await server.until(lambda: bool(server.heard))

    assert server.paths == ["/RDAM%2012%7C3"]
    scheme, encoded = server.credentials[0].split()
    assert scheme == "Basic"
    assert base64.b64decode(encoded).decode() == "RDAM 12|3:päss"


async def test_after_a_closed_socket_it_comes_back_without_booting_again() -> None:
    server = FriendlyServer()
    server.close_after = 2
    async with (
        serving(server, V201) as port,
        connecting(station_for(V201), Endpoint(f"ws://127.0.0.1:{port}")) as client,
    ):
        await server.until(lambda: client.connections == 2 and len(server.heard) > 2)

    assert server.heard.count("BootNotification") == 1


async def test_a_refused_handshake_is_tried_again() -> None:
    server = FriendlyServer()
    server.refuse_with = 401
    async with (
        serving(server, V16) as port,
        connecting(station_for(V16), Endpoint(f"ws://127.0.0.1:{port}")),
    ):
        await server.until(lambda: bool(server.heard))

    assert server.heard[0] == "BootNotification"


async def test_a_server_without_the_version_gets_no_message() -> None:
    server = FriendlyServer()
    station = station_for(V16)
    async with (
        serving(server, V201) as port,
        connecting(station, Endpoint(f"ws://127.0.0.1:{port}")) as client,
    ):
        await server.until(lambda: server.handshakes == 3)

    assert server.heard == []
    assert client.last_error is not None


async def test_a_link_lost_in_the_middle_of_a_frame_is_broken_for_the_server() -> None:
    server = FriendlyServer()
    station = station_for(V16)
    station.misbehaviour.drop_mid_message = 1
    async with (
        serving(server, V16) as port,
        connecting(station, Endpoint(f"ws://127.0.0.1:{port}")) as client,
    ):
        await server.until(lambda: server.broken == 1 and bool(server.heard))
        assert client.connections == 2

    assert server.heard[0] == "BootNotification"


async def test_tls_is_checked_against_the_given_authority(tmp_path: Path) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    ca_file = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    server = FriendlyServer()
    async with serving(server, V16, tls=tls) as port:
        endpoint = Endpoint(f"wss://127.0.0.1:{port}", ca_file=ca_file)
        async with connecting(station_for(V16), endpoint):
            await server.until(lambda: bool(server.heard))

    assert server.heard[0] == "BootNotification"
