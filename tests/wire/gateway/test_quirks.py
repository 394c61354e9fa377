"""How real stations connect, by their number in docs/reference/quirks.md."""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import trustme
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import Admission, Outcome, Verdict
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.tls import station_tls
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon
from tests.wire.gateway.test_asks import ask, asked, call_heard
from tests.wire.gateway.test_handshake import answer_to, basic, request, status_of

Connect = Callable[..., Awaitable[ClientConnection]]
KEY = StationKey(TenantId("default"), StationId("CP1"))


async def booted(station: Connect) -> ClientConnection:
    socket = await station()
    await socket.send('[2,"boot","BootNotification",{}]')
    await soon(socket.recv())
    return socket


# -- the handshake


async def test_quirk_9_without_a_subprotocol_nobody_comes_in(port: int, core: ScriptedCore) -> None:
    core.admit_as = lambda _: Admission(Verdict.NO_COMMON_DIALECT)

    assert await status_of(port, Sec_WebSocket_Protocol="") == 400
    assert core.opened == []


async def test_quirk_9_whoever_is_known_to_offer_none_comes_in_and_hears_none(
    port: int, core: ScriptedCore
) -> None:
    core.admit_as = lambda _: Admission(Verdict.WELCOME, KEY, "ocpp1.6")

    answer = await answer_to(port, request(Sec_WebSocket_Protocol=""))

    assert answer.startswith("HTTP/1.1 101 ")
    assert "Sec-WebSocket-Protocol" not in answer
    assert core.knocks[0].subprotocols == ()


async def test_quirk_10_a_path_without_an_identity_is_not_found(
    port: int, core: ScriptedCore
) -> None:
    assert await status_of(port, "/") == 404
    assert core.knocks == []


async def test_quirk_11_without_the_connection_header_there_is_no_upgrade(port: int) -> None:
    answer = await answer_to(port, request(Connection=""))

    assert answer.split()[1] == "400"


@pytest.mark.parametrize(
    "path, identity",
    [
        pytest.param("/ws://host:9000/CP_1", "CP_1", id="quirk 12"),
        pytest.param("/ws://host:9000/CP_1/SERIAL", "SERIAL", id="quirk 12, a serial behind it"),
        pytest.param("//ocpp//CP1/", "CP1", id="quirk 13"),
        pytest.param("/CP%201", "CP 1", id="quirk 14"),
        pytest.param("/RDAM%7C123", "RDAM|123", id="quirk 15"),
    ],
)
async def test_quirk_12_and_13_and_14_and_15_odd_paths_name_their_station(
    path: str, identity: str, port: int, core: ScriptedCore
) -> None:
    assert await status_of(port, path) == 101
    assert core.knocks[0].identity == identity


@pytest.mark.parametrize("password", [b"0123456789abcdef\xff\xfe", b"\x01\x23\x45\x67" * 4])
async def test_quirk_17_a_password_need_not_be_text(
    password: bytes, port: int, core: ScriptedCore
) -> None:
    answer = await answer_to(port, request(Authorization=basic("CP1", password.decode("latin-1"))))

    assert answer.split()[1] == "101"
    assert core.knocks[0].password == password.decode("latin-1").encode()


async def test_quirk_18_basic_may_have_a_colon_behind_it(port: int, core: ScriptedCore) -> None:
    header = basic("CP1", "s3cret").replace("Basic ", "Basic: ")

    assert await status_of(port, Authorization=header) == 101
    assert core.knocks[0].password == b"s3cret"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    issued = trustme.CA().issue_cert("127.0.0.1")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    return chain, key


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> ssl.SSLObject:
    """In memory; the client's end."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname="127.0.0.1"),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    for _ in range(5):
        for end in ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                end.do_handshake()
    return ends[0]


def trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")  # it is old, indeed
def test_quirk_19_old_tls_is_not_spoken(certificate: tuple[Path, Path]) -> None:
    old = trusting()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1

    with pytest.raises(ssl.SSLError):
        shake_hands(station_tls([certificate]), old)


def test_quirk_20_a_station_gets_the_certificate_that_the_operator_gave(
    certificate: tuple[Path, Path],
) -> None:
    end = shake_hands(station_tls([certificate]), trusting())

    sent = end.getpeercert(binary_form=True)
    assert sent is not None
    assert ssl.DER_cert_to_PEM_cert(sent) in certificate[0].read_text()


# -- being there


async def test_quirk_21_whoever_never_answers_pings_stays_while_it_talks(
    station: Connect, hourglass: Hourglass, core: ScriptedCore, gateway: StationGateway
) -> None:
    socket = await booted(station)

    for number in range(20):  # each longer than three pings may go unanswered
        hourglass.turn(200.0)
        await socket.send(f'[2,"{number}","Heartbeat",{{}}]')
        await soon(socket.recv())

    assert core.closed == []


async def test_quirk_22_a_station_that_went_deaf_is_sent_away_to_come_back(
    gateway: StationGateway, station: Connect, hourglass: Hourglass, core: ScriptedCore
) -> None:
    socket = await booted(station)
    for _ in range(4):
        hourglass.turn(200.0)
        await socket.send('[2,"beat","Heartbeat",{}]')
        await soon(socket.recv())

    for _ in range(2):
        told = asked(gateway, ask())
        await call_heard(socket)
        hourglass.turn(30.0)
        assert (await soon(told)).outcome is Outcome.UNKNOWN

    with pytest.raises(ConnectionClosed):
        await soon(socket.recv())
    assert socket.close_code == 1001


async def test_quirk_23_a_ping_every_two_minutes_is_sign_of_life_enough(
    station: Connect, hourglass: Hourglass, core: ScriptedCore
) -> None:
    socket = await booted(station)

    for _ in range(10):
        hourglass.turn(120.0)
        await soon(await socket.ping())

    assert core.closed == []


class TestGoingAway:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(close_s=1.0, drain_batch=2, drain_pause_s=10.0)

    async def test_quirk_29_stations_are_sent_off_a_few_at_a_time(
        self,
        station: Connect,
        gateway: StationGateway,
        hourglass: Hourglass,
        core: ScriptedCore,
    ) -> None:
        for number in range(5):
            await station(f"/CP{number}")
        await core.until(lambda: len(core.opened) == 5)

        stopping = asyncio.ensure_future(gateway.stop())
        await core.until(lambda: len(core.closed) == 2)
        assert not stopping.done()
        hourglass.turn(15.0)
        await core.until(lambda: len(core.closed) == 4)
        hourglass.turn(15.0)
        await core.until(lambda: len(core.closed) == 5)

        await soon(stopping)


# -- frames


async def test_quirk_35_what_is_no_utf_8_closes_the_socket(station: Connect) -> None:
    socket = await booted(station)

    socket.transport.write(b"\x81\x84\0\0\0\0\xff\xfe\xfd\xfc")

    with pytest.raises(ConnectionClosed):
        await soon(socket.recv())
    assert socket.close_code == 1007


async def test_quirk_62_an_answer_to_another_call_is_none_to_ours(
    gateway: StationGateway, station: Connect, hourglass: Hourglass, core: ScriptedCore
) -> None:
    socket = await booted(station)
    told = asked(gateway, ask("SetChargingProfile"))
    await call_heard(socket)

    await socket.send('[3,"what-is-this",{"status":"Accepted"}]')
    await core.until(lambda: "unsolicited_answer" in core.kinds())
    hourglass.turn(30.0)

    assert (await soon(told)).outcome is Outcome.UNKNOWN


async def test_quirk_63_a_second_answer_is_passed_over(
    gateway: StationGateway, station: Connect, core: ScriptedCore
) -> None:
    socket = await booted(station)
    first = asked(gateway, ask())
    message_id, _ = await call_heard(socket)
    await socket.send(f'[3,"{message_id}",{{"status":"Accepted"}}]')
    await soon(first)
    second = asked(gateway, ask("ClearCache"))
    other_id, _ = await call_heard(socket)

    await socket.send(f'[3,"{message_id}",{{"status":"Rejected"}}]')
    await socket.send(f'[3,"{other_id}",{{"status":"Accepted"}}]')

    assert (await soon(first)).payload == b'{"status":"Accepted"}'
    assert (await soon(second)).payload == b'{"status":"Accepted"}'


async def test_quirk_64_calls_that_do_not_wait_are_answered_in_turn(station: Connect) -> None:
    socket = await booted(station)

    for number in range(5):
        await socket.send(f'[2,"{number}","Heartbeat",{{}}]')
    answers = [json.loads(await soon(socket.recv())) for _ in range(5)]

    assert [answer[1] for answer in answers] == ["0", "1", "2", "3", "4"]


async def test_quirk_67_a_flood_of_old_messages_is_read_slowly_and_answered_whole(
    station: Connect, hourglass: Hourglass, core: ScriptedCore
) -> None:
    socket = await booted(station)
    count = 700  # more than the burst that is read at once

    for number in range(count):
        await socket.send(f'[2,"{number}","MeterValues",{{"n":{number}}}]')
    heard = 0
    while heard < count:
        try:
            async with asyncio.timeout(0.2):
                answer = json.loads(await socket.recv())
        except TimeoutError:
            hourglass.turn(1.0)
            continue
        assert answer[:2] == [3, str(heard)]
        heard += 1

    assert "flooding" in core.kinds()


async def test_quirk_74_a_data_transfer_of_64_kib_arrives(
    station: Connect, core: ScriptedCore
) -> None:
    socket = await booted(station)

    await socket.send(json.dumps([2, "1", "DataTransfer", {"vendorId": "V", "data": "x" * 65_536}]))

    assert json.loads(await soon(socket.recv()))[:2] == [3, "1"]


async def test_quirk_75_what_is_no_call_is_no_call(station: Connect, core: ScriptedCore) -> None:
    socket = await booted(station)

    await socket.send('[1,"1","Heartbeat",{}]')
    await socket.send('[2,"2","Heartbeat",{}]')

    assert json.loads(await soon(socket.recv()))[1] == "2"
