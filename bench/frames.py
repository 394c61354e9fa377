"""The client's end of WebSocket, as little of it as a load needs. Pure; nothing of ours in it."""

import base64
import struct

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_FIN, _MASKED = 0x80, 0x80
_MASK = b"\0\0\0\0"  # a legal one, which leaves the payload as it is
# Nobody looks whether it is the same for all: what is measured is not its randomness.
_KEY = base64.b64encode(bytes(16)).decode()

Frame = tuple[int, bytes]
"""The opcode and the payload."""


def upgrade_request(path: str, subprotocol: str) -> bytes:
    return (
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {_KEY}\r\n"
        f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n"
    ).encode()


def status_of(head: bytes) -> int:
    """Of an HTTP answer; 0 when it is none."""
    words = head.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0


def framed(opcode: int, payload: bytes) -> bytes:
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, _MASKED | length)) + _MASK + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, _MASKED | 126, length) + _MASK + payload
    return struct.pack("!BBQ", _FIN | opcode, _MASKED | 127, length) + _MASK + payload


def frames_from(buffer: bytes) -> tuple[list[Frame], bytes]:
    """The whole frames of a server, and what is left of the buffer."""
    found: list[Frame] = []
    at = 0
    while len(buffer) - at >= 2:
        length, start = buffer[at + 1] & 0x7F, at + 2
        if length >= 126:
            width = 2 if length == 126 else 8
            start += width
            if len(buffer) < start:
                break
            length = int.from_bytes(buffer[start - width : start], "big")
        if len(buffer) < start + length:
            break
        found.append((buffer[at] & 0x0F, buffer[start : start + length]))
        at = start + length
    return found, buffer[at:]
