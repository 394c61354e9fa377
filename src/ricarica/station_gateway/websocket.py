"""The server's end of WebSocket (RFC 6455, RFC 7692): bytes in, messages out, and back. Pure.

There are libraries for this. We do it ourselves because of what a connection costs: these have a
task or two, queues and, with compression, up to 300 KiB for each; here an idle connection is a
few small objects. Frames that go out are never compressed (RFC 7692 §6 leaves that to the
sender), and what comes in is inflated afresh for each message, so that nothing is kept.
"""

import struct
import zlib
from enum import IntEnum
from functools import lru_cache
from typing import NamedTuple

CONTINUATION, TEXT, BINARY = 0x0, 0x1, 0x2
CLOSE, PING, PONG = 0x8, 0x9, 0xA


class CloseCode(IntEnum):
    """RFC 6455 §7.4.1 and its registry."""

    OK = 1000
    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    NO_CODE = 1005  # never on the wire: the close frame was empty
    INVALID_DATA = 1007
    POLICY_VIOLATION = 1008
    TOO_BIG = 1009
    SERVICE_RESTART = 1012
    TRY_AGAIN_LATER = 1013


class BrokenFrameError(Exception):
    """The peer broke the rules; close with `code`, for nothing after it can be understood."""

    def __init__(self, code: CloseCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Message(NamedTuple):
    opcode: int
    payload: bytes


_FIN, _RSV1, _RSV23, _MASKED = 0x80, 0x40, 0x30, 0x80
_CONTROL = 0x8
_KNOWN = frozenset({CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG})
_CONTROL_BYTES_MAX = 125
_FLUSHED = b"\x00\x00\xff\xff"  # RFC 7692 §7.2.2: what the sender took away
_PIECES_AT_ONCE = 128  # a third of a millisecond, in which nobody else is heard
_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


def framed(opcode: int, payload: bytes) -> bytes:
    """One whole frame from a server: not masked."""
    length = len(payload)
    if length < 126:
        return bytes((_FIN | opcode, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, 126, length) + payload
    return struct.pack("!BBQ", _FIN | opcode, 127, length) + payload


def close_frame(code: int, reason: str) -> bytes:
    """A reason longer than fits is cut."""
    if code == CloseCode.NO_CODE:
        return framed(CLOSE, b"")
    text = reason.encode("ascii", "replace")[: _CONTROL_BYTES_MAX - 2]
    return framed(CLOSE, code.to_bytes(2, "big") + text)


def close_words(payload: bytes) -> tuple[int, str]:
    """The code and the reason in a close frame.

    Raises:
        BrokenFrameError: the code is none that may be sent, or the reason is not UTF-8.
    """
    if not payload:
        return CloseCode.NO_CODE, ""
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not (code in _CODES or 3000 <= code <= 4999):
        raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "no such close code")
    return code, text_from(payload[2:])


def text_from(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise BrokenFrameError(CloseCode.INVALID_DATA, "the text is not UTF-8") from None


class Incoming:
    """Bytes as they come, cut into messages: fragments joined, masks and compression undone."""

    __slots__ = (
        "_buffer",
        "_compressed",
        "_fragments",
        "_fragments_max",
        "_inflates",
        "_opcode",
        "_partial",
        "_wanted",
        "message_max",
        "pieces",
    )

    def __init__(self, message_max: int, fragments_max: int, *, inflates: bool) -> None:
        self.message_max = message_max  # bytes, after inflation
        self.pieces = 0  # fragments of the latest message, besides its last
        self._fragments_max = fragments_max
        self._fragments = 0
        self._inflates = inflates
        self._buffer: bytes | bytearray = b""
        self._wanted = 2  # there is nothing new to find in the buffer before it has so many
        self._partial: bytearray | None = None  # of a message that comes in fragments
        self._opcode = 0
        self._compressed = False

    @property
    def unfinished(self) -> bool:
        """A message has begun to come, and is not there yet."""
        return bool(self._buffer) or self._partial is not None

    def feed(self, data: bytes) -> None:
        if not self._buffer:
            self._buffer = data  # nearly always one whole frame, and so never copied
            return
        if isinstance(self._buffer, bytes):
            self._buffer = bytearray(self._buffer)  # which grows, and shrinks, at no great cost
        self._buffer += data

    @property
    def is_ready(self) -> bool:
        """What has come has not been looked through to its end."""
        return len(self._buffer) >= self._wanted

    def next(self) -> Message | None:
        """The next whole message, or control frame; None when more bytes are needed, or after
        so many fragments that others should have their turn.

        Raises:
            BrokenFrameError: feed no more after it.
        """
        pieces = 0
        while len(self._buffer) >= self._wanted and pieces < _PIECES_AT_ONCE:
            message = self._frame()
            if message is not None:
                return message
            pieces += 1
        return None

    def _frame(self) -> Message | None:
        """Take one frame out of the buffer, or find out how many bytes it wants."""
        buffer = self._buffer
        first, second = buffer[0], buffer[1]
        length, start = second & 0x7F, 2
        if length >= 126:
            start = 4 if length == 126 else 10
            if len(buffer) < start:
                self._wanted = start
                return None
            length = int.from_bytes(buffer[2:start], "big")
        self._check(first, second, length)
        end = start + 4 + length
        if len(buffer) < end:
            self._wanted = end
            return None
        payload = _unmasked(buffer[start + 4 : end], buffer[start : start + 4])
        self._drop(end)
        if first & _CONTROL:
            return Message(first & 0x0F, payload)
        return self._assembled(first, payload)

    def _drop(self, end: int) -> None:
        self._wanted = 2
        if end == len(self._buffer):
            self._buffer = b""
            return
        if isinstance(self._buffer, bytes):
            self._buffer = bytearray(self._buffer)
        del self._buffer[:end]

    def _check(self, first: int, second: int, length: int) -> None:
        """Judge a frame by its header, before any of its payload is kept."""
        if first == _FIN | TEXT and second & _MASKED and self._partial is None:
            if length > self.message_max:
                raise BrokenFrameError(CloseCode.TOO_BIG, "the message is too big")
            return  # what nearly every frame is
        opcode = first & 0x0F
        if opcode not in _KNOWN or first & _RSV23:
            raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "no such frame")
        if not second & _MASKED:
            raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "the frame is not masked")
        if opcode & _CONTROL:
            if not first & _FIN or length > _CONTROL_BYTES_MAX or first & _RSV1:
                raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "a control frame is one and small")
        elif (opcode == CONTINUATION) != (self._partial is not None):
            raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "fragments out of order")
        elif first & _RSV1 and (not self._inflates or opcode == CONTINUATION):
            raise BrokenFrameError(CloseCode.PROTOCOL_ERROR, "compression was not agreed on")
        elif length + len(self._partial or b"") > self.message_max:
            raise BrokenFrameError(CloseCode.TOO_BIG, "the message is too big")

    def _assembled(self, first: int, payload: bytes) -> Message | None:
        opcode, compressed = first & 0x0F, bool(first & _RSV1)
        if self._partial is not None:
            self._partial += payload
        if not first & _FIN:
            if self._partial is None:
                self._partial, self._opcode = bytearray(payload), opcode
                self._compressed, self._fragments = compressed, 0
            self._fragments += 1
            if self._fragments > self._fragments_max:
                raise BrokenFrameError(CloseCode.POLICY_VIOLATION, "too many fragments")
            return None
        if self._partial is not None:
            payload, opcode, compressed = bytes(self._partial), self._opcode, self._compressed
            self._partial = None
            self.pieces = self._fragments
        return Message(opcode, self._inflated(payload) if compressed else payload)

    def _inflated(self, payload: bytes) -> bytes:
        try:
            plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(
                payload + _FLUSHED, self.message_max + 1
            )
        except zlib.error:
            raise BrokenFrameError(CloseCode.INVALID_DATA, "the data do not inflate") from None
        if len(plain) > self.message_max:
            raise BrokenFrameError(CloseCode.TOO_BIG, "the message inflates to too much")
        return plain


def _unmasked(payload: bytes | bytearray, key: bytes | bytearray) -> bytes:
    """One long exclusive or; integers do that faster than any loop."""
    length = len(payload)
    words = (length + 3) // 4
    if words < _WORDS_MAX:
        mask = int.from_bytes(key, "big") * _ones(words) >> 8 * (4 * words - length)
    else:
        mask = int.from_bytes((bytes(key) * words)[:length], "big")
    return (int.from_bytes(payload, "big") ^ mask).to_bytes(length, "big")


_WORDS_MAX = 512  # 2 KiB: what most messages are shorter than


@lru_cache(_WORDS_MAX)
def _ones(words: int) -> int:
    """1 in each of so many words of 32 bits: times a key, it is the mask."""
    return (1 << 32 * words) // 0xFFFF_FFFF
