"""The TLS of stations: 1.2 or newer, with the four suites that OCPP names."""

import hashlib
import ssl
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from ricarica.link.letters import ClientCertificate

_EPHEMERAL = "ECDHE+AESGCM:ECDHE+CHACHA20"
# A00.FR.318 wants these two as well. They have no forward secrecy, so they come last and only
# a station that knows nothing better gets them.
_STATIC_RSA = "AES128-GCM-SHA256:AES256-GCM-SHA384"


_ENCODING_DER = 2  # of Python's own certificates, which have no other name for it
_CLIENTS_MAX = 100_000  # remembered, some hundred bytes each: as many as may be connected


class TlsSource(Protocol):
    """Asked for each connection anew, so that certificates can change while we listen."""

    @property
    def context(self) -> ssl.SSLContext: ...

    def client_in(self, session: ssl.SSLObject) -> ClientCertificate | None:
        """What the client has shown, if it has, and it was verified."""
        ...


class OwnAuthority(NamedTuple):
    """An authority that signs for the stations of one tenant. `certificate`: its own, PEM."""

    tenant: str
    certificate: str


def station_tls(
    certificates: Sequence[tuple[Path, Path]],
    *,
    static_rsa: bool = True,
    client_authority: Path | None = None,
    own: Sequence[OwnAuthority] = (),
) -> ssl.SSLContext:
    """A context for the stations' listener.

    Args:
        certificates: Chain and key files in PEM. One RSA and one ECDSA pair together serve
            every station; each station gets the one it can verify.
        static_rsa: Also offer the suites without forward secrecy.
        client_authority: Who signs the certificates of stations. One that shows a certificate of
            anybody else is not heard; one that shows none may have a password instead.
        own: Others who do, and whose roots need not be known.
    """
    # A00.FR.306, FR.307, A00.FR.409, FR.410
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # A00.FR.313, FR.315, A00.FR.416, FR.418
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Whoever knows none of these gets no connection: A00.FR.322, A00.FR.421, FR.423, FR.425
    context.set_ciphers(f"{_EPHEMERAL}:{_STATIC_RSA}" if static_rsa else _EPHEMERAL)
    context.options |= (
        ssl.OP_NO_COMPRESSION  # A00.FR.320
        | ssl.OP_NO_RENEGOTIATION
        | ssl.OP_CIPHER_SERVER_PREFERENCE
    )
    # A station that comes back is let in without a new handshake. One ticket is enough for that.
    context.num_tickets = 1
    for chain, key in certificates:
        context.load_cert_chain(chain, key)
    if client_authority:  # A00.FR.403
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    if own:
        context.load_verify_locations(cadata="\n".join(each.certificate for each in own))
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_in(session: ssl.SSLObject, authority: str = "") -> ClientCertificate | None:
    """The certificate that the client has shown, if it has one name, as all of stations have."""
    der = session.getpeercert(binary_form=True)
    if der is None:
        return None
    try:
        shown = x509.load_der_x509_certificate(der)
        names = shown.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        owners = shown.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        key = shown.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return None
    if len(names) != 1:
        return None
    owner = str(owners[0].value) if len(owners) == 1 else None
    return ClientCertificate(str(names[0].value), owner, hashlib.sha256(key).hexdigest(), authority)


def _verified_chain(session: ssl.SSLObject) -> list[bytes]:
    """DER, the client's own first; empty where a session goes on that was verified before.

    Python says it aloud from 3.13 on.
    """
    chain = getattr(session, "get_verified_chain", None)
    if chain is not None:
        return list(chain())
    inner: Any = getattr(session, "_sslobj")  # noqa: B009 - it is not there for mypy
    return [each.public_bytes(_ENCODING_DER) for each in inner.get_verified_chain() or ()]


class RenewedTls:
    """Follows the certificate files, and the authorities that sign for stations. Connections that
    stand keep what they began with."""

    def __init__(
        self,
        certificates: Sequence[tuple[Path, Path]],
        client_authority: Path | None = None,
        own: Sequence[OwnAuthority] = (),
    ) -> None:
        """
        Raises:
            OSError: the files cannot be read, or make no pair; `ssl.SSLError` is one of these.
        """
        self._certificates = tuple(certificates)
        self._client_authority = client_authority
        self._own = tuple(own)
        self._clients: OrderedDict[bytes, str] = OrderedDict()
        self._seen = self._look()
        self._context = self._read()

    @property
    def context(self) -> ssl.SSLContext:
        return self._context

    @property
    def has_changed(self) -> bool:
        """Whether the files are others than those that were read last, or tried to."""
        return self._look() != self._seen

    def renew(self) -> None:
        """Read the files again; when that fails, everything stays as it is.

        Raises:
            OSError: as above, for instance while only one of two files has been replaced.
        """
        self._seen = self._look()
        self._context = self._read()

    def trust(self, own: Sequence[OwnAuthority]) -> bool:
        """From now on, stations may come by what these have signed. Returns whether it is news.

        Raises:
            OSError: as above.
        """
        if tuple(own) == self._own:
            return False
        before, self._own = self._own, tuple(own)
        try:
            self.renew()
        except OSError:
            self._own = before
            raise
        return True

    def client_in(self, session: ssl.SSLObject) -> ClientCertificate | None:
        der = session.getpeercert(binary_form=True)
        if der is None:
            return None
        authority = self._authority_of(session, hashlib.sha256(der).digest())
        return None if authority is None else client_in(session, authority)

    def _authority_of(self, session: ssl.SSLObject, client: bytes) -> str | None:
        """Whose authority has signed it; None: nobody remembers any more.

        A session that goes on brings no chain. Its ticket is one of ours, and of no other process.
        """
        if chain := _verified_chain(session):
            tenants = {_digest_of(each.certificate): each.tenant for each in self._own}
            above = (tenants.get(hashlib.sha256(each).digest()) for each in chain[1:])
            self._clients[client] = next(filter(None, above), "")
            if len(self._clients) > _CLIENTS_MAX:
                self._clients.popitem(last=False)
        if client in self._clients:
            self._clients.move_to_end(client)
        return self._clients.get(client)

    def _read(self) -> ssl.SSLContext:
        return station_tls(
            self._certificates, client_authority=self._client_authority, own=self._own
        )

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        paths = [path for pair in self._certificates for path in pair]
        return tuple(_sign_of(path) for path in (*paths, self._client_authority) if path)


def _digest_of(pem: str) -> bytes:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip())).digest()


def _sign_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
