import asyncio
import contextlib
import json
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import msgspec
import pytest
from aiohttp import WSMsgType
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import Admission, Answer, Knock, Refusal, Withheld
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon, welcome

Connect = Callable[..., Awaitable[ClientConnection]]
HEARTBEAT = '[2,"1","Heartbeat",{}]'
DEEP_PAYLOAD = '[2,"9","DataTransfer",' + '{"a":' * 500 + "1" + "}" * 500 + "]"
KEY = StationKey(TenantId("default"), StationId("CP1"))


async def heard(socket: ClientConnection) -> list[object]:
    message: list[object] = json.loads(await soon(socket.recv()))
    return message


async def close_code_of(socket: ClientConnection) -> int | None:
    try:
        while True:
            await soon(socket.recv())
    except ConnectionClosed:
        return socket.close_code


async def test_a_call_reaches_the_core_and_its_answer_the_station(
    station: Connect, core: ScriptedCore, hourglass: Hourglass
) -> None:
    core.answer_as = lambda _: Answer(b'{"currentTime":"2026-01-01T00:00:00.000Z"}')
    socket = await station("/CP1", "ocpp2.0.1")

    await socket.send(HEARTBEAT)

    assert await heard(socket) == [3, "1", {"currentTime": "2026-01-01T00:00:00.000Z"}]
    delivered = await core.next_delivered()
    assert (delivered.key, delivered.epoch, delivered.subprotocol) == (KEY, 1, "ocpp2.0.1")
    assert (delivered.message_id, delivered.action, delivered.payload) == ("1", "Heartbeat", b"{}")
    assert (delivered.wants_answer, delivered.at) == (True, hourglass.now())


async def test_a_refusal_reaches_the_station_as_an_error(
    station: Connect, core: ScriptedCore
) -> None:
    core.answer_as = lambda _: Refusal("NotImplemented", "no such action")
    socket = await station()

    await socket.send('[2,"1","Dance",{}]')

    assert await heard(socket) == [4, "1", "NotImplemented", "no such action", {}]


async def test_the_details_of_a_refusal_reach_the_station(
    station: Connect, core: ScriptedCore
) -> None:
    core.answer_as = lambda _: Refusal("NotSupported", "", b'{"why":"never"}')
    socket = await station()

    await socket.send('[2,"1","Dance",{}]')

    assert await heard(socket) == [4, "1", "NotSupported", "", {"why": "never"}]


async def test_a_withheld_answer_closes_the_socket(station: Connect, core: ScriptedCore) -> None:
    core.answer_as = lambda _: Withheld()
    socket = await station()

    await socket.send(HEARTBEAT)

    assert await close_code_of(socket) == 1013
    await core.until(lambda: bool(core.closed))
    assert core.closed[0].reason == "try again later"


async def test_answers_come_in_the_order_of_the_calls(station: Connect, core: ScriptedCore) -> None:
    core.answer_as = lambda _: None
    socket = await station()
    for number in range(1, 6):
        await socket.send(f'[2,"{number}","Heartbeat",{{}}]')

    actions = []
    for _ in range(5):
        delivered, reply = await soon(core.delivered.get())
        assert core.delivered.empty()  # one at a time
        actions.append(delivered.message_id)
        reply(Answer(b"{}"))

    assert actions == ["1", "2", "3", "4", "5"]
    assert [(await heard(socket))[1] for _ in range(5)] == actions


async def test_a_repeated_call_gets_the_same_answer_without_reaching_the_core(
    station: Connect, core: ScriptedCore
) -> None:
    socket = await station()
    transfer = '[2,"1","DataTransfer",{"vendorId":"x"}]'
    await socket.send(transfer)
    first = await heard(socket)

    await socket.send(transfer)

    assert await heard(socket) == first
    assert core.delivered.qsize() == 1
    assert core.kinds() == ["repeated"]


async def test_an_id_used_again_for_something_else_is_flagged(
    station: Connect, core: ScriptedCore
) -> None:
    socket = await station()
    await socket.send(HEARTBEAT)
    await socket.send('[2,"1","Authorize",{"idTag":"A"}]')

    assert (await core.next_delivered()).flags == ()
    assert (await core.next_delivered()).flags == ("message_id_reuse",)


async def test_a_send_is_delivered_and_not_answered(station: Connect, core: ScriptedCore) -> None:
    socket = await station("/CP1", "ocpp2.1")

    await socket.send('[6,"1","NotifyPeriodicEventStream",{"id":1}]')
    await socket.send(HEARTBEAT)

    assert await heard(socket) == [3, "1", {}]
    delivered = await core.next_delivered()
    assert (delivered.action, delivered.wants_answer) == ("NotifyPeriodicEventStream", False)


@pytest.mark.parametrize(
    "subprotocol, frame, answer",
    [
        ("ocpp1.6", "hello", None),
        ("ocpp2.0.1", "hello", [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.1", "", [4, "-1", "RpcFrameworkError"]),
        ("ocpp2.0.1", "{}", [4, "-1", "RpcFrameworkError"]),
        ("ocpp1.6", '[2,"9","Heartbeat"]', [4, "9", "FormationViolation"]),
        ("ocpp2.0.1", '[2,"9","Heartbeat"]', [4, "9", "RpcFrameworkError"]),
        ("ocpp1.6", '[2,"9","Heartbeat",{},1]', [4, "9", "FormationViolation"]),
        ("ocpp1.6", '[2,"9","Heartbeat",[]]', [4, "9", "FormationViolation"]),
        ("ocpp2.0.1", '[2,"9","Heartbeat","x"]', [4, "9", "FormatViolation"]),
        ("ocpp2.0.1", '[2,"9","Heartbeat",{"a":}]', [4, "9", "FormatViolation"]),
        ("ocpp1.6", '[9,"9",{}]', None),
        ("ocpp2.0.1", '[9,"9",{}]', [4, "9", "MessageTypeNotSupported"]),
        ("ocpp2.1", '[9,"9",{}]', None),
        ("ocpp1.6", "[" * 100_000, None),
        ("ocpp2.0.1", "[" * 100_000, [4, "-1", "RpcFrameworkError"]),
        ("ocpp1.6", DEEP_PAYLOAD, [4, "9", "FormationViolation"]),
        ("ocpp1.6", '[3,"unasked",{}]', None),
    ],
)
async def test_a_bad_frame_is_answered_as_its_dialect_says_and_the_socket_survives(
    subprotocol: str, frame: str, answer: list[object] | None, station: Connect, core: ScriptedCore
) -> None:
    socket = await station("/CP1", subprotocol)

    await socket.send(frame)
    await socket.send(HEARTBEAT)

    if answer:
        assert (await heard(socket))[:3] == answer
    assert await heard(socket) == [3, "1", {}]
    assert len(core.kinds()) == 1


@pytest.mark.parametrize(
    "frame, answer",
    [
        ('[2,"1","Heartbeat",null]', [3, "1", {}]),
        ('[2,42,"Heartbeat",{}]', [3, 42, {}]),
        ('[2,"' + "x" * 200 + '","Heartbeat",{}]', [3, "x" * 200, {}]),
        (' [ 2 , "1" ,\n"Heartbeat" , { } ] ', [3, "1", {}]),
    ],
)
async def test_an_odd_frame_that_can_be_understood_is_served(
    frame: str, answer: list[object], station: Connect, core: ScriptedCore
) -> None:
    socket = await station()

    await socket.send(frame)

    assert await heard(socket) == answer
    assert (await core.next_delivered()).payload.strip() in {b"{}", b"{ }"}
    assert core.noted == []


async def test_a_frame_in_fragments_with_a_ping_between_is_one_frame(
    station: Connect, core: ScriptedCore
) -> None:
    socket = await station()

    async def fragments() -> AsyncIterator[str]:
        yield '[2,"1","Heart'
        await socket.ping()
        yield 'beat",{}]'

    await socket.send(fragments())

    assert await heard(socket) == [3, "1", {}]


async def test_a_ping_is_answered_with_its_payload(station: Connect) -> None:
    socket = await station()

    latency = await soon(await socket.ping(b"marco"))

    assert latency >= 0  # the package checks that the pong carries the same bytes


async def test_five_mib_close_the_connection(station: Connect, core: ScriptedCore) -> None:
    socket = await station()

    with contextlib.suppress(ConnectionClosed):
        await socket.send("x" * (5 << 20))

    assert await close_code_of(socket) == 1009
    await core.until(lambda: bool(core.closed))
    assert core.kinds() == ["bad_frame"]


async def test_a_stranger_may_not_send_so_much(station: Connect, core: ScriptedCore) -> None:
    core.admit_as = lambda knock: msgspec.structs.replace(welcome(knock), introduced=False)
    socket = await station()

    await socket.send("x" * 65_537)

    assert await close_code_of(socket) == 1009


async def test_whoever_has_booted_may_send_as_much_as_anybody(
    station: Connect, core: ScriptedCore
) -> None:
    core.admit_as = lambda knock: msgspec.structs.replace(welcome(knock), introduced=False)
    socket = await station()
    await socket.send('[2,"1","BootNotification",{}]')
    await heard(socket)

    await socket.send('[2,"2","DataTransfer",{"data":"%s"}]' % ("x" * 65_537))

    assert await heard(socket) == [3, "2", {}]


async def test_a_mib_less_a_byte_is_read(station: Connect, core: ScriptedCore) -> None:
    socket = await station()
    frame = '[2,"1","DataTransfer",{"data":"%s"}]'
    text = frame % ("x" * ((1 << 20) - len(frame) + 1))
    assert len(text) == (1 << 20) - 1

    await socket.send(text)

    assert await heard(socket) == [3, "1", {}]


async def test_what_inflates_to_more_than_a_mib_closes_the_connection(port: int) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"ws://127.0.0.1:{port}/CP1", protocols=["ocpp1.6"], compress=15) as socket,
    ):
        await socket.send_str("x" * (2 << 20))
        message = await soon(socket.receive())

    assert (message.type, message.data) == (WSMsgType.CLOSE, 1009)


async def test_deflated_frames_are_understood_and_answered_plainly(port: int) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"ws://127.0.0.1:{port}/CP1", protocols=["ocpp1.6"], compress=15) as socket,
    ):
        assert socket.compress
        for number in range(3):
            await socket.send_str(f'[2,"{number}","Heartbeat",{{}}]')
            assert await soon(socket.receive_str()) == f'[3,"{number}",{{}}]'


async def test_what_a_station_sends_before_it_is_let_in_is_not_lost(
    port: int, core: ScriptedCore
) -> None:
    admitted = asyncio.Event()

    async def slowly(knock: Knock) -> Admission:
        await admitted.wait()
        return welcome(knock)

    core.admit_as = slowly
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
    )
    while not core.knocks:  # noqa: ASYNC110 - a knock is no letter to wait for
        await asyncio.sleep(0)
    writer.write(b'\x81\x96\x00\x00\x00\x00[2,"1","Heartbeat",{}]')
    await writer.drain()

    admitted.set()

    assert b'[3,"1",{}]' in await soon(reader.readuntil(b"]"))
    writer.close()


async def test_binary_frames_close_the_connection(station: Connect, core: ScriptedCore) -> None:
    socket = await station()

    await socket.send(HEARTBEAT.encode())

    assert await close_code_of(socket) == 1003
    assert core.kinds() == ["binary_frame"]


@pytest.mark.parametrize("payload", [b"\xff\xfe", b'[2,"1","Heartbeat",{"\xc3":1}]'])
async def test_invalid_utf_8_closes_the_connection(
    payload: bytes, station: Connect, core: ScriptedCore
) -> None:
    socket = await station()

    await socket.send(payload, text=True)

    assert await close_code_of(socket) == 1007
    assert core.kinds() == ["bad_frame"]


async def test_a_bomb_of_zeros_closes_the_connection(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: ocpp1.6\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
    )
    await soon(reader.readuntil(b"\r\n\r\n"))
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = deflate.compress(bytes(64 << 20)) + deflate.flush(zlib.Z_SYNC_FLUSH)

    writer.write(b"\xc1\xfe" + len(bomb).to_bytes(2) + bytes(4) + bomb)

    assert (await soon(reader.readexactly(4)))[2:] == (1009).to_bytes(2)
    writer.close()


class TestNoise:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(notes_max=2, close_s=1.0)

    async def test_of_much_noise_only_some_is_logged(
        self, station: Connect, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        socket = await station("/CP1", "ocpp2.0.1")
        for _ in range(5):
            await socket.send("noise")
            await heard(socket)

        assert core.kinds() == ["garbled", "garbled"]
        assert gateway.counts().noted == 5
