import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import aiohttp
import pytest
import trustme
from aiohttp import WSMsgType
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import Admission, Knock, Verdict
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.throttle import Rate
from ricarica.station_gateway.tls import station_tls
from ricarica.testing.gateway import Hourglass, ScriptedCore, soon

HEADERS = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Protocol": "ocpp1.6",
}


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def answer_to(port: int, head: str, remote: str = "127.0.0.1") -> str:
    """The head of the answer to a request written by hand, each line ended by a bar."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(remote, 0))
    writer.write(head.replace("|", "\r\n").encode("latin-1") + b"\r\n")
    answer = await soon(reader.readuntil(b"\r\n\r\n"))
    writer.close()
    await writer.wait_closed()
    return answer.decode()


def request(path: str = "/CP1", **headers: str) -> str:
    lines = {"Host": "x", **HEADERS, **{k.replace("_", "-"): v for k, v in headers.items()}}
    return f"GET {path} HTTP/1.1|" + "".join(f"{k}: {v}|" for k, v in lines.items() if v)


async def status_of(port: int, path: str = "/CP1", **headers: str) -> int:
    return int((await answer_to(port, request(path, **headers))).split()[1])


async def test_a_station_knocks_with_all_it_says(port: int, core: ScriptedCore) -> None:
    url = f"ws://RDAM%20123:s%3Acret@127.0.0.1:{port}/t/acme/RDAM%20123"
    async with connect(
        url, subprotocols=[Subprotocol("ocpp2.0.1"), Subprotocol("ocpp1.6")]
    ) as socket:
        assert socket.subprotocol == "ocpp2.0.1"

    knock = core.knocks[0]
    assert (knock.tenant, knock.identity) == ("acme", "RDAM 123")
    assert knock.subprotocols == ("ocpp2.0.1", "ocpp1.6")
    assert (knock.username, knock.password) == (b"RDAM 123", b"s:cret")
    assert (knock.remote, knock.secure) == ("127.0.0.1", False)


async def test_the_connection_is_opened_and_closed_once(port: int, core: ScriptedCore) -> None:
    async with connect(f"ws://127.0.0.1:{port}/CP1", subprotocols=[Subprotocol("ocpp1.6")]):
        await core.until(lambda: bool(core.opened))

    await core.until(lambda: bool(core.closed))
    assert core.opened[0].key == StationKey(TenantId("default"), StationId("CP1"))
    assert core.opened[0].subprotocol == "ocpp1.6"
    assert [(closed.epoch, closed.reason) for closed in core.closed] == [
        (1, "closed by the station (1000)")
    ]


@pytest.mark.tc("TC_088_CSMS", "TC_B_58_CSMS")
async def test_the_core_chooses_the_subprotocol(port: int, core: ScriptedCore) -> None:
    key = StationKey(TenantId("default"), StationId("CP1"))
    core.admit_as = lambda _: Admission(Verdict.WELCOME, key, "ocpp1.6")

    async with connect(
        f"ws://127.0.0.1:{port}/CP1",
        subprotocols=[Subprotocol("ocpp2.1"), Subprotocol("ocpp1.6")],
    ) as socket:
        assert socket.subprotocol == "ocpp1.6"


async def test_subprotocols_on_several_lines_count_in_their_order(
    port: int, core: ScriptedCore
) -> None:
    lines = "Sec-WebSocket-Protocol: ocpp2.1 ,ocpp1.6|Sec-WebSocket-Protocol:ocpp2.0.1|"
    answer = await answer_to(port, request(Sec_WebSocket_Protocol="") + lines)

    assert "Sec-WebSocket-Protocol: ocpp2.1\r\n" in answer
    assert core.knocks[0].subprotocols == ("ocpp2.1", "ocpp1.6", "ocpp2.0.1")


async def test_the_subprotocol_is_echoed_as_the_station_spells_it(
    port: int, core: ScriptedCore
) -> None:
    key = StationKey(TenantId("default"), StationId("CP1"))
    core.admit_as = lambda _: Admission(Verdict.WELCOME, key, "ocpp1.6")

    answer = await answer_to(port, request(Sec_WebSocket_Protocol="OCPP1.6"))

    assert "Sec-WebSocket-Protocol: OCPP1.6\r\n" in answer


async def test_without_a_common_dialect_the_handshake_succeeds_and_the_socket_closes(
    port: int, core: ScriptedCore, http: aiohttp.ClientSession
) -> None:
    core.admit_as = lambda _: Admission(Verdict.NO_COMMON_DIALECT)

    async with http.ws_connect(f"ws://127.0.0.1:{port}/CP1", protocols=["ocpp9"]) as socket:
        message = await soon(socket.receive())

    assert socket.protocol is None
    assert (message.type, message.data) == (WSMsgType.CLOSE, 1002)
    assert core.letters == []


@pytest.mark.parametrize(
    "path, identity",
    [
        ("//CP1//", "CP1"),
        ("/RDAM%7C123", "RDAM|123"),
        ("/ws://host:9000/CP_1/SERIAL", "SERIAL"),
        ("ws://127.0.0.1/CP1", "CP1"),
        ("/M%C3%BCnchen?x=1", "München"),
    ],
)
async def test_odd_paths_still_name_their_station(
    path: str, identity: str, port: int, core: ScriptedCore
) -> None:
    assert await status_of(port, path) == 101
    assert core.knocks[0].identity == identity


@pytest.mark.parametrize("path", ["/", "/a%2Fb", "/CP%00", "/CP%ZZ", "/%FF", "/t/acme", "/..%2f"])
async def test_a_path_that_names_no_station_is_not_found(
    path: str, port: int, core: ScriptedCore
) -> None:
    assert await status_of(port, path) == 404
    assert core.knocks == []


@pytest.mark.parametrize(
    "header, value, status",
    [
        ("Upgrade", "", 426),
        ("Connection", "", 400),
        ("Connection", "keep-alive", 400),
        ("Sec_WebSocket_Version", "8", 426),
        ("Sec_WebSocket_Key", "short", 400),
    ],
)
async def test_what_is_no_handshake_gets_an_http_error(
    header: str, value: str, status: int, port: int
) -> None:
    assert await status_of(port, **{header: value}) == status


async def test_garbage_instead_of_http_is_answered_and_dropped(port: int) -> None:
    assert (await answer_to(port, "\x16\x03\x01 what|")).startswith("HTTP/1.1 400")


async def test_a_request_that_never_ends_is_dropped(core: ScriptedCore) -> None:
    gateway = StationGateway(core, Hourglass(), GatewayLimits(handshake_s=0.05), Random())
    port = await gateway.start("127.0.0.1", 0)

    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\n")

    assert await soon(reader.read()) == b""
    writer.close()
    await gateway.stop()


async def refuse(knock: Knock) -> Admission:
    good = knock.password == b"secret" and knock.identity == "CP1"
    key = StationKey(TenantId("default"), StationId("CP1"))
    welcome = Admission(Verdict.WELCOME, key, "ocpp1.6", authenticated=True)
    return welcome if good else Admission(Verdict.UNAUTHORIZED)


@pytest.mark.parametrize(
    "path, auth",
    [
        ("/CP1", None),
        ("/CP1", basic("CP1", "wrong")),
        ("/UNKNOWN", basic("UNKNOWN", "secret")),
        ("/CP1", basic("CP2", "secret")),
    ],
)
@pytest.mark.tc("TC_A_02_CSMS")
async def test_unknown_and_wrong_cannot_be_told_apart(
    path: str, auth: str | None, port: int, core: ScriptedCore, http: aiohttp.ClientSession
) -> None:
    core.admit_as = refuse

    headers = HEADERS | ({"Authorization": auth} if auth else {})

    async with http.get(f"http://127.0.0.1:{port}{path}", headers=headers) as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == 'Basic realm="ricarica"'
        assert await response.text() == "This station may not connect here.\n"
        assert response.headers["Server"] == "ricarica"


@pytest.mark.parametrize("value", ["Bearer x", "Basic !!!", "Basic Q1Ax"])
async def test_unreadable_credentials_are_refused(
    value: str, port: int, core: ScriptedCore
) -> None:
    assert await status_of(port, Authorization=value) == 401
    assert core.knocks == []
    assert core.turned_away == ["unreadable_credentials"]


async def test_a_password_of_any_bytes_reaches_the_core(port: int, core: ScriptedCore) -> None:
    assert await status_of(port, Authorization="Basic: Q1AxOgD//g==") == 101
    assert core.knocks[0].password == b"\x00\xff\xfe"


async def test_when_nothing_can_be_stored_the_station_is_told_to_come_back(
    port: int, core: ScriptedCore
) -> None:
    core.admit_as = lambda _: Admission(Verdict.UNAVAILABLE)

    answer = await answer_to(port, request())

    assert answer.startswith("HTTP/1.1 503")
    assert "Retry-After: 30\r\n" in answer


class TestGuessing:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(failures_per_identity=Rate(0.1, burst=3), close_s=1.0)

    async def test_guessing_is_slowed_down(
        self, port: int, core: ScriptedCore, hourglass: Hourglass
    ) -> None:
        core.admit_as = refuse

        statuses = [await status_of(port) for _ in range(5)]

        assert statuses == [401, 401, 401, 429, 429]
        assert len(core.knocks) == 3
        assert core.turned_away == ["too_often"] * 2

        hourglass.turn(10.0)

        assert await status_of(port) == 401

    async def test_other_stations_are_not_slowed_down_by_it(
        self, port: int, core: ScriptedCore
    ) -> None:
        core.admit_as = refuse
        for _ in range(4):
            await status_of(port, "/CP2")

        assert await status_of(port, Authorization="Basic Q1AxOnNlY3JldA==") == 101


class TestGuessingAmongVeryMany:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(
            failures_per_identity=Rate(0.1, burst=3), names_max=2, connections_max=10, close_s=1.0
        )

    async def test_a_station_is_not_locked_out_however_many_came_after_it(
        self, port: int, core: ScriptedCore
    ) -> None:
        for path in ("/CP1", "/CP2", "/CP3"):
            assert await status_of(port, path) == 101
        core.admit_as = refuse

        guesses = [await answer_to(port, request(), remote="127.0.0.2") for _ in range(4)]

        assert guesses[-1].startswith("HTTP/1.1 429")
        assert await status_of(port, Authorization="Basic Q1AxOnNlY3JldA==") == 101


class TestComingBack:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(visits=Rate(0.1, burst=3), close_s=1.0)

    async def test_a_station_that_comes_over_and_over_has_to_wait(
        self, port: int, hourglass: Hourglass
    ) -> None:
        assert [await status_of(port) for _ in range(4)] == [101, 101, 101, 429]
        assert await status_of(port, "/CP2") == 101

        hourglass.turn(10.0)

        assert await status_of(port) == 101


async def test_a_browser_is_let_in_but_noted(port: int, core: ScriptedCore) -> None:
    assert await status_of(port, Origin="http://evil.example") == 101
    await core.until(lambda: bool(core.noted))
    assert core.kinds() == ["origin"]


class TestTls:
    async def test_a_station_connects_over_tls(
        self, gateway: StationGateway, core: ScriptedCore, tmp_path: Path
    ) -> None:
        authority = trustme.CA()
        port = await gateway.start("127.0.0.1", 0, tls_of(authority, tmp_path))
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)

        async with connect(
            f"wss://127.0.0.1:{port}/CP1", ssl=trusting, subprotocols=[Subprotocol("ocpp2.1")]
        ):
            assert core.knocks[0].secure

    @pytest.mark.parametrize("suite", ["AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384"])
    async def test_the_suites_of_the_specification_are_spoken(
        self, suite: str, gateway: StationGateway, tmp_path: Path
    ) -> None:
        authority = trustme.CA(key_type=trustme.KeyType.RSA)
        port = await gateway.start("127.0.0.1", 0, tls_of(authority, tmp_path))
        client = ssl.create_default_context()
        authority.configure_trust(client)
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers(suite)

        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)

        assert writer.get_extra_info("cipher")[0] == suite
        writer.close()
        await writer.wait_closed()

    @pytest.mark.tc("TC_A_06_CSMS")
    async def test_tls_1_1_is_not_spoken(self, gateway: StationGateway, tmp_path: Path) -> None:
        port = await gateway.start("127.0.0.1", 0, tls_of(trustme.CA(), tmp_path))
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
            client.minimum_version = client.maximum_version = ssl.TLSVersion.TLSv1_1

        with pytest.raises((ssl.SSLError, ConnectionResetError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=client)


def tls_of(authority: trustme.CA, folder: Path) -> ssl.SSLContext:
    leaf = authority.issue_cert("127.0.0.1", key_type=trustme.KeyType.RSA)
    chain, key = folder / "chain.pem", folder / "key.pem"
    for blob in leaf.cert_chain_pems:
        blob.write_to_path(chain, append=True)
    leaf.private_key_pem.write_to_path(key)
    return station_tls([(chain, key)])


class TestCrowds:
    @pytest.fixture
    def limits(self) -> GatewayLimits:
        return GatewayLimits(connections_max=1, close_s=1.0)

    async def test_sockets_beyond_the_bound_are_dropped(
        self, port: int, gateway: StationGateway
    ) -> None:
        async with connect(f"ws://127.0.0.1:{port}/CP1", subprotocols=[Subprotocol("ocpp1.6")]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.suppress(ConnectionResetError):
                assert await soon(reader.read()) == b""
            writer.close()

            assert gateway.counts().connections == 1
