"""What a handshake says, read from its headers. Pure; nothing here decides who may come in."""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from ricarica.kernel.errors import InvalidError

SUBPROTOCOLS_MAX = 16  # there are six names; what follows the sixteenth is noise
_KEY_BYTES = 16  # RFC 6455 §4.1
_KEY_SUFFIX = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
SERVER_NAME = "ricarica"  # strangers need not know which versions of what serve them


class UnreadableCredentialsError(InvalidError):
    """There is an Authorization header, but no user name and password in it."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """As bytes, because a 1.6 password may be any bytes."""

    username: bytes
    password: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rejection:
    """An HTTP answer instead of the upgrade."""

    status: HTTPStatus
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


# One answer for a station that is unknown, for a wrong password and for none, so that
# identities cannot be found out by trying.
UNAUTHORIZED = Rejection(
    HTTPStatus.UNAUTHORIZED,
    "This station may not connect here.\n",
    {"WWW-Authenticate": 'Basic realm="ricarica"'},
)
UNAVAILABLE = Rejection(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "Nothing can be stored now; try again later.\n",
    {"Retry-After": "30"},
)
CROWDED = Rejection(
    HTTPStatus.SERVICE_UNAVAILABLE, "Too many stations come at once; try again later.\n"
)
TOO_MANY = Rejection(
    HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts; wait.\n", {"Retry-After": "60"}
)
_UPGRADE_HEADERS = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Version": "13",
}
NOT_A_WEBSOCKET = Rejection(
    HTTPStatus.UPGRADE_REQUIRED, "Stations connect here by WebSocket.\n", _UPGRADE_HEADERS
)
OTHER_VERSION = Rejection(
    HTTPStatus.UPGRADE_REQUIRED, "Only version 13 of WebSocket is spoken here.\n", _UPGRADE_HEADERS
)
BAD_KEY = Rejection(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64.\n")
NO_CONNECTION_HEADER = Rejection(
    HTTPStatus.BAD_REQUEST, 'The header "Connection: Upgrade" is missing.\n'
)
NO_SUBPROTOCOL = Rejection(
    HTTPStatus.BAD_REQUEST, "Offer a subprotocol: ocpp1.6, ocpp2.0.1 or ocpp2.1.\n"
)
BAD_PATH = Rejection(HTTPStatus.NOT_FOUND, "This path names no station.\n")


def upgrade_problem(method: str, headers: Mapping[str, str]) -> Rejection | None:
    """What keeps a request from being a WebSocket handshake (RFC 6455 §4.2.1), if anything."""
    if method != "GET" or headers.get("Upgrade", "").strip().lower() != "websocket":
        return NOT_A_WEBSOCKET
    if "upgrade" not in _words(headers.get("Connection", "").lower()):
        return NO_CONNECTION_HEADER
    if headers.get("Sec-WebSocket-Version", "").strip() != "13":
        return OTHER_VERSION
    return None if _is_key(headers.get("Sec-WebSocket-Key", "")) else BAD_KEY


def switching(key: str, subprotocol: str | None, extensions: str | None) -> bytes:
    """The answer that completes a handshake."""
    digest = hashlib.sha1(key.strip().encode() + _KEY_SUFFIX, usedforsecurity=False).digest()
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Accept": base64.b64encode(digest).decode(),
        "Sec-WebSocket-Protocol": subprotocol,
        "Sec-WebSocket-Extensions": extensions,
        "Server": SERVER_NAME,
    }
    lines = [f"{name}: {value}\r\n" for name, value in headers.items() if value]
    return f"HTTP/1.1 101 Switching Protocols\r\n{''.join(lines)}\r\n".encode()


def rejecting(rejection: Rejection) -> bytes:
    """The answer that ends a handshake, and the connection with it."""
    body = rejection.text.encode()
    headers = {
        **rejection.headers,
        "Server": SERVER_NAME,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(body)),
        "Connection": ", ".join(("close", *filter(None, (rejection.headers.get("Connection"),)))),
    }
    lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
    status = rejection.status
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n{''.join(lines)}\r\n"
    return head.encode() + body


def subprotocols_from(lines: Iterable[str]) -> tuple[str, ...]:
    """The names offered, in the client's order, whether on one header line or several."""
    names = dict.fromkeys(name for line in lines for name in _words(line))
    return tuple(names)[:SUBPROTOCOLS_MAX]


def spelling_of(chosen: str, offered: Iterable[str]) -> str | None:
    """The chosen subprotocol as the client wrote it, which it compares letter by letter.

    None when the client offered nothing of the kind; then the header must stay away.
    """
    return next((name for name in offered if name.lower() == chosen.lower()), None)


def credentials_from(header: str | None) -> Credentials | None:
    """Read an Authorization header.

    Raises:
        UnreadableCredentialsError: it is there, but not Basic, not base64, or has no colon.
    """
    if header is None:
        return None
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.rstrip(":").lower() != "basic":  # some stations write `Basic:`
        raise UnreadableCredentialsError("only Basic authentication is known here")
    username, colon, password = _decoded(encoded.strip()).partition(b":")
    if not colon:
        raise UnreadableCredentialsError("Basic credentials have a colon after the user name")
    return Credentials(username, password)


def names_station(username: bytes, identity: str) -> bool:
    """A00.FR.204: the user name is the identity; identities are compared without case."""
    return username.decode(errors="replace").casefold() == identity.casefold()


def _decoded(encoded: str) -> bytes:
    try:
        # Some stations leave the padding away.
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise UnreadableCredentialsError("Basic credentials are base64") from None


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text.strip(), validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _words(line: str) -> list[str]:
    return [word for part in line.split(",") if (word := part.strip())]
