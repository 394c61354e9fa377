"""Pings, losses, hanging up and going away."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from ricarica.kernel.errors import NotFoundError, StorageUnavailableError
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import Answer, HangUp, Opened
from ricarica.station_gateway.gateway import StationGateway
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon

Connect = Callable[..., Awaitable[ClientConnection]]
KEY = StationKey(TenantId("default"), StationId("CP1"))
PING = b"\x89\x00"
HEAD = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
HEARTBEAT = b'\x81\x96\x00\x00\x00\x00[2,"1","Heartbeat",{}]'
PONG = b"\x8a\x80\x00\x00\x00\x00"


async def close_code_of(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await soon(socket.recv())
    return socket.close_code


async def by_hand(
    port: int, core: ScriptedCore
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    await soon(reader.readuntil(b"\r\n\r\n"))
    await core.until(lambda: bool(core.opened))
    return reader, writer


async def test_a_silent_station_is_pinged_every_minute_and_dropped_after_long_silence(
    port: int, core: ScriptedCore, hourglass: Hourglass
) -> None:
    reader, writer = await by_hand(port, core)

    hourglass.turn(66.0)
    assert await soon(reader.readexactly(2)) == PING

    hourglass.turn(700.0)
    assert core.closed == []

    hourglass.turn(266.0)
    assert [closed.reason for closed in core.closed] == ["no sign of life"]
    writer.close()


async def test_a_station_that_answered_a_ping_before_is_dropped_after_three_missed(
    port: int, core: ScriptedCore, hourglass: Hourglass
) -> None:
    reader, writer = await by_hand(port, core)
    hourglass.turn(66.0)
    await soon(reader.readexactly(2))
    writer.write(PONG + HEARTBEAT)
    await soon(reader.readuntil(b'[3,"1",{}]'))

    hourglass.turn(180.0)
    assert core.closed == []

    hourglass.turn(84.0)
    assert [closed.reason for closed in core.closed] == ["no sign of life"]
    writer.close()


async def test_a_message_that_never_ends_closes_the_connection(
    port: int, core: ScriptedCore, hourglass: Hourglass
) -> None:
    reader, writer = await by_hand(port, core)
    writer.write(HEARTBEAT + HEARTBEAT[:10])
    await soon(reader.readuntil(b'[3,"1",{}]'))

    hourglass.turn(350.0)
    assert core.closed == []

    hourglass.turn(82.0)
    assert core.closed[0].reason == "the message takes too long"
    assert (1008).to_bytes(2, "big") in await soon(reader.read())
    writer.close()


async def test_a_socket_that_breaks_is_closed_once(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    socket = await station()
    await core.until(lambda: bool(core.opened))

    socket.transport.abort()

    await core.until(lambda: bool(core.closed))
    assert core.closed[0].reason == "connection lost"
    assert gateway.connected(KEY) is None


async def test_the_core_can_hang_up(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    socket = await station()
    await core.until(lambda: bool(core.opened))

    gateway.hang_up(HangUp(KEY, 1008, "blocked by the operator"))

    assert await close_code_of(socket) == 1008
    assert socket.close_reason == "blocked by the operator"
    assert [closed.reason for closed in core.closed] == ["blocked by the operator"]


@pytest.mark.parametrize("error", [StorageUnavailableError, NotFoundError])
async def test_without_an_epoch_the_socket_is_closed(
    error: type[Exception], station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    def fail(_: Opened) -> int:
        raise error("no")

    core.open_as = fail

    assert await close_code_of(await station()) == 1013
    assert core.letters == []
    assert gateway.connected(KEY) is None


async def test_a_fault_of_the_core_leaves_no_socket_behind(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    core.open_as = lambda _: 1 // 0
    socket = await station()

    with pytest.raises(ConnectionClosed):
        await soon(socket.recv())
    assert gateway.counts().sockets == 0


async def test_stopping_sends_the_stations_off_with_1012(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    sockets = [await station(f"/CP{number}") for number in range(5)]
    await core.until(lambda: len(core.opened) == 5)

    await soon(gateway.stop())

    assert [await close_code_of(socket) for socket in sockets] == [1012] * 5
    assert len(core.closed) == 5
    assert gateway.counts().connections == gateway.counts().sockets == 0


async def test_stopping_waits_for_the_answers_that_are_due(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    core.answer_as = lambda _: None
    socket = await station()
    await socket.send('[2,"1","Heartbeat",{}]')
    _, reply = await soon(core.delivered.get())
    stopping = asyncio.get_running_loop().create_task(gateway.stop())
    await asyncio.sleep(0)
    await socket.send('[2,"2","Heartbeat",{}]')

    reply(Answer(b"{}"))

    assert await soon(socket.recv()) == '[3,"1",{}]'
    assert await close_code_of(socket) == 1012
    await soon(stopping)
    assert core.delivered.empty()


async def test_after_stopping_nobody_is_let_in(gateway: StationGateway, port: int) -> None:
    await gateway.stop()

    with pytest.raises(ConnectionRefusedError):
        await connect(f"ws://127.0.0.1:{port}/CP1")


async def test_counts_add_up(station: Connect, core: ScriptedCore, gateway: StationGateway) -> None:
    socket = await station()
    await socket.send('[2,"1","Heartbeat",{}]')
    await soon(socket.recv())

    counts = gateway.counts()

    assert (counts.connections, counts.opened, counts.refused) == (1, 1, 0)
    assert (counts.messages_in, counts.messages_out) == (1, 1)
    assert (counts.bytes_in, counts.bytes_out) == (22, 10)
