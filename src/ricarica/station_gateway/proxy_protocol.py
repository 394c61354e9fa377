"""The header with which HAProxy, nginx and load balancers announce whom they connect. Pure.

https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt, version 1 (text) and 2 (binary).
"""

from ipaddress import ip_address
from typing import NamedTuple

from ricarica.kernel.errors import InvalidError

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"  # §2.2
_TEXT_BYTES_MAX = 107  # §2.1, the empty string at its end included
_BINARY_BYTES_MAX = 4_096  # it carries addresses and a few remarks; the format would allow 64 KiB
_LOCAL, _PROXY = 0x20, 0x21
_ADDRESS_BYTES = {0x11: 4, 0x21: 16}  # TCP over IPv4 and over IPv6
_ABOUT_TLS = 0x20


class UnfitAnnouncementError(InvalidError):
    """Who has to begin with a header of the PROXY protocol began otherwise."""


class Announced(NamedTuple):
    size: int  # of the header, in bytes
    remote: str | None  # None: the proxy itself, for instance to see whether we are there
    secure: bool  # the proxy ended TLS


def announced_in(buffer: bytearray) -> Announced | None:
    """The header at the beginning; None while it has not come whole.

    Raises:
        UnfitAnnouncementError: there is none, or none that can be read.
    """
    if _SIGNATURE.startswith(buffer[: len(_SIGNATURE)]):
        return _binary(buffer)
    if b"PROXY ".startswith(buffer[:6]):
        return _text(buffer)
    raise UnfitAnnouncementError("a proxy has to announce whom it connects")


def _text(buffer: bytearray) -> Announced | None:
    end = buffer.find(b"\r\n", 0, _TEXT_BYTES_MAX)
    if end < 0:
        if len(buffer) >= _TEXT_BYTES_MAX:
            raise UnfitAnnouncementError("the line of the proxy does not end")
        return None
    words = bytes(buffer[:end]).split(b" ")
    if words[1:2] == [b"UNKNOWN"]:
        return Announced(end + 2, None, secure=False)
    if len(words) != 6 or words[1] not in {b"TCP4", b"TCP6"}:
        raise UnfitAnnouncementError("the line of the proxy cannot be read")
    return Announced(end + 2, _address(words[2]), secure=False)


def _address(word: bytes) -> str:
    try:
        return str(ip_address(word.decode("ascii")))
    except ValueError:
        raise UnfitAnnouncementError("the proxy names no address") from None


def _binary(buffer: bytearray) -> Announced | None:
    if len(buffer) < 16:
        return None
    length = int.from_bytes(buffer[14:16], "big")
    if length > _BINARY_BYTES_MAX:
        raise UnfitAnnouncementError("the header of the proxy is too long")
    size = 16 + length
    if len(buffer) < size:
        return None
    command, family = buffer[12], buffer[13]
    if command not in {_LOCAL, _PROXY}:
        raise UnfitAnnouncementError("the header of the proxy has another version")
    width = _ADDRESS_BYTES.get(family)
    if command == _LOCAL or width is None:
        return Announced(size, None, secure=False)
    if length < 2 * width + 4:
        raise UnfitAnnouncementError("the header of the proxy is too short")
    remote = str(ip_address(bytes(buffer[16 : 16 + width])))
    return Announced(size, remote, _speaks_tls(bytes(buffer[16 + 2 * width + 4 : size])))


def _speaks_tls(remarks: bytes) -> bool:
    """§2.2.5: the lowest bit says whether the client came over TLS."""
    while len(remarks) >= 3:
        kind, length = remarks[0], int.from_bytes(remarks[1:3], "big")
        if kind == _ABOUT_TLS and length >= 1 and len(remarks) > 3:
            return bool(remarks[3] & 1)
        remarks = remarks[3 + length :]
    return False
