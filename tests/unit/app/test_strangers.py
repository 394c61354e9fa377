"""Whom we ask, and whom never: SSRF."""

import base64
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ricarica.app.strangers import (
    ContractPool,
    EnrolmentServer,
    PublicFetch,
    checked_url,
)
from ricarica.certificates.model import CarAction, CarRequest, Purpose
from ricarica.certificates.ports import Assignment, UnreachableError
from ricarica.certificates.reading import certificates_in
from ricarica.kernel.internet import is_public
from ricarica.testing.authorities import root_authority
from ricarica.testing.clock import FakeClock
from tests.unit.certificates.test_csr import csr_of


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "2002:7f00:1::",
        "no address",
    ],
)
def test_what_is_ours_or_a_neighbours_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1"])
def test_what_is_on_the_internet_is(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]:8080/",
        "http://169.254.169.254/latest/meta-data",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://user:secret@example.com/",
        "ftp://example.com/list.crl",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http://example.com:99999/",
        "",
    ],
)
def test_such_an_address_is_never_asked(url: str) -> None:
    with pytest.raises(UnreachableError):
        checked_url(url, frozenset())


async def test_a_name_that_leads_into_our_network_is_not_followed() -> None:
    with pytest.raises(UnreachableError, match="public internet"):
        await PublicFetch()("http://localhost:1/", b"", None)


@pytest.fixture
async def server() -> AsyncIterator[TestServer]:
    async def echo(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    async def away(_request: web.Request) -> web.Response:
        raise web.HTTPFound("http://example.com/")

    async def long(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * (2 << 20))

    async def pool(request: web.Request) -> web.Response:
        asked = await request.json()
        answer = {"certificateInstallationRes": f"for {asked['certificateInstallationReq']}"}
        return web.json_response({"CCPResponse": {"emaidContent": [{"messageDef": answer}]}})

    async def enrol(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer secret"
        root = root_authority("EST", FakeClock().now())
        leaf, _ = root.leaf("SV-1")
        bundle = pkcs7.serialize_certificates([root.certificate, leaf], Encoding.DER)
        return web.Response(body=base64.b64encode(bundle))

    app = web.Application()
    app.router.add_post("/echo", echo)
    app.router.add_get("/away", away)
    app.router.add_get("/long", long)
    app.router.add_post("/pool", pool)
    app.router.add_post("/est/simpleenroll", enrol)
    started = TestServer(app)
    await started.start_server()
    yield started
    await started.close()


async def test_a_host_that_the_operator_has_named_is_asked(server: TestServer) -> None:
    fetch = PublicFetch([server.host])

    assert await fetch(str(server.make_url("/echo")), b"asked", "text/plain") == b"asked"


@pytest.mark.parametrize(("path", "why"), [("/away", "302"), ("/long", "too long")])
async def test_nobody_is_followed_elsewhere_or_listened_to_for_ever(
    server: TestServer, path: str, why: str
) -> None:
    with pytest.raises(UnreachableError, match=why):
        await PublicFetch([server.host])(str(server.make_url(path)), None, None)


async def test_a_pool_has_the_contract_of_a_car(server: TestServer) -> None:
    pool = ContractPool(str(server.make_url("/pool")), None)

    [answer] = await pool.ask(CarRequest("urn:iso:15118:2:2013:MsgDef", CarAction.INSTALL, "gAAB"))

    assert answer.exi == "for gAAB"


async def test_an_enrolment_server_signs_and_its_root_stays_away(server: TestServer) -> None:
    authority = EnrolmentServer(str(server.make_url("/est")), "secret")

    chain = await authority.sign(Assignment(csr_of(), Purpose.STATION, "SV-1", None))

    assert len(certificates_in(chain)) == 1
