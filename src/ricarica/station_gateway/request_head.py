"""The head of an HTTP/1.1 request, read strictly. Pure.

Whoever reads HTTP leniently behind a proxy can be made to see other requests than the proxy saw.
This door takes one request on a connection and never a body, so it can afford to refuse whatever
can be read in two ways.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from ricarica.kernel.errors import InvalidError

HEAD_BYTES_MAX = 16 << 10  # a handshake has 500 bytes; proxies and cookies may add a few thousand
LINES_MAX = 100

_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")  # RFC 9110 §5.6.2
_REQUEST_LINE = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}) ([^\x00-\x20\x7f]+) HTTP/1\.([01])"
)
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
# Two of one of these mean different things to different readers.
_SINGLE = frozenset(
    {
        "authorization",
        "content-length",
        "host",
        "sec-websocket-key",
        "sec-websocket-version",
        "transfer-encoding",
    }
)


class UnfitHeadError(InvalidError):
    """No request that anybody should answer otherwise than with an error."""

    def __init__(self, text: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(text)
        self.status = status


class Headers(Mapping[str, str]):
    """By name in any case. Lines of one name are one value with commas, RFC 9110 §5.3."""

    __slots__ = ("_lines",)

    def __init__(self, lines: Mapping[str, list[str]]) -> None:
        self._lines = lines

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._lines[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def lines(self, name: str) -> list[str]:
        return self._lines.get(name.lower(), [])


@dataclass(frozen=True, slots=True)
class Head:
    method: str
    target: str  # as on the wire; bytes that are not UTF-8 are kept as surrogates
    headers: Headers


def head_end(buffer: bytearray) -> int | None:
    """How many bytes the head has; None while it has not come whole.

    Raises:
        UnfitHeadError: no head begins like this, or none is so long.
    """
    if buffer and not 0x41 <= buffer[0] <= 0x5A:
        raise UnfitHeadError("this is not HTTP")  # TLS on the wrong port, most of the time
    end = buffer.find(b"\r\n\r\n", 0, HEAD_BYTES_MAX)
    if end >= 0:
        return end + 4
    if len(buffer) >= HEAD_BYTES_MAX:
        too_large = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise UnfitHeadError(f"a head has {HEAD_BYTES_MAX} bytes at most", too_large)
    return None


def head_from(raw: bytes) -> Head:
    """Read a whole head, its empty line included.

    Raises:
        UnfitHeadError: it breaks the rules, or two readers could understand it differently.
    """
    request_line, *lines = raw.removesuffix(b"\r\n\r\n").split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(request_line)
    if not match:
        raise UnfitHeadError("the request line is not one of HTTP/1.1")
    headers = _headers_from(lines)
    _check_body(headers)
    if match[3] == b"0" and "upgrade" in headers:
        raise UnfitHeadError("HTTP/1.0 knows no upgrade")  # RFC 9110 §7.8
    target = match[2].decode("utf-8", "surrogateescape")
    return Head(match[1].decode("ascii"), target, headers)


def _headers_from(lines: list[bytes]) -> Headers:
    if len(lines) > LINES_MAX:
        too_many = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        raise UnfitHeadError(f"a request has {LINES_MAX} header lines at most", too_many)
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, value = _header_from(line)
        if name in headers and name in _SINGLE:
            raise UnfitHeadError(f"there are two headers {name}")
        headers.setdefault(name, []).append(value)
    return Headers(headers)


def _header_from(line: bytes) -> tuple[str, str]:
    """RFC 9112 §5: no blank before the colon, and no line that continues another."""
    name, colon, value = line.partition(b":")
    if not colon or not _TOKEN.fullmatch(name) or _CONTROL.search(value):
        raise UnfitHeadError("a header line is a name, a colon and visible characters")
    return name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")


def _check_body(headers: Headers) -> None:
    if "transfer-encoding" in headers:
        raise UnfitHeadError("a handshake has no body")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()):
        raise UnfitHeadError("the length of the body is no number")
    if length.strip("0") and "upgrade" in headers:
        raise UnfitHeadError("a handshake has no body")
