"""Stations that say too much, too fast, or without listening."""

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import InvalidStatus

from ricarica.link.letters import Answer
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon

Connect = Callable[..., Awaitable[ClientConnection]]
HEARTBEAT = '[2,"1","Heartbeat",{}]'
REQUEST = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


async def heard(socket: ClientConnection) -> object:
    return json.loads(await soon(socket.recv()))


class TestFlooding:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(messages=Rate(per_s=10.0, burst=5), close_s=1.0)

    async def test_pings_count_as_messages(
        self, station: Connect, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        socket = await station()
        pongs = [asyncio.ensure_future(await socket.ping()) for _ in range(7)]

        for pong in pongs[:6]:
            await soon(pong)
        await core.until(lambda: core.kinds() == ["flooding"])
        assert not pongs[6].done()

        hourglass.turn(0.1)
        await soon(pongs[6])

    @pytest.mark.parametrize(
        "pieces", [[b"x"] * 100, [b"x" * (64 << 10)]], ids=["many fragments", "a long text"]
    )
    async def test_what_costs_as_much_as_many_messages_counts_as_many(
        self, pieces: list[bytes], station: Connect, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        socket = await station()
        await socket.send(pieces, text=True)
        await core.until(lambda: core.kinds() == ["garbled", "flooding"])
        await socket.send(HEARTBEAT)

        hourglass.turn(0.3)
        assert core.delivered.empty()

        hourglass.turn(0.7)
        assert await heard(socket) == [3, "1", {}]

    async def test_a_station_that_sends_too_fast_is_read_more_slowly(
        self, station: Connect, core: ScriptedCore, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        socket = await station()
        for number in range(8):
            await socket.send(f'[2,"{number}","Heartbeat",{{}}]')

        # The sixth is taken on credit; then nothing until that is paid.
        for _ in range(6):
            await heard(socket)
        await core.until(lambda: core.kinds() == ["flooding"])
        assert gateway.counts().messages_in == 6

        hourglass.turn(0.1)
        await heard(socket)
        assert gateway.counts().messages_in == 7

        hourglass.turn(0.1)
        await heard(socket)
        assert core.kinds() == ["flooding"]


class TestAPeerThatIsToldToGo:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(unheard_bytes_max=100_000)

    @pytest.mark.parametrize("frame", [b"\x82\x80" + bytes(4), b"\x83\x80" + bytes(4)])
    async def test_it_may_finish_its_sentence_but_not_go_on_for_ever(
        self, frame: bytes, port: int, gateway: StationGateway, core: ScriptedCore
    ) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await soon(reader.readuntil(b"\r\n\r\n"))

        writer.write(frame + b"\x89\x80\0\0\0\0" * 10_000)

        assert (await soon(reader.read(1))) == b"\x88"
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"\x89\x80\0\0\0\0" * 10_000)
                await soon(writer.drain())
        await core.until(lambda: bool(core.closed))
        writer.transport.abort()


class TestCallsWithoutWaiting:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(waiting_max=4, close_s=1.0)

    async def test_calls_beyond_the_bound_wait_in_the_socket_and_none_is_lost(
        self, station: Connect, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        core.answer_as = lambda _: None
        socket = await station()
        for number in range(20):
            await socket.send(f'[2,"{number}","Heartbeat",{{}}]')

        ids: list[str] = []
        for _ in range(20):
            delivered, reply = await soon(core.delivered.get())
            assert gateway.counts().messages_in <= len(ids) + 5
            ids.append(delivered.message_id)
            reply(Answer(b"{}"))
            await heard(socket)

        assert ids == [str(number) for number in range(20)]
        assert core.noted == []


class TestADeafStation:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(write_buffer_bytes_max=1 << 16, close_s=1.0)

    async def test_a_station_that_reads_nothing_is_dropped(
        self, port: int, core: ScriptedCore
    ) -> None:
        core.answer_as = lambda _: Answer(b'{"data":"%s"}' % (b"x" * 500_000))
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1_000)
        writer.write(
            b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
        )
        await soon(reader.readuntil(b"\r\n\r\n"))
        for number in range(50):
            text = b'[2,"%d","Heartbeat",{}]' % number
            writer.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)

        await core.until(lambda: bool(core.closed))

        assert core.closed[0].reason == "the station does not read what is sent to it"
        writer.transport.abort()


class TestBreakingTheRulesAgainAndAgain:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(close_s=1.0, offences_free=1, penance_s=2.0)

    async def offend(self, station: Connect) -> None:
        socket = await station()
        await socket.send(b"binary")
        await soon(socket.wait_closed())

    async def test_the_next_handshake_waits(self, station: Connect, hourglass: Hourglass) -> None:
        await self.offend(station)
        await self.offend(station)

        third = asyncio.ensure_future(station())
        other = await soon(station("/CP2"))
        assert not third.done()

        hourglass.turn(0.5)
        await soon(third)
        await other.close()

    async def test_only_one_of_a_name_waits(self, station: Connect, hourglass: Hourglass) -> None:
        await self.offend(station)
        await self.offend(station)
        third = asyncio.ensure_future(station())
        await soon(station("/CP2"))

        with pytest.raises(InvalidStatus, match="429"):
            await soon(station())

        hourglass.turn(0.5)
        await soon(third)


async def test_a_long_queue_of_messages_lets_others_have_their_turn(
    station: Connect, core: ScriptedCore
) -> None:
    """Bytes that come at once are looked through a little at a time, and in their order."""
    socket = await station()
    for number in range(200):
        await socket.send(f'[2,"{number}","Heartbeat",{{}}]')

    assert [await heard(socket) for _ in range(200)] == [[3, str(n), {}] for n in range(200)]
