"""TLS between a socket and a protocol, for the server's side.

The event loops bring their own, with buffers that make up half of what an idle station costs, and
begin with TLS at the first byte, where a load balancer may want to say whom it connects.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

_READ_BYTES = 64 << 10  # four records
_RECORDS_AT_ONCE = 4_096  # small ones, as some stations send a byte in each
_BACKLOG_BYTES_MAX = 1 << 20  # what OpenSSL answers by itself to a peer that does not read


_NOBODY = asyncio.Protocol()


class TlsTransport(asyncio.Transport, asyncio.Protocol):
    """A protocol to the socket below it, and a transport to the protocol above."""

    __slots__ = (
        "_below",
        "_failed",
        "_incoming",
        "_is_closing",
        "_is_paused",
        "_is_waking",
        "_outgoing",
        "_session",
        "_shaken",
        "_upper",
    )

    def __init__(
        self,
        below: asyncio.Transport,
        context: ssl.SSLContext,
        upper: asyncio.Protocol,
        failed: Callable[[str], None],
    ) -> None:
        """Takes over `below` at once.

        `failed` is told why a handshake came to nothing, and ends the connection. Of bytes that say
        nothing yet, the upper protocol receives none at all.
        """
        super().__init__()
        self._below = below
        self._upper: asyncio.BaseProtocol = upper
        self._failed = failed
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._session = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False
        self._is_paused = False
        self._is_closing = False
        self._is_waking = False
        below.set_protocol(self)

    # -- from below

    def data_received(self, data: bytes) -> None:
        self._incoming.write(data)
        if (self._shaken or self._shake()) and not self._deliver():
            self._hand_up(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_closing = True
        # Each holds the other, and with them the keys and buffers of a connection that is gone.
        upper, self._upper = self._upper, _NOBODY
        upper.connection_lost(exc)

    def pause_writing(self) -> None:
        self._upper.pause_writing()

    def resume_writing(self) -> None:
        self._upper.resume_writing()

    def _shake(self) -> bool:
        """One more step of the handshake; True when it is done."""
        try:
            self._session.do_handshake()
        except ssl.SSLWantReadError:
            self._flush()
            self._hand_up(b"")
            return False
        except ssl.SSLError as error:
            self._flush()  # the alert that says why
            self._failed(error.reason or "no TLS")
            self._failed = _too_late
            return False
        self._shaken = True
        self._failed = _too_late  # or else whoever waited for the handshake would be kept
        self._flush()
        return True

    def _deliver(self) -> bool:
        """Hand up what has come, as long as it is wanted; False if it says nothing yet."""
        is_more, has_said = True, self._is_paused
        while is_more and not self._is_paused and not self._is_closing:
            data, is_more = self._read_some()
            if data:
                self._hand_up(data)
                has_said = True
        self._flush()  # keys are renewed on the way
        if self.get_write_buffer_size() > _BACKLOG_BYTES_MAX:
            self.abort()
        return has_said or self._is_closing

    def _read_some(self) -> tuple[bytes, bool]:
        """Small records are read as one; False when they were the last."""
        parts: list[bytes] = []
        try:
            while len(parts) < _RECORDS_AT_ONCE and (part := self._session.read(_READ_BYTES)):
                parts.append(part)
        except ssl.SSLWantReadError:
            return b"".join(parts), False
        except ssl.SSLError:
            if not parts:
                self.abort()
        else:
            if not parts:  # the peer says that nothing follows
                self.close()
        return b"".join(parts), True

    def _hand_up(self, data: bytes) -> None:
        assert isinstance(self._upper, asyncio.Protocol), "streams are read by protocols"
        self._upper.data_received(data)

    # -- from above

    def write(self, data: "bytes | bytearray | memoryview[Any]") -> None:
        if self._is_closing or not data:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._session.write(rest) :]
        except ssl.SSLError:
            self.abort()
            return
        self._flush()

    def close(self) -> None:
        """Say that nothing follows, and close once that is written."""
        if self._is_closing:
            return
        self._is_closing = True
        if self._shaken:
            try:
                self._session.unwrap()
            except ssl.SSLError:  # that the peer has not said the same yet, most of the time
                self._is_closing = True
            self._flush()
        self._below.close()

    def abort(self) -> None:
        self._is_closing = True
        self._below.abort()

    def is_closing(self) -> bool:
        return self._is_closing or self._below.is_closing()

    def pause_reading(self) -> None:
        self._is_paused = True
        self._below.pause_reading()

    def resume_reading(self) -> None:
        self._is_paused = False
        if self.is_closing():
            return
        self._below.resume_reading()
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_soon(self._wake)

    def _wake(self) -> None:
        self._is_waking = False
        if self._shaken:
            self._deliver()

    def can_write_eof(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return self._below.get_write_buffer_size()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        self._below.set_write_buffer_limits(high, low)

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._upper = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        return self._upper

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        if name == "ssl_object":
            return self._session
        return self._below.get_extra_info(name, default)

    def _flush(self) -> None:
        if self._outgoing.pending and not self._below.is_closing():
            self._below.write(self._outgoing.read())


def _too_late(_why: str) -> None:
    """A handshake that is done does not fail any more."""
