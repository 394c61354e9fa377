"""Two connections of one station: rpc rules (a) to (e)."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import Admission, Answer, Challenge, Closed, Knock, Opened, Verdict
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon, welcome

Connect = Callable[..., Awaitable[ClientConnection]]
KEY = StationKey(TenantId("default"), StationId("CP1"))
HEAD = (
    b"GET /CP1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Sec-WebSocket-Protocol: ocpp1.6\r\n\r\n"
)
PONG = b"\x8a\x80\x00\x00\x00\x00"


async def close_code_of(socket: ClientConnection) -> int | None:
    with pytest.raises(ConnectionClosed):
        await soon(socket.recv())
    return socket.close_code


async def is_served(socket: ClientConnection) -> bool:
    await socket.send('[2,"1","Heartbeat",{}]')
    return await soon(socket.recv()) == '[3,"1",{}]'


async def half_open(
    port: int, core: ScriptedCore
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A connection whose station never answers a ping."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    await soon(reader.readuntil(b"\r\n\r\n"))
    await core.until(lambda: len(core.opened) == 1)
    return reader, writer


async def pinged(reader: asyncio.StreamReader) -> None:
    assert await soon(reader.readexactly(2)) == b"\x89\x00"


async def test_a_station_that_comes_back_replaces_its_own_connection(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    older = await station(password="secret")
    newer = await station(password="secret")

    assert await close_code_of(older) == 1008
    assert await is_served(newer)
    assert gateway.connected(KEY) == 2
    letters = [type(letter) for letter in core.letters]
    assert letters == [Opened, Closed, Opened]
    assert core.closed[0].epoch == 1


async def test_a_wrong_password_has_no_effect_on_the_live_connection(
    station: Connect, core: ScriptedCore
) -> None:
    older = await station(password="secret")
    core.admit_as = lambda _: Admission(Verdict.UNAUTHORIZED)

    with pytest.raises(Exception, match="401"):
        await station(password="guess")

    assert await is_served(older)
    assert core.noted == []


async def test_without_a_password_nobody_replaces_a_live_connection(
    station: Connect, core: ScriptedCore
) -> None:
    older = await station()
    newer = await station()

    assert await close_code_of(newer) == 1008
    assert await is_served(older)
    assert [(noted.kind, noted.epoch) for noted in core.noted] == [("duplicate_refused", 1)]
    assert core.noted[0].text == "not_authenticated, from 127.0.0.1"


async def test_another_credential_does_not_replace_a_live_connection(
    station: Connect, core: ScriptedCore
) -> None:
    older = await station(password="old secret")
    newer = await station(password="new secret")

    assert await close_code_of(newer) == 1008
    assert await is_served(older)
    assert core.noted[0].text.startswith("other_credential")


async def test_quirk_24_a_dead_connection_gives_way_after_the_ping_even_without_a_password(
    port: int, station: Connect, core: ScriptedCore, gateway: StationGateway, hourglass: Hourglass
) -> None:
    reader, writer = await half_open(port, core)
    newer = await station()
    await pinged(reader)

    hourglass.turn(5.0)

    assert await is_served(newer)
    assert gateway.connected(KEY) == 2
    writer.close()


async def test_the_newcomer_waits_while_the_older_is_asked(
    port: int, station: Connect, core: ScriptedCore, gateway: StationGateway, hourglass: Hourglass
) -> None:
    reader, writer = await half_open(port, core)
    newer = await station()
    await newer.send('[2,"1","Heartbeat",{}]')
    await pinged(reader)
    hourglass.turn(4.9)

    assert core.delivered.empty()

    hourglass.turn(0.1)

    assert (await core.next_delivered()).epoch == 2
    writer.close()


async def test_two_who_ask_at_once_both_hear_that_the_older_is_alive(
    port: int, core: ScriptedCore, gateway: StationGateway, hourglass: Hourglass
) -> None:
    reader, writer = await half_open(port, core)
    await core.until(lambda: gateway.connected(KEY) == 1)
    challenge = Challenge("node-a", KEY, "192.0.2.9", b"", authenticated=False)
    asking = [asyncio.ensure_future(gateway.rule(challenge)) for _ in range(2)]
    await pinged(reader)
    await pinged(reader)

    writer.write(PONG)
    await soon(asking[1])
    hourglass.turn(5.0)

    ruled = [await soon(one) for one in asking]
    assert [one.ruling if one else None for one in ruled] == ["not_authenticated"] * 2
    assert gateway.connected(KEY) == 1
    writer.close()


async def test_the_end_of_the_older_does_not_clear_the_newer(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    older = await station(password="secret")
    newer = await station(password="secret")
    await older.wait_closed()

    assert await is_served(newer)
    assert gateway.connected(KEY) == 2
    assert len(core.closed) == 1


async def test_an_answer_to_the_older_connection_is_discarded(
    station: Connect, core: ScriptedCore
) -> None:
    core.answer_as = lambda _: None
    older = await station(password="secret")
    await older.send('[2,"1","Authorize",{"idTag":"A"}]')
    _, reply_to_older = await soon(core.delivered.get())
    newer = await station(password="secret")
    await newer.send('[2,"1","Heartbeat",{}]')
    _, reply_to_newer = await soon(core.delivered.get())

    reply_to_older(Answer(b'{"idTagInfo":{"status":"Accepted"}}'))
    reply_to_newer(Answer(b'{"currentTime":"now"}'))

    assert await soon(newer.recv()) == '[3,"1",{"currentTime":"now"}]'


async def test_more_than_five_swaps_in_ten_minutes_are_refused(
    station: Connect, core: ScriptedCore, hourglass: Hourglass
) -> None:
    for _ in range(6):
        await station(password="secret")

    assert await close_code_of(await station(password="secret")) == 1008
    assert core.noted[-1].text.startswith("flapping")

    hourglass.turn(600.0)

    assert await is_served(await station(password="secret"))


async def test_identities_of_two_tenants_do_not_meet(station: Connect) -> None:
    ours, theirs = await station("/CP1"), await station("/t/acme/CP1")

    assert await is_served(ours)
    assert await is_served(theirs)


async def test_the_same_station_in_another_case_is_the_same_station(
    station: Connect, core: ScriptedCore, gateway: StationGateway
) -> None:
    def canonical(knock: Knock) -> Admission:
        admission = welcome(knock)
        return Admission(Verdict.WELCOME, KEY, admission.subprotocol, admission.authenticated)

    core.admit_as = canonical
    older = await station("/CP1", password="secret")
    newer = await station("/cp1", password="secret")

    assert await close_code_of(older) == 1008
    assert await is_served(newer)


class TestManyNewcomers:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(claims_max=1, close_s=1.0)

    async def test_newcomers_beyond_the_queue_are_refused_at_once(
        self, port: int, station: Connect, core: ScriptedCore, gateway: StationGateway
    ) -> None:
        reader, writer = await half_open(port, core)
        await station()
        await pinged(reader)

        assert await close_code_of(await station()) == 1008
        writer.close()
