"""Security profile 2: TLS with the server's certificate, and the station's password."""

import asyncio
import json
import os
import re
import signal
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.typing import Subprotocol

from tests.e2e.served import Served, answer_to, boot, serving

STATION_PASSWORD = "sixteen-and-more!"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def secured(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("secured")
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    for part in issued.cert_chain_pems:
        part.write_to_path(folder / "certificate.pem", append=True)
    authority.cert_pem.write_to_path(folder / "authority.pem")
    files = ("--tls-certificate", "certificate.pem", "--tls-key", "key.pem")
    accepts = {"RICARICA_TLS_CLIENT_CA": "authority.pem"}
    with serving(folder / "data", *files, "--station-tls-port", "0", **accepts) as served:
        station = {"status": "accepted", "security_profile": 2, "password": STATION_PASSWORD}
        served.ask("PUT", "/stations/TLS-1", station)
        served.ask("PUT", "/stations/TLS-3", {"status": "accepted", "security_profile": 3})
        yield served


@pytest.fixture(scope="module")
def tls_port(secured: Served) -> int:
    said = re.search(r"tls_port=(\d+)", secured.log)
    assert said, secured.log
    return int(said[1])


def door(
    authority: trustme.CA,
    tls_port: int,
    password: str | None,
    identity: str = "TLS-1",
    certificate: trustme.LeafCert | None = None,
    file: Path | None = None,
) -> connect:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    if certificate:
        certificate.configure_cert(trusting)
    if file:
        trusting.load_cert_chain(file)
    userinfo = f"{identity}:{password}@" if password else ""
    return connect(
        f"wss://{userinfo}localhost:{tls_port}/{identity}",
        subprotocols=[Subprotocol("ocpp2.0.1")],
        ssl=trusting,
        proxy=None,
    )


async def status_of(attempt: connect) -> int:
    try:
        async with attempt:
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.tc("TC_085_CSMS", "TC_086_CSMS", "TC_A_01_CSMS", "TC_A_04_CSMS")
async def test_the_password_opens_the_encrypted_door(
    secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    async with door(authority, tls_port, STATION_PASSWORD) as station:
        assert await boot(station) == "Accepted"
        seen = secured.ask("GET", "/stations/TLS-1")

    assert (seen["secure"], seen["has_password"], seen["security_profile"]) == (True, True, 2)
    assert STATION_PASSWORD not in str(seen)


@pytest.mark.parametrize("password", ["sixteen-and-less!", None])
@pytest.mark.tc("TC_A_03_CSMS")
async def test_any_other_password_or_none_is_turned_away(
    password: str | None, secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    assert await status_of(door(authority, tls_port, password)) == 401


async def test_a_station_of_profile_2_does_not_get_in_without_tls(secured: Served) -> None:
    address = secured.ws.replace("ws://", f"ws://TLS-1:{STATION_PASSWORD}@")
    plain = connect(f"{address}/TLS-1", subprotocols=[Subprotocol("ocpp2.0.1")], proxy=None)

    assert await status_of(plain) == 401


async def test_a_new_password_counts_at_once(
    secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    changed = "another-good-one-1"
    secured.ask("PUT", "/stations/TLS-1", {"password": changed})
    try:
        assert await status_of(door(authority, tls_port, STATION_PASSWORD)) == 401
        assert await status_of(door(authority, tls_port, changed)) == 101
    finally:
        secured.ask("PUT", "/stations/TLS-1", {"password": STATION_PASSWORD})


async def test_the_certificate_is_not_that_of_anybody_else(tls_port: int, secured: Served) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        await door(trustme.CA(), tls_port, STATION_PASSWORD)


@pytest.mark.tc("TC_087_CSMS", "TC_A_07_CSMS")
async def test_in_profile_3_a_station_comes_in_by_a_certificate_of_its_own(
    secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    shown = authority.issue_cert("tls-3.stations.example", common_name="TLS-3")

    async with door(authority, tls_port, None, "TLS-3", shown) as station:
        assert await boot(station) == "Accepted"


@pytest.mark.parametrize("common_name", [None, "TLS-1"])
@pytest.mark.tc("TC_A_08_CSMS")
async def test_in_profile_3_no_password_and_nobody_elses_certificate_will_do(
    common_name: str | None, secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    shown = authority.issue_cert("x.example", common_name=common_name) if common_name else None

    assert await status_of(door(authority, tls_port, STATION_PASSWORD, "TLS-3", shown)) == 401


async def test_a_certificate_of_another_authority_is_not_heard(
    secured: Served, authority: trustme.CA, tls_port: int
) -> None:
    shown = trustme.CA().issue_cert("tls-3.stations.example", common_name="TLS-3")

    with pytest.raises((ssl.SSLError, InvalidMessage, OSError)):
        await door(authority, tls_port, None, "TLS-3", shown)


# -- an authority of our own. A02, A03


def key_and_request(name: str) -> tuple[bytes, str]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), pem


async def signed_for(station: ClientConnection, request: str) -> str:
    """The chain that it is given."""
    answered = await answer_to(station, "SignCertificate", {"csr": request}, "csr")
    assert answered[2]["status"] == "Accepted", answered
    async with asyncio.timeout(10):
        while True:
            kind, number, *rest = json.loads(await station.recv())
            if kind == 2 and rest[0] == "CertificateSigned":
                await station.send(json.dumps([3, number, {"status": "Accepted"}]))
                return str(rest[1]["certificateChain"])
            if kind == 2:  # whatever else it is asked meanwhile
                await station.send(json.dumps([4, number, "NotSupported", "", {}]))


@pytest.mark.tc("TC_A_11_CSMS", "TC_A_14_CSMS")
async def test_a_station_comes_in_by_a_certificate_that_was_signed_here(
    secured: Served, authority: trustme.CA, tls_port: int, tmp_path: Path
) -> None:
    secured.ask("PUT", "/stations/TLS-4", {"status": "accepted"})
    key, request = key_and_request("TLS-4")
    async with door(authority, tls_port, None, "TLS-4") as station:
        assert await boot(station) == "Accepted"
        chain = await signed_for(station, request)
        again = await door(authority, tls_port, STATION_PASSWORD)  # who is here stays, meanwhile
        os.kill(secured.pid, signal.SIGHUP)
        held = tmp_path / "station.pem"
        held.write_bytes(chain.encode() + key)
    secured.ask("PUT", "/stations/TLS-4", {"security_profile": 3})

    def mine(identity: str = "TLS-4") -> connect:
        return door(authority, tls_port, None, identity, file=held)

    await until_let_in(mine)
    # A session that goes on without a new handshake is known, too.
    assert await status_of(mine()) == 101
    assert await status_of(mine("TLS-3")) == 401
    assert await boot(again, "still here") == "Accepted"
    await again.close()
    [own] = secured.ask("GET", "/stations/TLS-4/certificates")["own"]
    secured.ask("POST", f"/stations/TLS-4/certificates/{own['id']}/revoke")
    assert await status_of(mine()) == 401


async def until_let_in(knock: Callable[[], connect]) -> None:
    """The authority was made just now; the door looks for such every few seconds."""
    async with asyncio.timeout(20):
        while True:
            try:
                if await status_of(knock()) == 101:
                    return
            except (ssl.SSLError, InvalidMessage, OSError):
                continue
