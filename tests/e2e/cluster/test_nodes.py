"""Two nodes that do everything: to a station, a driver and an operator they are one."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ricarica.access.model import system_actor
from ricarica.app.wiring import Node
from ricarica.authorization.book import ListDefinition
from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.authorization.service import TokenChanges
from ricarica.engine.sql import NODES, TIMERS
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import Delivered, Reply, Withheld
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Reset
from ricarica.stations.facts import Connected
from ricarica.stations.model import Acceptance, Station
from ricarica.stations.service import Preparation
from ricarica.stations.sql import CONNECTORS
from ricarica.storage.database import Add, Run
from ricarica.testing.nats import NatsServer
from tests.e2e.cluster.conftest import SOON_S, Cluster, boots, hears, line, says, until

KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
ACTOR = system_actor()
PASSWORD = "sixteen-and-more"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
async def a(cluster: Cluster) -> Node:
    return await cluster.node("node-a")


@pytest.fixture
async def b(cluster: Cluster) -> Node:
    return await cluster.node("node-b")


async def is_called(socket: ClientConnection, action: str) -> Any:
    """With what, once it is; it says yes to everything."""
    async with asyncio.timeout(SOON_S):
        while True:
            kind, told, *rest = json.loads(await socket.recv())
            if kind != 2:
                continue
            answer = {"listVersion": 0, "configurationKey": [], "status": "Accepted"}
            await socket.send(json.dumps([3, told, answer]))
            if rest[0] == action:
                return rest[1]


async def station_at(node: Node) -> Station:
    return await node.engine.carry_out(ACTOR, lambda slices: slices.stations.get(KEY))


async def test_a_command_from_any_node_reaches_the_station(
    cluster: Cluster, a: Node, b: Node
) -> None:
    async with cluster.door(a) as socket:
        assert await boots(socket) == "Accepted"
        answering = asyncio.create_task(hears(socket, "never"))

        told = await b.engine.commands.tell(KEY, Reset())

        assert told.outcome is Outcome.ACCEPTED
        answering.cancel()


async def test_a_command_to_a_station_that_is_nowhere_is_unreached(
    cluster: Cluster, a: Node, b: Node
) -> None:
    async with cluster.door(a) as socket:
        await boots(socket)
    await until(lambda: a.engine.live.get(KEY) is None, "it is gone")
    await a.engine.idle()

    told = await b.engine.commands.tell(KEY, Reset())

    assert told.outcome is Outcome.UNREACHED


async def test_events_are_seen_at_every_node(cluster: Cluster, a: Node, b: Node) -> None:
    with b.engine.events.subscribe(DEFAULT_TENANT) as watch:
        async with cluster.door(a) as socket:
            await boots(socket)
            seen = []
            async with asyncio.timeout(30):
                async for told in watch:
                    seen.append((told.kind, told.station))
                    if told.kind == "StationBooted":
                        break

    assert seen == [
        ("StationRegistered", "TORINO-1"),
        ("StationConnected", "TORINO-1"),
        ("StationBooted", "TORINO-1"),
    ]


async def test_what_an_operator_decides_at_one_node_holds_at_the_other_at_once(
    cluster: Cluster, a: Node, b: Node
) -> None:
    token = Token(DEFAULT_TENANT, "04AA", TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=NOW)
    await b.engine.carry_out(ACTOR, lambda slices: slices.authorization.add(token))
    async with cluster.door(a) as socket:
        await boots(socket)
        verdict = await says(socket, "1", "Authorize", idTag="04AA")
        assert verdict["idTagInfo"]["status"] == "Accepted"

        block = TokenChanges(status=TokenStatus.BLOCKED)
        await b.engine.carry_out(
            ACTOR, lambda slices: slices.authorization.change(DEFAULT_TENANT, "04AA", block)
        )

        for number in range(100):  # sooner than any copy grows old by itself
            verdict = await says(socket, f"again-{number}", "Authorize", idTag="04AA")
            if verdict["idTagInfo"]["status"] == "Blocked":
                return
    pytest.fail("it is still accepted")


async def test_a_station_changed_at_another_node_goes_on(
    cluster: Cluster, a: Node, b: Node
) -> None:
    async with cluster.door(a) as socket:
        await boots(socket)

        await b.engine.carry_out(
            ACTOR, lambda slices: slices.stations.prepare(KEY, Preparation(name="Po"), slices.now)
        )
        for number in range(5):
            await says(
                socket,
                str(number),
                "StatusNotification",
                connectorId=1,
                errorCode="NoError",
                status=("Available", "Preparing")[number % 2],
            )

    assert (await station_at(a)).name == "Po"


async def test_a_station_that_comes_to_another_node_leaves_the_first(
    cluster: Cluster, a: Node, b: Node
) -> None:
    await a.engine.carry_out(
        ACTOR,
        lambda slices: slices.stations.prepare(KEY, Preparation(password=PASSWORD), slices.now),
    )
    async with cluster.door(a, password=PASSWORD) as first:
        await boots(first)

        async with cluster.door(b, password=PASSWORD) as second:
            assert await boots(second) == "Accepted"
            with pytest.raises(ConnectionClosed):
                await hears(first, "never")
            await until(lambda: a.engine.live.get(KEY) is None, "the first node forgot it")
            await a.engine.idle()

            station = await station_at(a)
            assert (station.node, station.epoch, station.connected) == ("node-b", 2, True)


async def test_nobody_evicts_a_station_from_another_node_by_its_name(
    cluster: Cluster, a: Node, b: Node
) -> None:
    async with cluster.door(a) as first:
        await boots(first)

        async with cluster.door(b) as second:
            with pytest.raises(ConnectionClosed):
                await boots(second)

        assert await says(first, "1", "Heartbeat")
        assert (await station_at(b)).node == "node-a"


async def test_what_an_overtaken_connection_still_says_is_not_written(
    cluster: Cluster, a: Node, b: Node
) -> None:
    async with cluster.door(a) as first:
        await boots(first)
        # As if the first node had been deaf while the station came to the second.
        await b.engine.carry_out(ACTOR, _taken_over, station=KEY)
        a.engine.batches.remembered.own((KEY.tenant, KEY.station))
        replies: list[Reply] = []

        a.engine.deliver(_status("Faulted"), replies.append)
        await until(lambda: bool(replies), "it was answered")

        assert isinstance(replies[0], Withheld)
        with pytest.raises(ConnectionClosed):
            await hears(first, "never")
    assert await b.parts.database.fetch(sa.select(CONNECTORS.c.station)) == []


async def _taken_over(slices: Slices) -> None:
    await slices.stations.connect(
        Connected(KEY, "1.6", "192.0.2.9", secure=False, at=slices.now, node="node-b")
    )


def _status(status: str) -> Delivered:
    payload = {"connectorId": 1, "errorCode": "NoError", "status": status}
    return Delivered(
        KEY,
        1,
        "ocpp1.6",
        "7",
        "StatusNotification",
        json.dumps(payload).encode(),
        b"",
        wants_answer=True,
        at=datetime.now(UTC),
    )


async def test_the_stations_of_a_node_that_died_are_not_connected(
    cluster: Cluster, a: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ricarica.app.cluster.DEAD_AFTER_S", 1)  # it has not just come
    async with cluster.door(a) as socket:
        await boots(socket)
    await until(lambda: a.engine.live.get(KEY) is None, "it is gone")
    await a.engine.idle()
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    await a.parts.database.commit([Add(NODES, ("node-dead", "gateway,core", long_ago, long_ago))])
    await a.engine.carry_out(ACTOR, _at_dead_node, station=KEY)

    with a.engine.events.subscribe(DEFAULT_TENANT) as watch:
        async with asyncio.timeout(60):
            async for told in watch:
                if told.kind == "StationDisconnected":
                    break

    assert not (await station_at(a)).connected
    names = await a.parts.database.fetch(sa.select(NODES.c.name))
    assert names == [("node-a",)]


async def _at_dead_node(slices: Slices) -> None:
    await slices.stations.connect(
        Connected(KEY, "1.6", "192.0.2.9", secure=False, at=slices.now, node="node-dead")
    )


async def test_a_timer_rings_at_one_node_only(cluster: Cluster, a: Node, b: Node) -> None:
    rung: list[str] = []
    for node in (a, b):
        node.timers.rings = {"bell": _bell(rung)}
    due = datetime.now(UTC) - timedelta(seconds=1)
    rows = [Add(TIMERS, (DEFAULT_TENANT, "bell", str(number), due)) for number in range(50)]
    await a.parts.database.commit(rows)

    await asyncio.gather(a.timers.ring_due(), b.timers.ring_due())

    assert sorted(rung, key=int) == [str(number) for number in range(50)]


def _bell(rung: list[str]) -> Ring:
    async def ring(_unit: UnitOfWork, subject: str) -> None:
        rung.append(subject)

    return ring


async def test_without_nats_stations_charge_on_and_commands_come_back_with_it(
    cluster: Cluster, a: Node, b: Node, nats: NatsServer
) -> None:
    async with cluster.door(a) as socket:
        await boots(socket)
        nats.stop()
        await until(lambda: not line(b), "the line is cut")

        assert await says(socket, "1", "Heartbeat")
        unreached = await b.engine.commands.tell(KEY, Reset())
        assert unreached.outcome is Outcome.UNREACHED

        nats.start()
        await until(lambda: line(a), "the line of the first is back")
        await until(lambda: line(b), "the line of the second is back")
        answering = asyncio.create_task(hears(socket, "never"))
        told = await b.engine.commands.tell(KEY, Reset())
        assert told.outcome is Outcome.ACCEPTED
        answering.cancel()


async def test_what_an_operator_decided_without_nats_holds_when_it_is_back(
    cluster: Cluster, a: Node, b: Node, nats: NatsServer
) -> None:
    async with cluster.door(a) as socket:
        await boots(socket)
        nats.stop()
        await until(lambda: not line(b), "the line is cut")
        await b.engine.carry_out(
            ACTOR,
            lambda slices: slices.stations.prepare(
                KEY, Preparation(acceptance=Acceptance.BLOCKED), slices.now
            ),
        )
        assert await says(socket, "1", "Heartbeat")

        nats.start()

        with pytest.raises(ConnectionClosed) as closed:
            await hears(socket, "never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_what_was_wanted_of_a_station_without_nats_is_told_when_it_is_back(
    cluster: Cluster, a: Node, b: Node, nats: NatsServer
) -> None:
    listed = ListDefinition("all")
    await b.engine.carry_out(
        ACTOR, lambda slices: slices.access_rules.put_list(DEFAULT_TENANT, listed)
    )
    await _has_token(b, "04AA")
    async with cluster.door(a) as socket:
        await boots(socket)
        told = await is_called(socket, "SendLocalList")
        assert [each["idTag"] for each in told["localAuthorizationList"]] == ["04AA"]
        nats.stop()
        await until(lambda: not line(b), "the line is cut")
        await _has_token(b, "04BB")

        nats.start()

        told = await is_called(socket, "SendLocalList")
    assert "04BB" in [each["idTag"] for each in told["localAuthorizationList"]]


async def _has_token(node: Node, uid: str) -> None:
    token = Token(DEFAULT_TENANT, uid, TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=NOW)
    await node.engine.carry_out(ACTOR, lambda slices: slices.authorization.add(token))


async def test_a_node_that_was_declared_dead_sends_its_stations_off(
    cluster: Cluster, a: Node
) -> None:
    async with cluster.door(a) as socket:
        await boots(socket)

        await a.parts.database.commit([Run(sa.delete(NODES))])

        with pytest.raises(ConnectionClosed) as closed:
            await hears(socket, "never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    names = await a.parts.database.fetch(sa.select(NODES.c.name))
    assert names == [("node-a",)]
