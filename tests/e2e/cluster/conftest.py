"""Several nodes on one PostgreSQL and one NATS; all but the two servers in this process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from ricarica.app import neighbours
from ricarica.app.roles import ALL_ROLES, Role
from ricarica.app.tables import metadata
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.link.bus import Bus
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.open import open_database
from ricarica.testing.nats import NatsServer, nats_server
from ricarica.testing.postgres import PostgresServer, postgres_server

SOON_S = 60.0  # a machine that is busy with much else


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def nats() -> Iterator[NatsServer]:
    with nats_server() as server:
        yield server


class Cluster:
    """Nodes that come and go; each can be ended in order, or fall silent as if it had died."""

    def __init__(self, database_url: str, nats: NatsServer, stack: AsyncExitStack) -> None:
        self._database_url = database_url
        self._nats = nats
        self._stack = stack
        self._urls: dict[str, str] = {}
        self._alive: dict[str, AsyncExitStack] = {}

    async def node(
        self, name: str, roles: frozenset[Role] = ALL_ROLES, database_url: str = ""
    ) -> Node:
        database = open_database(database_url or self._database_url, metadata)
        self._stack.push_async_callback(database.close)
        await database.migrate()
        bus = Bus(self._nats.url, name)
        await bus.connect()
        self._stack.push_async_callback(bus.close)
        policy = StationPolicy(unknown=UnknownStations.ACCEPT)
        parts = Parts(database, policy=policy, bus=bus, name=name, roles=roles)
        alive = AsyncExitStack()
        node = await alive.enter_async_context(running_node(parts))
        self._stack.push_async_callback(alive.aclose)
        self._alive[name] = alive
        if Role.GATEWAY in roles:
            self._urls[name] = f"ws://127.0.0.1:{await node.gateway.start('127.0.0.1', 0)}"
        return node

    async def end(self, node: Node) -> None:
        """In order."""
        await self._alive[node.parts.name].aclose()

    def door(self, node: Node, identity: str = "TORINO-1", password: str = "") -> connect:
        url = self._urls[node.parts.name]
        if password:
            url = url.replace("://", f"://{identity}:{password}@")
        return connect(f"{url}/{identity}", subprotocols=[Subprotocol("ocpp1.6")], proxy=None)


@pytest.fixture(autouse=True)
def nobody_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    """All serve one database, and need not wait for who says otherwise."""
    monkeypatch.setattr(neighbours, "OBJECTED_WITHIN_S", 0.0)


@pytest.fixture
async def cluster(postgres: PostgresServer, nats: NatsServer) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        yield Cluster(await postgres.new_database(), nats, stack)


def line(node: Node) -> bool:
    """Whether it has one to NATS."""
    return node.parts.bus is not None and node.parts.bus.is_connected


async def says(socket: ClientConnection, id: str, action: str, **payload: Any) -> Any:
    """What a call is answered; calls of the server's are answered Accepted on the way."""
    await socket.send(json.dumps([2, id, action, payload]))
    return await hears(socket, id)


async def hears(socket: ClientConnection, id: str) -> Any:
    async with asyncio.timeout(SOON_S):
        while True:
            kind, told, *rest = json.loads(await socket.recv())
            if kind == 2:
                await socket.send(json.dumps([3, told, {"status": "Accepted"}]))
            elif told == id:
                return rest[0] if kind == 3 else rest


async def boots(socket: ClientConnection) -> str:
    booted = await says(
        socket, "boot", "BootNotification", chargePointVendor="V", chargePointModel="M"
    )
    return str(booted["status"])


async def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + SOON_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {SOON_S} s: {what}"
        await asyncio.sleep(0.01)
