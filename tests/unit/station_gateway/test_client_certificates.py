"""Whose certificate a station shows, and who signed it: as TLS has verified it, in memory."""

import hashlib
import ssl
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ricarica.station_gateway.tls import OwnAuthority, RenewedTls

Session = ssl.SSLSession | None


@pytest.fixture(scope="module")
def house() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def pair(house: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    issued = house.issue_cert("localhost")
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.private_key_pem.write_to_path(key)
    for part in issued.cert_chain_pems:
        part.write_to_path(chain, append=True)
    return chain, key


def pem(authority: trustme.CA) -> str:
    return authority.cert_pem.bytes().decode()


class Client:
    """A station's end."""

    def __init__(self, house: trustme.CA, certificate: trustme.LeafCert | None) -> None:
        self.context = ssl.create_default_context()
        house.configure_trust(self.context)
        if certificate:
            certificate.configure_cert(self.context)

    def shake(
        self, server: ssl.SSLContext, session: Session = None
    ) -> tuple[ssl.SSLObject, Session]:
        """The server's end after a handshake, and what the client may go on with."""
        to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        ours = server.wrap_bio(to_server, to_client, server_side=True)
        theirs = self.context.wrap_bio(
            to_client, to_server, server_hostname="localhost", session=session
        )
        for _ in range(4):
            for end in (theirs, ours):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue
        ours.write(b"x")  # the ticket goes before it
        theirs.read(1)
        assert theirs.session_reused is (session is not None)
        return ours, theirs.session


def test_what_an_authority_of_a_tenant_signed_is_known_as_that(
    house: trustme.CA, pair: tuple[Path, Path]
) -> None:
    acme, others = trustme.CA(), trustme.CA()
    tls = RenewedTls([pair], own=[OwnAuthority("acme", pem(acme)), OwnAuthority("b", pem(others))])
    certificate = acme.issue_cert("s.example", common_name="CP-1", organization_name="Acme")

    session, _ = Client(house, certificate).shake(tls.context)

    shown = tls.client_in(session)
    assert shown is not None
    assert (shown.name, shown.organization, shown.authority) == ("CP-1", "Acme", "acme")
    leaf = x509.load_pem_x509_certificate(certificate.cert_chain_pems[0].bytes())
    key = leaf.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert shown.key == hashlib.sha256(key).hexdigest()


def test_a_session_that_goes_on_is_known_by_how_it_began(
    house: trustme.CA, pair: tuple[Path, Path]
) -> None:
    acme = trustme.CA()
    tls = RenewedTls([pair], own=[OwnAuthority("acme", pem(acme))])
    client = Client(house, acme.issue_cert("s.example", common_name="CP-1"))
    first, ticket = client.shake(tls.context)
    before = tls.client_in(first)

    again, _ = client.shake(tls.context, ticket)

    assert tls.client_in(again) == before


def test_a_session_that_nobody_remembers_shows_nothing(
    house: trustme.CA, pair: tuple[Path, Path]
) -> None:
    acme = trustme.CA()
    tls = RenewedTls([pair], own=[OwnAuthority("acme", pem(acme))])
    client = Client(house, acme.issue_cert("s.example", common_name="CP-1"))
    _, ticket = client.shake(tls.context)

    again, _ = client.shake(tls.context, ticket)

    assert tls.client_in(again) is None


def test_what_somebody_signed_whom_the_operator_trusts_is_of_no_tenant(
    house: trustme.CA, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    trusted, acme = trustme.CA(), trustme.CA()
    file = tmp_path / "trusted.pem"
    trusted.cert_pem.write_to_path(file)
    tls = RenewedTls([pair], file, [OwnAuthority("acme", pem(acme))])
    certificate = trusted.issue_cert("s.example", common_name="CP-1")

    session, _ = Client(house, certificate).shake(tls.context)

    shown = tls.client_in(session)
    assert shown is not None
    assert (shown.name, shown.authority) == ("CP-1", "")


def test_who_has_an_authority_of_a_tenant_signs_no_authority_for_all(
    house: trustme.CA, pair: tuple[Path, Path]
) -> None:
    acme = trustme.CA()
    below = acme.create_child_ca()
    tls = RenewedTls([pair], own=[OwnAuthority("acme", pem(acme))])
    certificate = below.issue_cert("s.example", common_name="CP-1")

    session, _ = Client(house, certificate).shake(tls.context)

    shown = tls.client_in(session)
    assert shown is not None
    assert shown.authority == "acme"


def test_an_authority_is_trusted_from_the_next_handshake_on(
    house: trustme.CA, pair: tuple[Path, Path]
) -> None:
    acme = trustme.CA()
    tls = RenewedTls([pair])
    client = Client(house, acme.issue_cert("s.example", common_name="CP-1"))
    stranger, _ = client.shake(tls.context)  # nobody asked it for a certificate
    own = [OwnAuthority("acme", pem(acme))]

    assert (tls.trust(own), tls.trust(own)) == (True, False)

    session, _ = client.shake(tls.context)
    assert tls.client_in(stranger) is None
    assert tls.client_in(session) is not None


def test_who_shows_none_has_none(house: trustme.CA, pair: tuple[Path, Path]) -> None:
    tls = RenewedTls([pair], own=[OwnAuthority("acme", pem(trustme.CA()))])

    session, _ = Client(house, None).shake(tls.context)

    assert tls.client_in(session) is None
