"""Those who come: in crowds, through proxies, without a word, or with the wrong ones."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ricarica.link.letters import Admission, Knock, Verdict
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import Proxies, networks_from
from ricarica.station_gateway.throttle import Rate
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon, welcome

REQUEST = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n"
)
LOOPBACK = networks_from(["127.0.0.0/8"])
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def come(port: int, address: str = "127.0.0.1") -> AsyncIterator[Pair]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def said_to(port: int, raw: bytes, address: str = "127.0.0.1") -> bytes:
    """All that comes back, until the connection ends or a handshake is done."""
    async with come(port, address) as (reader, writer):
        writer.write(raw)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while not answer.startswith(b"HTTP/1.1 101") and (part := await soon(reader.read(999))):
                answer += part
    return answer


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - counts tell nobody that they change
            await asyncio.sleep(0.005)


class TestBehindProxies:
    async def test_the_address_that_a_trusted_proxy_forwards_is_the_stations(
        self, gateway: StationGateway, core: ScriptedCore
    ) -> None:
        port = await gateway.start("127.0.0.1", 0, proxies=Proxies(LOOPBACK))
        headers = b"X-Forwarded-For: 203.0.113.9, 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\r\n"

        assert await said_to(port, REQUEST + headers)

        assert (core.knocks[0].remote, core.knocks[0].secure) == ("198.51.100.7", True)

    async def test_of_anybody_else_it_is_not_believed(self, port: int, core: ScriptedCore) -> None:
        headers = b"X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-Proto: https\r\n\r\n"

        assert await said_to(port, REQUEST + headers)

        assert (core.knocks[0].remote, core.knocks[0].secure) == ("127.0.0.1", False)

    async def test_a_proxy_announces_the_station_in_pieces_or_with_its_request(
        self, gateway: StationGateway, core: ScriptedCore
    ) -> None:
        port = await gateway.start("127.0.0.1", 0, proxies=Proxies(LOOPBACK, announce=True))
        announcement = b"PROXY TCP4 198.51.100.7 127.0.0.1 50211 9000\r\n"

        assert await said_to(port, announcement + REQUEST + b"\r\n")
        async with come(port) as (reader, writer):
            for byte in announcement:
                writer.write(bytes((byte,)))
                await asyncio.sleep(0)
            writer.write(REQUEST)
            writer.write(b"\r\n")
            assert (await soon(reader.readline())).startswith(b"HTTP/1.1 101")

        assert [knock.remote for knock in core.knocks] == ["198.51.100.7"] * 2

    async def test_a_proxy_that_announces_nothing_is_not_heard(
        self, gateway: StationGateway, core: ScriptedCore
    ) -> None:
        port = await gateway.start("127.0.0.1", 0, proxies=Proxies(LOOPBACK, announce=True))

        assert await said_to(port, REQUEST + b"\r\n") == b""
        assert core.knocks == []

    async def test_whoever_is_no_trusted_proxy_cannot_announce(
        self, gateway: StationGateway, core: ScriptedCore
    ) -> None:
        elsewhere = Proxies(networks_from(["10.0.0.0/8"]), announce=True)
        port = await gateway.start("127.0.0.1", 0, proxies=elsewhere)
        announcement = b"PROXY TCP4 198.51.100.7 127.0.0.1 50211 9000\r\n"

        answer = await said_to(port, announcement + REQUEST + b"\r\n")

        assert answer.startswith(b"HTTP/1.1 400")
        assert core.knocks == []

    async def test_failures_count_against_the_station_and_not_against_the_proxy(
        self, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        limits = GatewayLimits(failures_per_remote=Rate(0.1, burst=3))
        gateway = StationGateway(core, hourglass, limits, random.Random(1), hourglass)
        port = await gateway.start("127.0.0.1", 0, proxies=Proxies(LOOPBACK))
        core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)

        def by(address: str) -> bytes:
            return REQUEST + f"X-Forwarded-For: {address}\r\n\r\n".encode()

        statuses = [(await said_to(port, by("198.51.100.7")))[9:12] for _ in range(4)]

        assert statuses == [b"401", b"401", b"401", b"429"]
        other = REQUEST.replace(b"CP1", b"CP2") + b"X-Forwarded-For: 198.51.100.8\r\n\r\n"
        assert (await said_to(port, other))[9:12] == b"401"
        await gateway.stop()


@pytest.mark.parametrize(
    "smuggled",
    [
        REQUEST + b"Content-Length: 44\r\n\r\nGET /CP2 HTTP/1.1\r\nHost: x\r\n\r\n",
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /CP2 HTTP/1.1\r\n\r\n",
        REQUEST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
        REQUEST + b"X: a\nContent-Length: 44\r\n\r\n",
        REQUEST + b"X: a\r\n Content-Length: 44\r\n\r\n",
        REQUEST + b"Sec-WebSocket-Key : dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        REQUEST.replace(b"\r\n", b"\n") + b"\n" + b"a" * 16_384,
        b"GET /" + b"a" * 16_384,
        REQUEST + b"X: \x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ],
    ids=range(11),
)
async def test_a_request_that_two_could_read_differently_is_answered_and_ends(
    smuggled: bytes, port: int, core: ScriptedCore, gateway: StationGateway
) -> None:
    answer = await said_to(port, smuggled)

    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"Connection: close\r\n" in answer
    assert core.knocks == []
    await until(lambda: gateway.counts().sockets == 0)


async def test_only_one_request_is_read_of_a_connection(port: int, core: ScriptedCore) -> None:
    post = b"POST /CP1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"

    answer = await said_to(port, post + b"abc" + REQUEST + b"\r\n")

    assert answer.startswith(b"HTTP/1.1 426")
    assert b"Connection: close, Upgrade\r\n" in answer
    assert core.knocks == []


class TestInAStorm:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(entries=Rate(1.0, burst=4), entry_wait_s=0.0, close_s=1.0)

    async def test_only_stations_that_charge_are_let_in_beyond_the_rate(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        core.admit_as = lambda knock: (
            Admission(Verdict.CROWDED)
            if knock.crowded and knock.identity != "CHARGING"
            else welcome(knock)
        )

        def by(identity: bytes) -> bytes:
            return REQUEST.replace(b"CP1", identity) + b"\r\n"

        first = [(await said_to(port, by(b"CP%d" % n)))[9:12] for n in range(3)]
        charging = await said_to(port, by(b"CHARGING"))
        hourglass.turn(2.0)
        later = await said_to(port, by(b"CP9"))

        assert first == [b"101", b"101", b"503"]
        assert charging.startswith(b"HTTP/1.1 101")
        assert later.startswith(b"HTTP/1.1 101")

    async def test_the_others_are_told_to_come_again_each_at_another_time(
        self, port: int, core: ScriptedCore
    ) -> None:
        core.admit_as = lambda _: Admission(Verdict.CROWDED)

        answers = [await said_to(port, REQUEST + b"\r\n") for _ in range(6)]

        delays = {int(answer.split(b"Retry-After: ")[1].split()[0]) for answer in answers}
        assert all(15 <= delay <= 45 for delay in delays)
        assert len(delays) > 2

    async def test_a_crowd_from_one_address_leaves_room_for_others(
        self, port: int, core: ScriptedCore
    ) -> None:
        knocks = [await said_to(port, REQUEST + b"\r\n", "127.0.0.2") for _ in range(4)]
        await said_to(port, REQUEST.replace(b"CP1", b"CP2") + b"\r\n", "127.0.0.3")

        assert all(knocks)
        assert [knock.crowded for knock in core.knocks] == [False, False, True, True, False]


class TestTheirTurn:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(entries=Rate(2.0, burst=2), entry_wait_s=1.0, close_s=1.0)

    async def test_those_beyond_the_rate_are_let_in_one_after_the_other(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        async with AsyncExitStack() as stack:
            for number in range(1, 6):
                address = f"127.0.1.{number}"
                _, writer = await stack.enter_async_context(come(port, address))
                writer.write(REQUEST.replace(b"CP1", b"CP%d" % number) + b"\r\n")
                assert await said_to(port, b"GET nonsense\r\n\r\n", address)  # it was read too
            let_in = [[knock.identity for knock in core.knocks]]
            for _ in range(2):
                hourglass.turn(0.5)
                await until(lambda: len(core.knocks) > len(let_in[-1]))
                let_in.append([knock.identity for knock in core.knocks])

        assert let_in[0] == ["CP1", "CP2", "CP5"]
        assert let_in[1:] == [[*let_in[0], "CP3"], [*let_in[0], "CP3", "CP4"]]
        assert [knock.identity for knock in core.knocks if knock.crowded] == ["CP5"]


class TestABusyCore:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(entries_at_once=2, entry_wait_s=2.0, close_s=1.0)

    async def test_while_it_decides_on_so_many_it_hears_of_others_only_when_they_may_charge(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        decides = asyncio.Event()

        async def slowly(knock: Knock) -> Admission:
            if knock.crowded:
                return Admission(Verdict.CROWDED)
            await decides.wait()
            return welcome(knock)

        def comes(number: int) -> "asyncio.Task[bytes]":
            request = REQUEST.replace(b"CP1", b"CP%d" % number) + b"\r\n"
            return asyncio.ensure_future(said_to(port, request))

        core.admit_as = slowly
        first = [comes(1), comes(2)]
        await until(lambda: len(core.knocks) == 2)
        third = comes(3)
        await said_to(port, b"GET nonsense\r\n\r\n")  # so that it was read
        assert len(core.knocks) == 2
        hourglass.turn(2.0)
        assert (await third).startswith(b"HTTP/1.1 503")

        decides.set()

        assert all(answer.startswith(b"HTTP/1.1 101") for answer in await asyncio.gather(*first))
        assert (await comes(4)).startswith(b"HTTP/1.1 101")
        assert [knock.crowded for knock in core.knocks] == [False, False, True, False]


class TestFloods:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(arrivals=Rate(1.0, burst=8), close_s=1.0)

    async def test_connections_beyond_the_rate_are_answered_without_being_read(
        self, port: int, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        answers = [await said_to(port, REQUEST + b"\r\n", "127.0.0.2") for _ in range(4)]
        put_off = await said_to(port, REQUEST + b"\r\n", "127.0.0.2")
        other = await said_to(port, REQUEST.replace(b"CP1", b"CP2") + b"\r\n", "127.0.0.3")

        assert all(answer.startswith(b"HTTP/1.1 101") for answer in answers)
        assert put_off == b"" or put_off.startswith(b"HTTP/1.1 503")
        assert other.startswith(b"HTTP/1.1 101")
        assert gateway.counts().shed == 1
        assert len(core.knocks) == 5


class TestAQueue:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(arrivals=Rate(1.0, burst=4), arrival_wait_s=2.0, close_s=1.0)

    async def test_who_comes_beyond_the_rate_waits_its_turn(
        self, port: int, core: ScriptedCore, gateway: StationGateway, hourglass: Hourglass
    ) -> None:
        def comes(number: int) -> "asyncio.Task[bytes]":
            request = REQUEST.replace(b"CP1", b"CP%d" % number) + b"\r\n"
            return asyncio.ensure_future(said_to(port, request, f"127.0.1.{number}"))

        for number in range(1, 5):
            await comes(number)
        waiting = []
        for number in (5, 6):
            waiting.append(comes(number))
            await until(lambda: gateway.counts().sockets == len(waiting))
        put_off = await comes(7)

        assert put_off == b"" or put_off.startswith(b"HTTP/1.1 503")
        assert not any(task.done() for task in waiting)
        assert len(core.knocks) == 4

        hourglass.turn(1.0)
        assert (await waiting[0]).startswith(b"HTTP/1.1 101")
        assert not waiting[1].done()
        hourglass.turn(1.0)
        assert (await waiting[1]).startswith(b"HTTP/1.1 101")


class TestTheSilent:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(handshakes_max=20, close_s=1.0)

    async def test_who_only_connects_pushes_out_itself_and_nobody_else(
        self, port: int, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        async with AsyncExitStack() as stack:
            slow, slowly = await stack.enter_async_context(come(port))
            slowly.write(REQUEST)
            await until(lambda: gateway.counts().handshaking == 1)
            silent = [await stack.enter_async_context(come(port, "127.0.0.2")) for _ in range(50)]
            await until(lambda: gateway.counts().handshaking == 20)

            gone = [soon(reader.read()) for reader, _ in silent[:31]]
            assert await asyncio.gather(*gone, return_exceptions=True)
            slowly.write(b"\r\n")

            assert (await soon(slow.readline())).startswith(b"HTTP/1.1 101")
        assert len(core.knocks) == 1

    async def test_who_says_nothing_for_too_long_is_sent_away(
        self, port: int, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        async with come(port) as (reader, _):
            await until(lambda: gateway.counts().handshaking == 1)

            hourglass.turn(10.0)

            with contextlib.suppress(ConnectionResetError):
                assert await soon(reader.read()) == b""
        await until(lambda: gateway.counts().sockets == 0)

    async def test_dripping_bytes_buy_no_time(
        self, port: int, hourglass: Hourglass, gateway: StationGateway
    ) -> None:
        async with come(port) as (reader, writer):
            for byte in REQUEST[:9]:
                writer.write(bytes((byte,)))
                await asyncio.sleep(0.001)
                hourglass.turn(1.2)

            with contextlib.suppress(ConnectionResetError):
                assert await soon(reader.read()) == b""


async def test_whoever_leaves_while_the_core_decides_is_not_hosted(
    port: int, core: ScriptedCore, gateway: StationGateway
) -> None:
    decided = asyncio.Event()

    async def decide(knock: Knock) -> Admission:
        await decided.wait()
        return welcome(knock)

    core.admit_as = decide
    async with come(port) as (_, writer):
        writer.write(REQUEST + b"\r\n")
        await until(lambda: len(core.knocks) == 1)
    decided.set()

    await until(lambda: gateway.counts().sockets == 0)
    await until(lambda: len(core.closed) == len(core.opened))


async def test_what_a_station_says_before_it_is_let_in_waits_in_its_socket(
    port: int, core: ScriptedCore
) -> None:
    decided = asyncio.Event()

    async def decide(knock: Knock) -> Admission:
        await decided.wait()
        return welcome(knock)

    core.admit_as = decide
    async with come(port) as (reader, writer):
        writer.write(REQUEST + b"\r\n")
        await until(lambda: len(core.knocks) == 1)
        text = b'[2,"1","Heartbeat",{}]'
        writer.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)
        decided.set()

        assert (await core.next_delivered()).action == "Heartbeat"
        assert (await soon(reader.readuntil(b"[3,"))).startswith(b"HTTP/1.1 101")


async def test_a_gateway_that_stops_sends_away_who_has_not_finished(
    core: ScriptedCore, hourglass: Hourglass
) -> None:
    gateway = StationGateway(core, hourglass, GatewayLimits(), random.Random(1), hourglass)
    port = await gateway.start("127.0.0.1", 0)
    async with come(port) as (reader, writer):
        writer.write(b"GET /CP1")
        await until(lambda: gateway.counts().handshaking == 1)

        await soon(gateway.stop())

        with contextlib.suppress(ConnectionResetError):
            assert await soon(reader.read()) == b""


async def test_a_crowd_that_comes_and_goes_leaves_nothing_behind(
    port: int, gateway: StationGateway, core: ScriptedCore
) -> None:
    for number in range(50):
        url = f"ws://127.0.0.1:{port}/CP{number}"
        async with connect(url, subprotocols=[Subprotocol("ocpp1.6")]):
            pass
        await said_to(port, b"nonsense")

    await until(lambda: gateway.counts().sockets == 0)
    assert (gateway.counts().connections, gateway.counts().handshaking) == (0, 0)
    assert len(core.closed) == 50
