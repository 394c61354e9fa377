"""TCP between a station and a server: slow, and broken at any byte, with or without notice."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from ricarica.station_gateway.websocket import CLOSE, PING, PONG, TEXT
from tests.simulation.virtual import VirtualLoop

MASKED = 0x80
FINAL = 0x80
TINY_S = 1e-6  # keeps bytes in order


@dataclass(frozen=True, slots=True)
class Manners:
    """How a network behaves. Shares are of 1."""

    latency_s: float = 0.05
    spread_s: float = 0.1
    breaks: float = 0.0  # the share of frames that a line does not survive
    silent: float = 0.3  # the share of breaks that an end learns of only by waiting
    late: float = 0.3  # the share of lines left by stations of which the last bytes still come


class StationEnd(Protocol):
    """What a line tells the station."""

    def opened(self) -> None: ...

    def turned_away(self, why: str) -> None: ...

    def heard(self, opcode: int, payload: bytes) -> None: ...

    def lost(self, why: str) -> None: ...


class Observer(Protocol):
    """Sees what a server gets, and what it sends."""

    def received(self, line: "Line", data: bytes) -> None: ...

    def sent(self, line: "Line", opcode: int, payload: bytes) -> bool:
        """Whether the server was still there to send it."""
        ...


@dataclass(slots=True, eq=False)
class _Flying:
    handle: asyncio.TimerHandle
    data: bytes


class _Direction:
    def __init__(self) -> None:
        self.flying: deque[_Flying] = deque()
        self.last_due = 0.0
        self.is_open = True


class Line(asyncio.Transport):
    """The server's end is a transport of asyncio; the station's end are `say`, `leave`, `cut`."""

    def __init__(self, loop: VirtualLoop, rng: Random, manners: Manners, name: str) -> None:
        super().__init__()
        self.name = name
        self.manners = manners
        self.epoch: int | None = None  # once the server has seated it
        self.server_gone = False  # the server's end is closed, or its process died
        self._loop = loop
        self._rng = rng
        self._up, self._down = _Direction(), _Direction()
        self._protocol: asyncio.Protocol | None = None
        self._station: StationEnd | None = None
        self._observer: Observer | None = None
        self._held: list[bytes] | None = None
        self._closing = False

    def connect(self, station: StationEnd) -> None:
        self._station = station

    def observe(self, observer: Observer) -> None:
        self._observer = observer

    @property
    def is_sound(self) -> bool:
        """Whether what is said at either end still arrives."""
        return self._up.is_open and self._down.is_open and not self.server_gone

    # -- the station's end

    def say(self, opcode: int, payload: bytes) -> None:
        self._carry(self._up, masked(opcode, payload), self._reach_server)

    def say_half(self, payload: bytes) -> None:
        """The first half of a frame, and nothing after it."""
        frame = masked(TEXT, payload)
        self._carry(self._up, frame[: len(frame) // 2], self._reach_server)
        self.cut()

    def leave(self) -> None:
        """The station closes its end, or dies; what it said may come late, or its end unnoticed."""
        self._station = None
        self._down.is_open = False
        if self._rng.random() < self.manners.late:
            self._delay_all(self._up, self._rng.uniform(0.5, 90.0))
        elif self._rng.random() < self.manners.silent:
            self._drop(self._up)
            return
        self._loop.call_at(self._up.last_due + self._latency(), self._close_server_end)

    def cut(self) -> None:
        """The line breaks somewhere: a part of what is on its way arrives, the rest never does."""
        self._drop(self._up)
        self._drop(self._down)
        if self._rng.random() >= self.manners.silent:
            self._loop.call_later(self._rng.random() * 3, self._close_server_end)
        station, self._station = self._station, None
        if station:
            notices = self._rng.random() >= self.manners.silent
            wait_s = self._rng.random() * 3 if notices else self._rng.uniform(20, 120)
            self._loop.call_later(wait_s, station.lost, "line cut")

    # -- the server's end, besides what a transport has

    def accept(self) -> None:
        self._later(self._down, self._tell_opened)

    def turn_away(self, why: str) -> None:
        self._later(self._down, lambda: self._tell_turned_away(why))
        self.server_gone = True

    def server_died(self, *, machine_too: bool) -> None:
        """The system closes the socket of a dead process; a dead machine says nothing."""
        self.server_gone = True
        self._up.is_open = False
        if machine_too:
            self._drop(self._down)
            self._down.is_open = False
        else:
            self._close_down()

    # -- asyncio.Transport

    def write(self, data: bytes | bytearray | memoryview) -> None:
        frame = bytes(data)
        opcode, payload = unmasked(frame)
        assert self._observer, "a line has an observer before it has a server"
        if self.server_gone or not self._observer.sent(self, opcode, payload):
            return
        self._carry(self._down, frame, self._reach_station)

    def close(self) -> None:
        if not self._closing:
            self._closing = True
            self._close_down()
            self._loop.call_soon(self._close_server_end)

    def abort(self) -> None:
        if not self._closing:
            self._closing = True
            self._drop(self._down)
            self._close_down()
            self._loop.call_soon(self._close_server_end)

    def is_closing(self) -> bool:
        return self._closing

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol), "only streams are read"
        self._protocol = protocol

    def pause_reading(self) -> None:
        if self._held is None:
            self._held = []

    def resume_reading(self) -> None:
        held, self._held = self._held, None
        for data in held or ():
            self._loop.call_soon(self._reach_server, data)

    def get_write_buffer_size(self) -> int:
        return 0

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        self._close_down()

    # -- on its way

    def _latency(self) -> float:
        return self.manners.latency_s + self._rng.random() * self.manners.spread_s

    def _carry(self, way: _Direction, data: bytes, arrive: Callable[[bytes], None]) -> None:
        if not way.is_open:
            return
        due = max(self._loop.time() + self._latency(), way.last_due + TINY_S)
        way.last_due = due
        way.flying.append(_Flying(self._loop.call_at(due, self._land, way, arrive), data))
        if self.manners.breaks and self._rng.random() < self.manners.breaks:
            self._loop.call_later(self._rng.random() * 0.2, self.cut)

    def _land(self, way: _Direction, arrive: Callable[[bytes], None]) -> None:
        arrive(way.flying.popleft().data)

    def _later(self, way: _Direction, what: Callable[[], object]) -> None:
        way.last_due = max(self._loop.time() + self._latency(), way.last_due + TINY_S)
        self._loop.call_at(way.last_due, what)

    def _reach_server(self, data: bytes) -> None:
        if self.server_gone or not self._protocol or not self._observer:
            return
        if self._held is not None:
            self._held.append(data)
            return
        self._observer.received(self, data)
        self._protocol.data_received(data)

    def _reach_station(self, frame: bytes) -> None:
        if self._station and not _is_half(frame):
            self._station.heard(*unmasked(frame))

    def _drop(self, way: _Direction) -> None:
        """What is on its way is lost, but for the first bytes of it."""
        first = way.flying[0] if way.flying else None
        for each in way.flying:
            each.handle.cancel()
        way.flying.clear()
        way.is_open = False
        if first and way is self._up and self._rng.random() < 0.5:
            part = first.data[: self._rng.randrange(1, len(first.data))]
            self._loop.call_soon(self._reach_server, part)

    def _delay_all(self, way: _Direction, by_s: float) -> None:
        moved = deque[_Flying]()
        for each in way.flying:
            each.handle.cancel()
            way.last_due = max(each.handle.when() + by_s, way.last_due + TINY_S)
            handle = self._loop.call_at(way.last_due, self._land, way, self._reach_server)
            moved.append(_Flying(handle, each.data))
        way.flying = moved

    def _close_down(self) -> None:
        if self._down.is_open:
            self._down.is_open = False
            self._later(self._down, self._tell_lost)

    def _tell_opened(self) -> None:
        if self._station:
            self._station.opened()

    def _tell_turned_away(self, why: str) -> None:
        if self._station:
            self._station.turned_away(why)

    def _tell_lost(self) -> None:
        station, self._station = self._station, None
        if station:
            station.lost("closed by the server")

    def _close_server_end(self) -> None:
        protocol, self._protocol = self._protocol, None
        self._closing = True
        self._up.is_open = False
        if protocol and not self.server_gone:
            self.server_gone = True
            protocol.connection_lost(None)


def masked(opcode: int, payload: bytes) -> bytes:
    """A frame from a client; a mask of zeros leaves the payload readable."""
    size = len(payload)
    if size < 126:
        return bytes((FINAL | opcode, MASKED | size)) + bytes(4) + payload
    if size < 1 << 16:
        return bytes((FINAL | opcode, MASKED | 126)) + size.to_bytes(2, "big") + bytes(4) + payload
    return bytes((FINAL | opcode, MASKED | 127)) + size.to_bytes(8, "big") + bytes(4) + payload


def unmasked(frame: bytes) -> tuple[int, bytes]:
    """The opcode and the payload of one whole frame of a server."""
    size = frame[1]
    start = {126: 4, 127: 10}.get(size, 2)
    return frame[0] & 0x0F, frame[start:]


def text_of(data: bytes) -> str | None:
    """The text in what a station sent, if it is the whole of one."""
    if len(data) < 2 or data[0] & 0x0F != TEXT:
        return None
    start = {126: 8, 127: 14}.get(data[1] & 0x7F, 6)
    return data[start:].decode(errors="replace")


def _is_half(frame: bytes) -> bool:
    return len(frame) < 2


__all__ = ["CLOSE", "PING", "PONG", "TEXT", "Line", "Manners", "masked", "text_of", "unmasked"]
