"""The TLS of stations: 1.2 or newer, with the four suites that OCPP names."""

import ssl
from collections.abc import Sequence
from pathlib import Path

_EPHEMERAL = "ECDHE+AESGCM:ECDHE+CHACHA20"
# A00.FR.318 wants these two as well. They have no forward secrecy, so they come last and only
# a station that knows nothing better gets them.
_STATIC_RSA = "AES128-GCM-SHA256:AES256-GCM-SHA384"


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
    for chain, key in certificates:
        context.load_cert_chain(chain, key)
    return context
