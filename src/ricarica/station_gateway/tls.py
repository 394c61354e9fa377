"""The TLS of stations: 1.2 or newer, with the four suites that OCPP names."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

_EPHEMERAL = "ECDHE+AESGCM:ECDHE+CHACHA20"
# A00.FR.318 wants these two as well. They have no forward secrecy, so they come last and only
# a station that knows nothing better gets them.
_STATIC_RSA = "AES128-GCM-SHA256:AES256-GCM-SHA384"


class TlsSource(Protocol):
    """Asked for each connection anew, so that certificates can change while we listen."""

    @property
    def context(self) -> ssl.SSLContext: ...


def station_tls(
    certificates: Sequence[tuple[Path, Path]],
    *,
    static_rsa: bool = True,
    client_authority: Path | None = None,
) -> ssl.SSLContext:
    """A context for the stations' listener.

    Args:
        certificates: Chain and key files in PEM. One RSA and one ECDSA pair together serve
            every station; each station gets the one it can verify.
        static_rsa: Also offer the suites without forward secrecy.
        client_authority: Who signs the certificates of stations. One that shows a certificate of
            anybody else is not heard; one that shows none may have a password instead.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
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
    if client_authority:
        context.load_verify_locations(client_authority)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def common_name(session: ssl.SSLObject | None) -> str | None:
    """The name in the certificate that the client has shown, if it has, and it was verified."""
    shown = session.getpeercert() if session else None
    subject = cast("tuple[tuple[tuple[str, str], ...], ...]", (shown or {}).get("subject", ()))
    names = [value for part in subject for name, value in part if name == "commonName"]
    return names[0] if len(names) == 1 else None


class RenewedTls:
    """Follows the certificate files. Connections that stand keep what they began with."""

    def __init__(
        self, certificates: Sequence[tuple[Path, Path]], client_authority: Path | None = None
    ) -> None:
        """
        Raises:
            OSError: the files cannot be read, or make no pair; `ssl.SSLError` is one of these.
        """
        self._certificates = tuple(certificates)
        self._client_authority = client_authority
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

    def _read(self) -> ssl.SSLContext:
        return station_tls(self._certificates, client_authority=self._client_authority)

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        paths = [path for pair in self._certificates for path in pair]
        return tuple(_sign_of(path) for path in (*paths, self._client_authority) if path)


def _sign_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
