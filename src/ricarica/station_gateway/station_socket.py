"""A station's socket after its handshake: frames to messages, the closing, and back-pressure."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ricarica.station_gateway import websocket
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.timers import Alarm
from ricarica.station_gateway.websocket import (
    BrokenFrameError,
    CloseCode,
    Incoming,
    Message,
    framed,
)

_ORDINARY_BYTES = 8 << 10  # what is longer costs us by its length
_PIECES_PER_MESSAGE = 8  # to join so many fragments costs as much as to answer a message
_DRIP_BYTES = 64  # no line is so slow that it would carry no more at a time
_AT_ONCE = 32  # messages; they keep everybody else waiting for about a millisecond


class Listener(Protocol):
    """Whom a socket tells. After `ended` it tells nothing more."""

    def heard(self) -> None:
        """The peer shows that it is there."""
        ...

    def take_text(self, text: str, weight: float) -> None:
        """`weight` says how many ordinary messages it costs as much as."""
        ...

    def take_piece(self) -> None:
        """A read that completed nothing."""
        ...

    def take_ping(self, payload: bytes) -> None: ...

    def take_pong(self) -> None: ...

    def note(self, kind: str, text: str) -> None: ...

    def ended(self, reason: str) -> None: ...


class StationSocket(asyncio.Protocol):
    """Needs no task: it is called when bytes come, and whoever has something to say writes."""

    __slots__ = (
        "_alarm",
        "_around",
        "_closing",
        "_deaf",
        "_deferred",
        "_drips",
        "_gone",
        "_held",
        "_incoming",
        "_listener",
        "_lost",
        "_transport",
        "_unheard",
    )

    def __init__(
        self,
        transport: asyncio.Transport,
        surroundings: Surroundings,
        gone: "Callable[[StationSocket], None]",
        *,
        inflates: bool,
    ) -> None:
        self._transport = transport
        self._around = surroundings
        self._gone = gone
        self._incoming = Incoming(
            surroundings.limits.message_bytes_max,
            surroundings.limits.fragments_max,
            inflates=inflates,
        )
        self._listener: Listener | None = None
        self._alarm: Alarm | None = None
        self._held = False
        self._deferred = False  # the rest of what has come is looked at when others had their turn
        self._drips = 0  # reads in a row that brought hardly anything
        self._closing = False  # a close frame was sent or received
        self._deaf = False  # what comes makes no sense any more
        self._lost = False
        self._unheard = 0  # bytes that came after that

    @property
    def unfinished(self) -> bool:
        """A message has begun to come, and is not there yet."""
        return self._incoming.unfinished

    def take_at_most(self, message_bytes: int) -> None:
        """From now on, a longer message ends the connection."""
        self._incoming.message_max = message_bytes

    def listen(self, listener: Listener) -> None:
        """Tell `listener` everything from now on, beginning with what has come already."""
        self._listener = listener
        if self._lost:
            listener.ended("connection lost")
        self.release()

    # -- from the transport

    def data_received(self, data: bytes) -> None:
        if self._closing:
            self._overhear(len(data))
        if self._deaf:
            return
        self._incoming.feed(data)
        if self._listener and data:
            self._listener.heard()
        self._pump()
        self._count_drip(len(data))

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._deaf = True
        if self._alarm:
            self._alarm.cancel()
        self._end("connection lost")
        self._gone(self)

    def _overhear(self, size: int) -> None:
        """A peer that is told to go has a little under way still."""
        self._unheard += size
        if self._unheard > self._around.limits.unheard_bytes_max:
            self.abort()

    def _count_drip(self, size: int) -> None:
        """Of whoever sends a message byte by byte, it is read in larger portions."""
        if self._held or self._deferred or (size and not self.unfinished):
            self._drips = 0
            return
        if self._listener:
            self._listener.take_piece()
        self._drips = self._drips + 1 if size <= _DRIP_BYTES else 0
        if self._drips > self._around.limits.drips_free:
            self._deferred = True
            if not self._transport.is_closing():
                self._transport.pause_reading()
            self._around.timers.call_at(self._around.next_sip_at(), self._pump_on)

    def _pump(self) -> None:
        left = _AT_ONCE
        try:
            while not self._held and not self._deaf and left and (message := self._incoming.next()):
                self._take(message)
                left -= 1
        except BrokenFrameError as error:
            self._fail(error)
        if self._incoming.is_ready and not (self._held or self._deaf or self._deferred):
            self._deferred = True
            if not self._transport.is_closing():
                self._transport.pause_reading()
            asyncio.get_running_loop().call_soon(self._pump_on)

    def _pump_on(self) -> None:
        self._deferred = False
        self._pump()
        if not (self._deferred or self._held or self._transport.is_closing()):
            self._transport.resume_reading()

    def _take(self, message: Message) -> None:
        opcode, payload = message
        if opcode == websocket.CLOSE:
            self._take_close(payload)
        elif self._closing or not self._listener:
            return  # too late
        elif opcode == websocket.TEXT:
            self._around.tally.messages_in += 1
            self._around.tally.bytes_in += len(payload)
            self._listener.take_text(websocket.text_from(payload), self._weight_of(payload))
        elif opcode == websocket.PING:
            self._listener.take_ping(payload)
        elif opcode == websocket.PONG:
            self._listener.take_pong()
        else:
            self._listener.note("binary_frame", f"{len(payload)} bytes; only text is spoken here")
            self._end("closed for a binary frame")
            self.close(CloseCode.UNSUPPORTED_DATA, "text only")

    def _weight_of(self, payload: bytes) -> float:
        pieces, self._incoming.pieces = self._incoming.pieces, 0
        return 1.0 + len(payload) // _ORDINARY_BYTES + pieces / _PIECES_PER_MESSAGE

    def _take_close(self, payload: bytes) -> None:
        code, words = websocket.close_words(payload)
        if not self._closing:
            self._say_goodbye(code, "")
            self._end(f"closed by the station ({code}{words and ' ' + words})")
        self._deaf = True
        self._transport.close()

    def _fail(self, error: BrokenFrameError) -> None:
        """Say what was wrong, and let the peer hear it: data left unread would reset the line."""
        self._deaf = True
        if self._listener:
            self._listener.note("bad_frame", error.reason)
        self._end(f"closed for a bad frame: {error.reason}")
        self.close(error.code, error.reason)
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()

    def _end(self, reason: str) -> None:
        listener, self._listener = self._listener, None
        if listener:
            listener.ended(reason)

    # -- to the transport

    def send_text(self, text: bytes) -> bool:
        """False when the peer has not read for so long that no more is kept for it."""
        return self._write(framed(websocket.TEXT, text))

    def ping(self) -> bool:
        return self._write(framed(websocket.PING, b""))

    def pong(self, payload: bytes) -> bool:
        return self._write(framed(websocket.PONG, payload))

    def hold(self) -> None:
        """Read no more, so that TCP makes the peer wait, until `release`."""
        self._held = True
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def release(self) -> None:
        self._held = False
        if not (self._deferred or self._transport.is_closing()):
            self._transport.resume_reading()
        self._pump()

    def close(self, code: int, reason: str) -> None:
        """Say why, and let go when the peer has said goodbye too, or after a while."""
        if self._closing or self._lost:
            return
        self._say_goodbye(code, reason)
        self._listener = None
        if self._held:
            self.release()  # to see the peer's goodbye

    def _say_goodbye(self, code: int, reason: str) -> None:
        self._write(websocket.close_frame(code, reason))
        self._closing = True
        at = self._around.clock.monotonic() + self._around.limits.close_s
        self._alarm = self._around.timers.call_at(at, self.abort)

    def abort(self) -> None:
        self._deaf = True
        self._transport.abort()

    def _write(self, frame: bytes) -> bool:
        if self._closing or self._transport.is_closing():
            return True  # whoever reads will notice
        self._transport.write(frame)
        kept = self._transport.get_write_buffer_size()
        return kept <= self._around.limits.write_buffer_bytes_max
