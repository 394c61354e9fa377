"""TLS between the stations and the gateway: of two kinds, resumed, renewed, and of few bytes."""

import asyncio
import contextlib
import gc
import os
import random
import socket
import ssl
import weakref
from pathlib import Path
from typing import Any

import pytest
import trustme
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from ricarica.kernel.clock import SystemClock
from ricarica.link.letters import Answer
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.proxies import Proxies, networks_from
from ricarica.station_gateway.throttle import Rate
from ricarica.station_gateway.tls import RenewedTls
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon
from tests.wire.gateway.test_arrivals import come
from tests.wire.gateway.test_nuisances import drip

REQUEST = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)


class Files:
    """An RSA and an ECDSA certificate of one authority, in files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.pairs = [self._write(kind) for kind in trustme.KeyType]
        self.authority: trustme.CA
        self.issue()

    def issue(self) -> None:
        """New certificates of a new authority, moved into their places."""
        self.authority = trustme.CA()
        middle = self.authority.create_child_ca()
        for kind, (chain, key) in zip(trustme.KeyType, self.pairs, strict=True):
            leaf = middle.issue_cert("127.0.0.1", key_type=kind)
            _replace(chain, b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
            _replace(key, leaf.private_key_pem.bytes())

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context

    def _write(self, kind: trustme.KeyType) -> tuple[Path, Path]:
        return self._folder / f"{kind.name}.pem", self._folder / f"{kind.name}.key"


def _replace(path: Path, content: bytes) -> None:
    aside = path.with_suffix(".new")
    aside.write_bytes(content)
    aside.replace(path)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


@pytest.fixture
def tls(files: Files) -> RenewedTls:
    return RenewedTls(files.pairs)


@pytest.fixture
async def tls_port(gateway: StationGateway, tls: RenewedTls) -> int:
    return await gateway.start("127.0.0.1", 0, tls)


def door(port: int, context: ssl.SSLContext, identity: str = "CP1") -> connect:
    return connect(
        f"wss://127.0.0.1:{port}/{identity}",
        ssl=context,
        subprotocols=[Subprotocol("ocpp1.6")],
        close_timeout=1,
        max_size=None,
    )


async def answer_to(station: ClientConnection, text: str) -> str | bytes:
    await station.send(text)
    return await soon(station.recv())


def by_hand(
    port: int, context: ssl.SSLContext, session: ssl.SSLSession | None = None
) -> tuple[bool, ssl.SSLSession | None, bytes]:
    """One handshake with a socket that blocks: was it resumed, how to resume it, the answer."""
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secured,
    ):
        secured.sendall(REQUEST)
        answer = secured.recv(1_000)
        return bool(secured.session_reused), secured.session, answer


@pytest.mark.parametrize("suite", ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256"])
async def test_each_station_gets_the_certificate_that_it_can_verify(
    suite: str, tls_port: int, files: Files
) -> None:
    context = files.trusting()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(suite)

    async with door(tls_port, context) as station:
        assert station.transport.get_extra_info("cipher")[0] == suite


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_station_that_comes_back_resumes_its_session(
    version: ssl.TLSVersion, tls_port: int, files: Files
) -> None:
    context = files.trusting()
    context.maximum_version = version
    first, session, _ = await asyncio.to_thread(by_hand, tls_port, context)

    again, _, answer = await asyncio.to_thread(by_hand, tls_port, context, session)

    assert (first, again) == (False, True)
    assert answer.startswith(b"HTTP/1.1 101")


async def test_what_comes_in_many_small_records_is_read_as_one(
    tls_port: int, files: Files, core: ScriptedCore
) -> None:
    message = b'[2,"1","Heartbeat",{}]'
    reader, writer = await asyncio.open_connection("127.0.0.1", tls_port, ssl=files.trusting())
    for raw in (REQUEST, bytes((0x81, 0x80 | len(message))) + bytes(4) + message):
        for byte in raw:
            writer.write(bytes((byte,)))
        if raw is REQUEST:
            await soon(reader.readuntil(b"\r\n\r\n"))

    assert (await soon(core.delivered.get()))[0].message_id == "1"
    writer.transport.abort()


async def test_messages_of_any_size_arrive_whole_in_both_directions(
    tls_port: int, files: Files, core: ScriptedCore
) -> None:
    core.answer_as = lambda delivered: Answer(delivered.payload)
    async with door(tls_port, files.trusting()) as station:
        for size in (0, 1, 16_383, 16_384, 16_385, 65_536, 1_000_000):
            data = '{"data":"%s"}' % ("x" * size)

            answer = await answer_to(station, f'[2,"{size}","DataTransfer",{data}]')

            assert answer == f'[3,"{size}",{data}]'


async def test_answers_that_nobody_reads_end_the_connection(
    gateway: StationGateway, core: ScriptedCore, tls: RenewedTls, files: Files
) -> None:
    core.answer_as = lambda _: Answer(b'{"data":"%s"}' % (b"x" * 900_000))
    port = await gateway.start("127.0.0.1", 0, tls)
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=files.trusting(), limit=9)
    writer.write(REQUEST)
    for number in range(50):
        text = b'[2,"%d","Heartbeat",{}]' % number
        writer.write(bytes((0x81, 0x80 | len(text))) + bytes(4) + text)

    await core.until(lambda: bool(core.closed))

    assert core.closed[0].reason == "the station does not read what is sent to it"
    writer.transport.abort()


class TestFlooding:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(messages=Rate(per_s=10.0, burst=3), close_s=1.0)

    async def test_what_is_not_read_for_a_while_is_not_lost(
        self, tls_port: int, files: Files, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        async with door(tls_port, files.trusting()) as station:
            for number in range(50):
                await station.send(f'[2,"{number}","Heartbeat",{{}}]')
            await core.until(lambda: core.kinds() == ["flooding"])

            heard = []
            for _ in range(50):
                hourglass.turn(0.1)
                heard.append(await soon(station.recv()))

        assert heard == [f'[3,"{number}",{{}}]' for number in range(50)]


async def test_a_close_is_said_under_tls_too(
    tls_port: int, files: Files, gateway: StationGateway, core: ScriptedCore
) -> None:
    async with door(tls_port, files.trusting()) as station:
        await core.until(lambda: bool(core.opened))
        stopping = asyncio.ensure_future(gateway.stop())
        with contextlib.suppress(ConnectionClosed):
            await soon(station.recv())
        await soon(stopping)

        assert station.close_code == 1012


async def test_new_certificates_are_for_those_who_come_and_disturb_nobody(
    tls_port: int, files: Files, tls: RenewedTls
) -> None:
    async with door(tls_port, files.trusting(), "OLD") as old:
        before = files.trusting()
        files.issue()
        assert tls.has_changed
        tls.renew()

        async with door(tls_port, files.trusting(), "NEW") as new:
            assert await answer_to(new, '[2,"1","Heartbeat",{}]') == '[3,"1",{}]'
        with pytest.raises(ssl.SSLCertVerificationError):
            await door(tls_port, before, "LATE")
        assert await answer_to(old, '[2,"1","Heartbeat",{}]') == '[3,"1",{}]'
    assert not tls.has_changed


async def test_a_certificate_without_its_key_changes_nothing(
    tls_port: int, files: Files, tls: RenewedTls
) -> None:
    chain, _ = files.pairs[0]
    kept = chain.read_bytes()
    chain.write_bytes(b"half a certi")

    with pytest.raises(OSError, match=r"PEM|SSL"):
        tls.renew()

    async with door(tls_port, files.trusting()) as station:
        assert await answer_to(station, '[2,"1","Heartbeat",{}]') == '[3,"1",{}]'
    chain.write_bytes(kept)
    os.utime(chain, ns=(1, 1))
    assert tls.has_changed
    tls.renew()


async def test_a_proxy_announces_the_station_before_tls(
    gateway: StationGateway, files: Files, tls: RenewedTls, core: ScriptedCore
) -> None:
    proxies = Proxies(networks_from(["127.0.0.1"]), announce=True)
    port = await gateway.start("127.0.0.1", 0, tls, proxies)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"PROXY TCP4 198.51.100.7 127.0.0.1 50211 9443\r\n")
    await writer.start_tls(files.trusting(), server_hostname="127.0.0.1")
    writer.write(REQUEST)

    assert (await soon(reader.readline())).startswith(b"HTTP/1.1 101")
    assert (core.knocks[0].remote, core.knocks[0].secure) == ("198.51.100.7", True)
    writer.transport.abort()


@pytest.mark.parametrize("raw", [b"GET /CP1 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"x"])
async def test_what_is_no_tls_is_not_heard(
    raw: bytes, tls_port: int, gateway: StationGateway
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tls_port)
    writer.write(raw)
    writer.write_eof()

    answer = b""
    with contextlib.suppress(ConnectionResetError):
        answer = await soon(reader.read())

    assert not answer.startswith(b"HTTP")  # at most an alert
    writer.transport.abort()


@pytest.mark.parametrize("raw", [b"GET /CP1 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello"])
async def test_who_speaks_no_tls_is_not_waited_for(raw: bytes, tls_port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", tls_port)
    writer.write(raw)

    with contextlib.suppress(ConnectionResetError):
        await soon(reader.read())
    writer.transport.abort()


class TestWhoDrips:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(drips_free=4, close_s=1.0)

    async def test_a_handshake_that_drips_is_read_in_larger_portions(
        self, tls_port: int, files: Files, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        client = ByHand(files.trusting())
        async with come(tls_port) as (reader, writer):
            hello = client.hello()
            await drip(writer, hello[:9])
            writer.write(hello[9:])
            await others_had_their_turn(tls_port, files)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await reader.read(1)

            hourglass.turn(1.5)

            assert await soon(reader.read(1))

    async def test_a_record_that_drips_too(
        self, tls_port: int, files: Files, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        client = ByHand(files.trusting())
        async with come(tls_port) as (reader, writer):
            await client.shake(reader, writer)
            record = client.sealed(REQUEST)
            await drip(writer, record[:9])
            writer.write(record[9:])
            await others_had_their_turn(tls_port, files)
            early = len(core.knocks) > 1

            hourglass.turn(1.5)
            await core.until(lambda: len(core.knocks) == 2)

        assert not early

    async def test_what_dripped_before_is_not_held_against_the_request(
        self, tls_port: int, files: Files, core: ScriptedCore
    ) -> None:
        client = ByHand(files.trusting())
        async with come(tls_port) as (reader, writer):
            hello = client.hello()
            await drip(writer, hello[:3])
            writer.write(hello[3:])
            await client.shake(reader, writer)
            for part in (REQUEST[:5], REQUEST[5:9], REQUEST[9:12], REQUEST[12:]):
                writer.write(client.sealed(part))
                await asyncio.sleep(0.005)

            await core.until(lambda: bool(core.knocks))


class ByHand:
    """The station's side of TLS, a step at a time."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._session = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname="127.0.0.1"
        )

    def hello(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._session.do_handshake()
        return self._outgoing.read()

    async def shake(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(self.hello())
        while True:
            self._incoming.write(await soon(reader.read(9_999)))
            try:
                self._session.do_handshake()
            except ssl.SSLWantReadError:
                continue
            finally:
                writer.write(self._outgoing.read())
            return

    def sealed(self, data: bytes) -> bytes:
        self._session.write(data)
        return self._outgoing.read()


async def others_had_their_turn(port: int, files: Files) -> None:
    """Whoever came before them could have had it too."""
    async with door(port, files.trusting(), "OTHER"):
        pass


async def test_of_a_connection_that_is_gone_nothing_is_kept_until_the_collector_comes(
    files: Files, tls: RenewedTls, core: ScriptedCore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions: list[weakref.ref[ssl.SSLObject]] = []
    wrap_bio = ssl.SSLContext.wrap_bio

    def noted(
        context: ssl.SSLContext, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, **how: Any
    ) -> ssl.SSLObject:
        session = wrap_bio(context, incoming, outgoing, **how)
        if how["server_side"]:
            sessions.append(weakref.ref(session))
        return session

    monkeypatch.setattr(ssl.SSLContext, "wrap_bio", noted)
    # An hourglass would keep the alarms that were cancelled.
    gateway = StationGateway(core, SystemClock(), GatewayLimits(), random.Random(1))
    port = await gateway.start("127.0.0.1", 0, tls)
    gc.disable()
    try:
        for number in range(5):
            async with door(port, files.trusting(), f"CP{number}"):
                await core.until(lambda: len(core.opened) == len(sessions))
            await core.until(lambda: len(core.closed) == len(sessions))
        await asyncio.to_thread(by_hand_and_broken_off, port, files.trusting())
        await soon(_all_gone(sessions))
    finally:
        gc.enable()
        await gateway.stop()

    assert len(sessions) == 6


async def _all_gone(sessions: list["weakref.ref[ssl.SSLObject]"]) -> None:
    while any(session() for session in sessions):  # noqa: ASYNC110 - nobody tells when
        await asyncio.sleep(0.01)


def by_hand_and_broken_off(port: int, context: ssl.SSLContext) -> None:
    with (
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secured,
    ):
        secured.sendall(REQUEST[:40])
