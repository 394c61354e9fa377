"""Two nodes behind a load balancer: one dies, one is restarted, NATS goes away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from ricarica.simulator.fleet import Fleet
from ricarica.testing.nats import NatsServer, nats_server
from ricarica.testing.postgres import PostgresServer
from tests.e2e.drills.charging import acks_of_all, charging, come_to_rest, more_acks
from tests.e2e.drills.drill import Record, drill_config, figures_of
from tests.e2e.drills.forked import Forked, free_port
from tests.e2e.drills.oracle import check, kept_in, prepare
from tests.e2e.drills.shim import shim_to
from tests.e2e.served import ricarica

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
COMMANDS_S = 30.0  # until each station obeys from each node again
LONG = pytest.mark.long


@dataclass
class Cluster:
    nodes: tuple[Forked, Forked]
    fleet: Fleet
    nats: NatsServer
    key: str
    figures: dict[str, Any]

    async def recovers(self, name: str = "back_s") -> None:
        back_s = round(await acks_of_all(self.fleet), 1)
        self.figures[name] = max(back_s, self.figures.get(name, 0.0))

    async def obeys(self) -> None:
        """Every station does what it is told at either node, wherever it is connected."""
        for node in self.nodes:
            async with self._client(node) as client, asyncio.timeout(COMMANDS_S):
                for station in self.fleet.stations:
                    while await _outcome(client, station.identity) != "accepted":  # noqa: ASYNC110 - of another process
                        await asyncio.sleep(0.5)

    def _client(self, node: Forked) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"{node.http}/api/v1",
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=COMMANDS_S,
            trust_env=False,
        )


async def _outcome(client: httpx.AsyncClient, station: str) -> str:
    asked = await client.post(f"/stations/{station}/commands/trigger", json={"topic": "heartbeat"})
    return str(asked.json().get("outcome", asked.status_code))


async def made_key(url: str, folder: Path) -> str:
    command = ("api-key", "create", "--data", str(folder), "--role", "admin", "--json")
    made = await asyncio.to_thread(
        ricarica, *command, cwd=folder, RICARICA_DATABASE_URL=url, RICARICA_LOG_LEVEL="error"
    )
    assert made.returncode == 0, made.stderr
    return str(json.loads(made.stdout)["key"])


@asynccontextmanager
async def cluster(url: str, folder: Path, record: Record) -> AsyncIterator[Cluster]:
    """Stations charge at both; at the end the books are compared."""
    await prepare(url)
    key = await made_key(url, folder)
    async with AsyncExitStack() as undo:
        nats = undo.enter_context(nats_server())
        nodes = tuple(node_of(url, folder, nats, number) for number in (1, 2))
        for node in nodes:
            undo.push_async_callback(node.stop)
            await node.start()
        doors = [("127.0.0.1", node.config.station_port) for node in nodes]
        shim = await undo.enter_async_context(shim_to(*doors))
        async with charging(f"ws://127.0.0.1:{shim.listening}") as fleet:
            held = Cluster((nodes[0], nodes[1]), fleet, nats, key, {})
            yield held
            held.figures["drained_s"] = round(await come_to_rest(fleet), 1)
    kept = await kept_in(url)
    check(fleet, kept)
    for name, figure in (held.figures | figures_of(fleet, kept)).items():
        record(name, figure)


def node_of(url: str, folder: Path, nats: NatsServer, number: int) -> Forked:
    ports = {"station_port": free_port(), "http_port": free_port()}
    config = drill_config(url, folder, nats_url=nats.url, **ports)
    return Forked(config, folder / f"log-{number}")


@pytest.fixture
async def url(shared_postgres: PostgresServer) -> str:
    return await shared_postgres.new_database()


async def test_without_nats_charging_goes_on_and_commands_come_back_with_it(
    url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        await more_acks(held.fleet, 20, 60)
        await held.obeys()
        held.nats.stop()
        held.figures["meanwhile_s"] = round(await more_acks(held.fleet, 60), 1)
        held.nats.start()
        await held.obeys()
        await held.recovers()
        assert [client.connections for client in held.fleet.clients] == [1] * 10


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=LONG)])
async def test_the_stations_of_a_node_that_dies_charge_on_at_the_other(
    times: int, url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        for number in range(times):
            await more_acks(held.fleet, 20, 60)
            dying = held.nodes[number % 2]
            await dying.kill()
            await held.recovers("back_without_it_s")
            await dying.start()
        await held.recovers()
        await held.obeys()
        held.figures["kills"] = times


@pytest.mark.parametrize("times", [2, pytest.param(10, marks=LONG)])
async def test_nodes_are_restarted_one_after_the_other(
    times: int, url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        for number in range(times):
            await more_acks(held.fleet, 20, 60)
            leaving = held.nodes[number % 2]
            await leaving.stop()
            await held.recovers("back_without_it_s")
            await leaving.start()
        await held.recovers()
        await held.obeys()
        held.figures["restarts"] = times
