"""Who gets in, with the real rules behind the door."""

import asyncio
import json
from collections.abc import Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from ricarica.access.model import system_actor
from ricarica.app.wiring import Node
from ricarica.kernel.clock import SystemClock
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.service import Preparation

PASSWORD = "sixteen-and-more"
KEY = StationKey(DEFAULT_TENANT, StationId("TORINO-1"))
BOOT = '[2,"1","BootNotification",{"chargePointModel":"M","chargePointVendor":"V"}]'

STATUS = '[2,"2","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Available"}]'


@pytest.fixture
async def prepared(node: Node) -> Node:
    """A node that knows one station, with a password."""
    await node.engine.carry_out(
        system_actor(DEFAULT_TENANT),
        lambda slices: slices.stations.prepare(
            KEY, Preparation(password=PASSWORD), SystemClock().now()
        ),
    )
    return node


def door(url: str, identity: str = "TORINO-1", password: str | None = None) -> connect:
    userinfo = f"{identity}:{password}@" if password else ""
    return connect(
        f"{url.replace('://', f'://{userinfo}')}/{identity}", subprotocols=[Subprotocol("ocpp1.6")]
    )


async def status_of(attempt: connect) -> int:
    try:
        async with attempt:
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


async def boots(socket: ClientConnection) -> str:
    await socket.send(BOOT)
    kind, _, answer = json.loads(await socket.recv())
    assert kind == 3
    return str(answer["status"])


async def test_only_the_password_opens_the_door(prepared: Node, url: str) -> None:
    assert await status_of(door(url)) == 401
    assert await status_of(door(url, password="guess")) == 401
    assert await status_of(door(url, password=PASSWORD)) == 101


async def test_an_identity_in_another_case_is_the_same_station(prepared: Node, url: str) -> None:
    async with door(url, "torino-1", PASSWORD) as socket:
        assert await boots(socket) == "Accepted"
        assert prepared.gateway.connected(KEY) is not None


async def test_who_comes_back_with_the_password_replaces_its_older_connection(
    prepared: Node, url: str
) -> None:
    async with door(url, password=PASSWORD) as older, door(url, password=PASSWORD) as newer:
        with pytest.raises(ConnectionClosed):
            await older.recv()
        assert await boots(newer) == "Accepted"
        assert prepared.gateway.connected(KEY) == 2


async def test_when_nothing_can_be_stored_stations_are_sent_away_without_an_answer(
    url: str, cut_off: Callable[[], None]
) -> None:
    async with door(url) as socket:
        assert await boots(socket) == "Accepted"
        cut_off()
        await socket.send(STATUS)
        with pytest.raises(ConnectionClosed):
            await socket.recv()

        assert socket.close_code == 1013
    assert await status_of(door(url, "TORINO-2")) == 503


async def test_many_stations_at_once_are_all_served(node: Node, url: str) -> None:
    async def come(number: int) -> str:
        async with door(url, f"CP{number}") as socket:
            return await boots(socket)

    assert await asyncio.gather(*(come(number) for number in range(50))) == ["Accepted"] * 50
