"""Two nodes behind a load balancer, and the books that are compared at the end.

`make cluster` has a fleet charge there for two minutes while every 20 s one of the nodes is killed.
"""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from ricarica.app.examination import examine
from ricarica.app.tables import metadata
from ricarica.simulator.fleet import Fleet
from ricarica.storage.open import open_database
from ricarica.testing.nats import NatsServer, nats_server
from ricarica.testing.postgres import postgres_server
from tests.e2e.drills.charging import acks_of_all, charging, come_to_rest
from tests.e2e.drills.drill import Record, drill_config, figures_of
from tests.e2e.drills.forked import Forked, free_port
from tests.e2e.drills.oracle import check, kept_in, prepare
from tests.e2e.drills.shim import shim_to
from tests.e2e.served import ricarica

COMMANDS_S = 30.0  # until each station obeys from each node again


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
async def cluster(
    url: str, folder: Path, record: Record, **fleet_options: Any
) -> AsyncIterator[Cluster]:
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
        async with charging(f"ws://127.0.0.1:{shim.listening}", **fleet_options) as fleet:
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


# -- make cluster


async def show(seconds: float, every_s: float, stations: int) -> None:
    """Kill one node after the other, and let whoever looks on see what becomes of it."""
    figures: dict[str, object] = {}
    with (
        postgres_server(durable=True) as postgres,
        tempfile.TemporaryDirectory(prefix="ricarica-cluster-") as folder,
    ):
        url = await postgres.new_database()
        async with cluster(url, Path(folder), figures.__setitem__, stations=stations) as held:
            say("two nodes, PostgreSQL and NATS are up; log in as admin, charge-me-up-1:")
            for node in held.nodes:
                say(f"  {node.http}")
            await kill_in_turn(held, seconds, every_s)
        await doctor_agrees(url)
    say(
        f"{figures['acknowledged']:,} messages acknowledged,"
        f" {figures['transactions']} transactions: 0 lost, 0 duplicate,"
        f" and all {stations} stations back"
        f" (after a kill within {figures['back_s']} s)"
    )


async def kill_in_turn(held: Cluster, seconds: float, every_s: float) -> None:
    began = time.monotonic()
    for number in range(int(seconds // every_s)):
        await asyncio.sleep(max(began + (number + 1) * every_s - time.monotonic(), 0))
        dying = held.nodes[number % 2]
        await dying.kill()
        say(f"node {number % 2 + 1} killed; {held.fleet.acked:,} messages acknowledged so far")
        await held.recovers()
        await dying.start()
        say(f"  every station is heard at the other one; node {number % 2 + 1} serves again")


async def doctor_agrees(url: str) -> None:
    database = open_database(url, metadata)
    findings = await examine(database)
    await database.close()
    assert not findings, f"the doctor found: {findings[:5]}"
    say("the doctor examined the data, and found nothing")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a program


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--every", type=float, default=20)
    parser.add_argument("--stations", type=int, default=20)
    given = parser.parse_args()
    asyncio.run(show(given.seconds, given.every, given.stations))
