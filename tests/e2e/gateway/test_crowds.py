"""When too many come at once: real rules, a real database."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Subprotocol

from ricarica.app.wiring import Node, Parts, running_node
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from tests.e2e.gateway.conftest import Breakable
from tests.e2e.served import answer_to, boot

START = {
    "connectorId": 1,
    "idTag": "NOBODY",
    "meterStart": 0,
    "timestamp": "2026-11-22T08:00:00Z",
}
GUSH = Rate(per_s=1_000_000.0, burst=1_000_000)


@pytest.fixture
async def crowded(database: Breakable) -> AsyncIterator[Node]:
    """A node that lets in one station, and half of it from one address."""
    limits = replace(GatewayLimits(), entries=Rate(per_s=0.001, burst=6), arrivals=GUSH)
    policy = StationPolicy(unknown=UnknownStations.ACCEPT)
    async with running_node(Parts(database, policy=policy, limits=limits)) as node:
        yield node


def door(port: int, identity: str) -> connect:
    return connect(
        f"ws://127.0.0.1:{port}/{identity}", subprotocols=[Subprotocol("ocpp1.6")], proxy=None
    )


async def test_a_station_that_charges_is_let_in_whatever_the_crowd(crowded: Node) -> None:
    port = await crowded.gateway.start("127.0.0.1", 0)
    async with door(port, "CHARGING") as charging, door(port, "IDLE") as idle:
        assert [await boot(charging), await boot(idle)] == ["Accepted", "Accepted"]
        assert (await answer_to(charging, "StartTransaction", START))[0] == 3
    async with door(port, "THIRD"):
        pass  # the rate is spent

    with pytest.raises(InvalidStatus) as put_off:
        await door(port, "IDLE")
    with pytest.raises(InvalidStatus) as stranger:
        await door(port, "STRANGER")
    async with door(port, "charging") as charging:
        assert await boot(charging) == "Accepted"

    assert put_off.value.response.status_code == stranger.value.response.status_code == 503
    assert int(put_off.value.response.headers["Retry-After"]) > 0


async def test_many_who_come_at_once_share_their_commits(
    database: Breakable, tmp_path: Path
) -> None:
    limits = replace(GatewayLimits(), entries=GUSH, arrivals=GUSH)
    policy = StationPolicy(unknown=UnknownStations.ACCEPT)
    async with (
        running_node(Parts(database, policy=policy, limits=limits)) as node,
        AsyncExitStack() as stack,
    ):
        port = await node.gateway.start("127.0.0.1", 0)
        before = node.engine.batches.counts.batches

        async def come(number: int) -> ClientConnection:
            return await stack.enter_async_context(door(port, f"CP-{number}"))

        stations = await asyncio.gather(*(come(number) for number in range(150)))
        await asyncio.gather(*(boot(station) for station in stations))

        commits = node.engine.batches.counts.batches - before
        assert node.gateway.counts().connections == 150
        assert commits < 3 * 150 / 3, "knock, connection and boot of three stations share each"


# It has few files left for stations, as a server of long standing may have.
SERVER = """
import asyncio, resource, sys
from pathlib import Path
import uvloop
from ricarica.app.config import Config
from ricarica.app.logs import configure_logs
from ricarica.app.serve import serving
from ricarica.stations.model import UnknownStations

async def main() -> None:
    config = Config(
        data=Path(sys.argv[1]), station_host="127.0.0.1", station_port=0, http_host="127.0.0.1",
        http_port=0, unknown_stations=UnknownStations.ACCEPT, admin_password="charge-me-up-1",
    )
    async with serving(config) as served:
        print(served.station_port, flush=True)
        await asyncio.Event().wait()

configure_logs("warning", as_json=False)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
uvloop.run(main())
"""


async def test_without_a_file_left_those_who_are_in_go_on_and_others_come_in_later(
    tmp_path: Path,
) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert server.stdout is not None, "stdout is a pipe"
        port = int(await server.stdout.readline())
        async with door(port, "INSIDE") as inside:
            assert await boot(inside) == "Accepted"
            with ExitStack() as crowd:
                for _ in range(150):
                    crowd.enter_context(socket.create_connection(("127.0.0.1", port), 10))

                assert (await answer_to(inside, "StartTransaction", START))[0] == 3
                assert await boot(inside, "again") == "Accepted"
            async with asyncio.timeout(20):
                while not await is_let_in(port):  # noqa: ASYNC110 - of another process
                    await asyncio.sleep(0.05)
    finally:
        server.kill()
        await server.wait()


async def is_let_in(port: int) -> bool:
    try:
        async with door(port, "LATER") as later:
            return await boot(later) == "Accepted"
    except (InvalidStatus, OSError, EOFError):
        return False
