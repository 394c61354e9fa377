"""Those who drip, knock again at once, or come and go."""

import asyncio
import socket

import pytest

from ricarica.link.letters import Admission, Verdict
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import Proxies
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon
from tests.wire.gateway.test_arrivals import LOOPBACK, REQUEST, come, said_to, until


class TestWhoDrips:
    """It is not the bytes that cost but the reads."""

    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(drips_free=4, handshake_s=60.0, close_s=1.0)

    async def test_what_drips_is_read_in_larger_portions(
        self, port: int, core: ScriptedCore, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        async with come(port) as (reader, writer):
            await until(lambda: gateway.counts().handshaking == 1)
            await drip(writer, REQUEST[:9])
            writer.write(REQUEST[9:] + b"\r\n")
            await others_had_their_turn(port)
            early = len(core.knocks) > 1

            hourglass.turn(1.5)

            assert (await soon(reader.readline())).startswith(b"HTTP/1.1 101")
        assert not early

    async def test_of_a_message_too(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        message = b'[2,"1","Heartbeat",{}]'
        frame = bytes((0x81, 0x80 | len(message))) + bytes(4) + message
        async with come(port) as (reader, writer):
            writer.write(REQUEST + b"\r\n")
            await soon(reader.readuntil(b"\r\n\r\n"))
            await drip(writer, frame[:9])
            writer.write(frame[9:])
            await others_had_their_turn(port)
            early = not core.delivered.empty()

            hourglass.turn(1.5)

            assert (await soon(core.delivered.get()))[0].message_id == "1"
        assert not early


class TestWhoSendsPieces:
    """A read that completes nothing costs as much as a quarter of a message."""

    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(messages=Rate(1.0, burst=4), close_s=1.0)

    async def test_they_count_as_messages_do(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        message = b'[2,"1","Heartbeat",{}]'.ljust(2_000)
        frame = b"\x81\xfe" + len(message).to_bytes(2, "big") + bytes(4) + message
        async with come(port) as (reader, writer):
            writer.write(REQUEST + b"\r\n")
            await soon(reader.readuntil(b"\r\n\r\n"))
            for start in range(0, 1_800, 100):
                writer.write(frame[start : start + 100])
                await asyncio.sleep(0.005)
            writer.write(frame[1_800:])
            await others_had_their_turn(port)
            early = not core.delivered.empty()

            hourglass.turn(2.0)

            assert (await soon(core.delivered.get()))[0].message_id == "1"
        assert not early


async def others_had_their_turn(port: int) -> None:
    """Whoever came before them could have had it too."""
    assert await said_to(port, REQUEST.replace(b"CP1", b"OTHER") + b"\r\n")


async def drip(writer: asyncio.StreamWriter, raw: bytes) -> None:
    """Each byte by itself, as far as the system has it so."""
    writer.transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in raw:
        writer.write(bytes((byte,)))
        await asyncio.sleep(0.005)


class TestWhoIsRefusedAgainAndAgain:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(refusals=Rate(0.01, burst=2), stuck_per_remote=1, close_s=1.0)

    async def test_it_is_answered_late_and_others_at_once(
        self, port: int, core: ScriptedCore, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)
        knock = REQUEST + b"\r\n"
        first = [(await said_to(port, knock, "127.0.0.2"))[9:12] for _ in range(2)]

        late = asyncio.ensure_future(said_to(port, knock, "127.0.0.2"))
        await until(lambda: len(core.knocks) == 3)
        await until(lambda: gateway.counts().sockets == 1)
        beyond = await said_to(port, knock, "127.0.0.2")
        other = await said_to(port, knock, "127.0.0.3")
        waits = not late.done()
        hourglass.turn(1.0)

        assert first == [b"401", b"401"]
        assert (beyond[9:12], other[9:12], waits) == (b"401", b"401", True)
        assert (await late)[9:12] == b"401"

    async def test_what_it_says_meanwhile_is_not_read(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        async with come(port) as (reader, writer):
            for _ in range(2):
                await said_to(port, b"nonsense\r\n\r\n")
            writer.write(b"nonsense\r\n\r\n")
            writer.write(b"x" * (32 << 20))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await writer.drain()
            hourglass.turn(1.0)

            assert (await soon(reader.readline())).startswith(b"HTTP/1.1 400")

    async def test_who_was_answered_makes_room_for_the_next(
        self, port: int, core: ScriptedCore, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)
        for _ in range(2):
            await said_to(port, REQUEST + b"\r\n")
        waited = []
        for _ in range(2):
            before = len(core.knocks)
            late = asyncio.ensure_future(said_to(port, REQUEST + b"\r\n"))
            await until(lambda: len(core.knocks) > before)  # noqa: B023 - waited for here
            await others_had_their_turn(port)
            waited.append(not late.done())
            hourglass.turn(1.0)
            await late

        assert waited == [True, True]

    async def test_a_proxy_is_answered_at_once(
        self, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        port = await gateway.start("127.0.0.1", 0, proxies=Proxies(LOOPBACK))
        core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)

        answers = [await said_to(port, REQUEST + b"\r\n") for _ in range(9)]

        assert [answer[9:12] for answer in answers] == [b"401"] * 9

    async def test_a_gateway_that_stops_does_not_wait_for_it(
        self, port: int, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)
        for _ in range(2):
            await said_to(port, REQUEST + b"\r\n")
        late = asyncio.ensure_future(said_to(port, REQUEST + b"\r\n"))
        await until(lambda: len(core.knocks) == 3)

        await soon(gateway.stop())

        assert await late == b""


class TestWhoIsPutOffAtTheDoor:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(
            arrivals=Rate(1.0, burst=4),
            arrival_wait_s=0.0,
            refusals=Rate(1.0, burst=1),
            close_s=1.0,
        )

    async def test_what_it_says_while_it_waits_for_the_answer_is_not_read(
        self, port: int, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        while not gateway.counts().shed:
            await said_to(port, REQUEST + b"\r\n")
        async with come(port) as (reader, writer):
            writer.write(b"x" * (32 << 20))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.5):
                    await writer.drain()
            hourglass.turn(1.0)

            assert (await soon(reader.readline())).startswith(b"HTTP/1.1 503")


class TestWhoComesAndGoes:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(fleeting_visits=Rate(0.01, burst=2), fleeting_s=10.0, close_s=1.0)

    async def test_beyond_the_rate_it_is_let_in_a_little_late_and_others_at_once(
        self, port: int, core: ScriptedCore, gateway: StationGateway, hourglass: Hourglass
    ) -> None:
        def visits(identity: bytes, address: str) -> "asyncio.Task[bytes]":
            request = REQUEST.replace(b"CP1", identity) + b"\r\n"
            return asyncio.ensure_future(said_to(port, request, address))

        for visited in (1, 2):
            await visits(b"RESTLESS", "127.0.0.2")
            await core.until(lambda: len(core.closed) == visited)  # noqa: B023 - waited for here
        late = visits(b"RESTLESS", "127.0.0.2")
        await until(lambda: gateway.counts().sockets == 1)
        other = await visits(b"OTHER", "127.0.0.3")
        waits = not late.done()
        hourglass.turn(0.25)

        assert other.startswith(b"HTTP/1.1 101")
        assert (await late).startswith(b"HTTP/1.1 101")
        assert waits
        assert [knock.identity for knock in core.knocks] == ["RESTLESS"] * 2 + ["OTHER", "RESTLESS"]

    async def test_who_stays_for_a_while_is_not_counted(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        for _ in range(4):
            async with come(port) as (reader, writer):
                writer.write(REQUEST + b"\r\n")
                answer = await soon(reader.readuntil(b"\r\n\r\n"))
                hourglass.turn(10.0)
            await core.until(lambda: len(core.closed) == len(core.knocks))

            assert answer.startswith(b"HTTP/1.1 101")
