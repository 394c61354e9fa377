"""A station's WebSocket, as thin as can be: receive, send, ping, close.

Frames that go out are written straight to the transport. A server's frames are not masked and
ours are never fragmented or compressed (RFC 7692 §6 leaves that to the sender), so a frame is a
header of a few bytes and its text; and a connection needs neither a task for writing nor the
quarter of a MiB that a compressor keeps.
"""

import asyncio
import struct

from aiohttp import WSMessage, web

_TEXT = 0x81
_PING = 0x89
_PONG = 0x8A


def framed(opcode: int, payload: bytes) -> bytes:
    """RFC 6455 §5.2, from a server."""
    length = len(payload)
    if length < 126:
        return bytes((opcode, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", opcode, 126, length) + payload
    return struct.pack("!BBQ", opcode, 127, length) + payload


class StationSocket:
    __slots__ = ("_buffer_max", "_close_s", "_response", "_transport")

    def __init__(
        self,
        response: web.WebSocketResponse,
        transport: asyncio.Transport,
        *,
        buffer_max: int,
        close_s: float,
    ) -> None:
        self._response = response
        self._transport = transport
        self._buffer_max = buffer_max
        self._close_s = close_s

    async def receive(self) -> WSMessage:
        """The next message. What breaks the rules of WebSocket has been answered by a close."""
        return await self._response.receive()

    def send_text(self, text: bytes) -> bool:
        """False when the peer has not read for so long that no more is kept for it."""
        return self._write(framed(_TEXT, text))

    def ping(self) -> bool:
        return self._write(framed(_PING, b""))

    def pong(self, payload: bytes) -> bool:
        return self._write(framed(_PONG, payload))

    async def close(self, code: int, reason: str) -> None:
        """Say why, wait a little for the peer's own close frame, and let go of the socket."""
        message = reason.encode("ascii", "replace")[:123]  # RFC 6455 §5.5: 125 bytes with the code
        try:
            async with asyncio.timeout(self._close_s):
                await self._response.close(code=code, message=message)
        except (TimeoutError, ConnectionError):
            self.abort()

    def abort(self) -> None:
        self._transport.abort()

    def _write(self, frame: bytes) -> bool:
        if self._transport.is_closing():
            return True  # whoever reads will notice
        self._transport.write(frame)
        return self._transport.get_write_buffer_size() <= self._buffer_max
