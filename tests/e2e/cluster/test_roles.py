"""Sockets here, decisions there: a core may come and go, and no station notices."""

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from ricarica.access.model import system_actor
from ricarica.app import neighbours
from ricarica.app.roles import Role
from ricarica.app.tables import metadata
from ricarica.app.vitals import Health
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.engine.sql import NODES
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.nats import NatsLink
from ricarica.stations.commands import Outcome, Reset
from ricarica.stations.sql import STATIONS
from ricarica.storage.open import open_database
from ricarica.testing.nats import NatsServer
from ricarica.testing.postgres import PostgresServer
from ricarica.transactions.sql import TRANSACTIONS
from tests.e2e.cluster.conftest import SOON_S, Cluster, boots, hears, line, says, until

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
ACTOR = system_actor()


@pytest.fixture
async def gateway(cluster: Cluster) -> Node:
    return await cluster.node("gateway-1", frozenset({Role.GATEWAY}))


async def core(cluster: Cluster, name: str) -> Node:
    return await cluster.node(name, frozenset({Role.CORE, Role.WORKER}))


async def starts(socket: ClientConnection, id: str) -> Any:
    return await says(
        socket,
        id,
        "StartTransaction",
        connectorId=1,
        idTag="04AA",
        meterStart=100,
        timestamp="2026-11-22T12:00:00Z",
    )


async def stops(socket: ClientConnection, id: str, transaction: int) -> Any:
    return await says(
        socket,
        id,
        "StopTransaction",
        transactionId=transaction,
        meterStop=5_100,
        timestamp="2026-11-22T13:00:00Z",
    )


async def sessions(node: Node) -> list[tuple[Any, ...]]:
    return await node.parts.database.fetch(
        sa.select(TRANSACTIONS.c.station, TRANSACTIONS.c.ended_at.is_not(None))
    )


async def test_a_session_is_charged_where_sockets_and_decisions_are_apart(
    cluster: Cluster, gateway: Node
) -> None:
    decider = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        assert await boots(socket) == "Accepted"
        started = await starts(socket, "1")
        await stops(socket, "2", started["transactionId"])

    assert await sessions(decider) == [("TORINO-1", True)]
    assert len(gateway.engine.live) == 0


async def test_a_command_finds_its_way_from_where_people_are(
    cluster: Cluster, gateway: Node
) -> None:
    await core(cluster, "core-1")
    web = await cluster.node("web-1", frozenset({Role.WEB}))
    async with cluster.door(gateway) as socket:
        await boots(socket)
        answering = asyncio.create_task(hears(socket, "never"))

        told = await web.engine.commands.tell(KEY, Reset())

        assert told.outcome is Outcome.ACCEPTED
        answering.cancel()


async def test_a_core_that_leaves_hands_its_stations_on(cluster: Cluster, gateway: Node) -> None:
    first = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        await boots(socket)
        started = await starts(socket, "1")
        second = await core(cluster, "core-2")
        assert first.engine.live.get(KEY)

        await cluster.end(first)
        await until(lambda: second.engine.live.get(KEY) is not None, "the other one took over")
        await stops(socket, "2", started["transactionId"])

        assert await sessions(second) == [("TORINO-1", True)]


async def test_a_core_that_falls_silent_is_left(cluster: Cluster, gateway: Node) -> None:
    first = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        await boots(socket)
        started = await starts(socket, "1")
        second = await core(cluster, "core-2")

        assert first.parts.bus is not None
        await first.parts.bus.close()  # it goes on, and nobody hears of it
        stopping = asyncio.create_task(stops(socket, "2", started["transactionId"]))

        await until(lambda: second.engine.live.get(KEY) is not None, "the other one took over")
        await stopping
        assert await sessions(second) == [("TORINO-1", True)]


async def connected(node: Node) -> list[str]:
    query = sa.select(STATIONS.c.station).where(STATIONS.c.connected)
    return [name for (name,) in await node.parts.database.fetch(query)]


async def test_who_leaves_while_its_core_is_dead_does_not_look_connected(
    cluster: Cluster, gateway: Node
) -> None:
    first = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        await boots(socket)
        assert await connected(first) == ["TORINO-1"]
        assert first.parts.bus is not None
        await first.parts.bus.close()  # nobody hears it, and it hears nobody

    async with asyncio.timeout(SOON_S):
        while await connected(gateway):  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.1)


async def test_who_has_gone_to_another_gateway_is_connected_there(
    cluster: Cluster, gateway: Node
) -> None:
    decider = await core(cluster, "core-1")
    other = await cluster.node("gateway-2", frozenset({Role.GATEWAY}))
    async with cluster.door(gateway) as socket:
        await boots(socket)
    async with cluster.door(other) as socket:
        await boots(socket)
        assert isinstance(gateway.link, NatsLink)
        remote = gateway.link.remote
        assert remote is not None
        assert gateway.membership is not None
        remote._left[KEY] = 0.0
        await gateway.membership._see_off(remote)

        assert await connected(decider) == ["TORINO-1"]


async def test_a_core_that_was_told_of_no_end_learns_of_it(
    cluster: Cluster, gateway: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    decider = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        await boots(socket)
        monkeypatch.setattr(decider.engine, "close", lambda _: None)

    await until(lambda: decider.engine.live.get(KEY) is None, "it lives here no more")
    assert await connected(decider) == []


async def test_one_without_a_bus_does_not_start_beside_a_cluster(
    cluster: Cluster, gateway: Node
) -> None:
    alone = Parts(gateway.parts.database)

    with pytest.raises(ConflictError, match="gateway-1"):
        async with running_node(alone):
            pass


async def test_nobody_joins_those_who_serve_another_database(
    cluster: Cluster,
    gateway: Node,
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(neighbours, "OBJECTED_WITHIN_S", SOON_S)
    elsewhere = await postgres.new_database()

    with pytest.raises(ExceptionGroup) as refused:
        await cluster.node("node-elsewhere", database_url=elsewhere)

    assert refused.group_contains(ConflictError, match="gateway-1 speaks there")
    database = open_database(elsewhere, metadata)
    assert await database.fetch(sa.select(NODES.c.name)) == []
    await database.close()


async def test_a_gateway_is_ready_when_there_is_a_core(cluster: Cluster, gateway: Node) -> None:
    vitals = Health(gateway).vitals()
    before = await vitals.checks["stations"]()
    await core(cluster, "core-1")

    assert isinstance(gateway.link, NatsLink)
    link = gateway.link
    await until(lambda: link.trouble is None, "it was heard")
    assert before == "no process with the role core is there"


async def let_in(cluster: Cluster, gateway: Node) -> ClientConnection:
    """As a station does: it comes again until it is let in."""
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                return await cluster.door(gateway)
            except InvalidStatus:
                await asyncio.sleep(0.1)


async def test_without_any_core_nobody_is_let_in(cluster: Cluster, gateway: Node) -> None:
    with pytest.raises(Exception, match="503"):
        async with cluster.door(gateway):
            pass


async def test_without_nats_what_cannot_be_decided_is_not_answered(
    cluster: Cluster, gateway: Node, nats: NatsServer
) -> None:
    decider = await core(cluster, "core-1")
    async with cluster.door(gateway) as socket:
        await boots(socket)
        nats.stop()
        await until(lambda: not line(gateway), "the line is cut")

        with pytest.raises(Exception, match="1013"):
            await starts(socket, "1")

        nats.start()
        await until(lambda: line(gateway), "the line of the gateway is back")
        await until(lambda: line(decider), "the line of the core is back")
    async with await let_in(cluster, gateway) as socket:
        await starts(socket, "1")
        assert await sessions(decider) == [("TORINO-1", False)]
