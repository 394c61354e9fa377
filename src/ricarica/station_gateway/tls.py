"""The TLS of stations: 1.2 or newer, with the four suites that OCPP names."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

_EPHEMERAL = "ECDHE+AESGCM:ECDHE+CHACHA20"
# A00.FR.318 wants these two as well. They have no forward secrecy, so they come last and only
# a station that knows nothing better gets them.
_STATIC_RSA = "AES128-GCM-SHA256:AES256-GCM-SHA384"


class TlsSource(Protocol):
    """Asked for each connection anew, so that certificates can change while we listen."""

    @property
    def context(self) -> ssl.SSLContext: ...


def station_tls(
    certificates: Sequence[tuple[Path, Path]], *, static_rsa: bool = True
) -> ssl.SSLContext:
    """A context for the stations' listener.

    Args:
        certificates: Chain and key files in PEM. One RSA and one ECDSA pair together serve
            every station; each station gets the one it can verify.
        static_rsa: Also offer the suites without forward secrecy.
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
    return context


class RenewedTls:
    """Follows the certificate files. Connections that stand keep what they began with."""

    def __init__(self, certificates: Sequence[tuple[Path, Path]]) -> None:
        """
        Raises:
            OSError: the files cannot be read, or make no pair; `ssl.SSLError` is one of these.
        """
        self._certificates = tuple(certificates)
        self._seen = self._look()
        self._context = station_tls(self._certificates)

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
        self._context = station_tls(self._certificates)

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(_sign_of(path) for pair in self._certificates for path in pair)


def _sign_of(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino
