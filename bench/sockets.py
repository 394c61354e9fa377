"""Many sockets in one thread, under one epoll: a station costs a few hundred bytes of ours."""

import errno
import select
import socket
import ssl
import time
from typing import Protocol

from bench.frames import CLOSE, PING, PONG, TEXT, framed, frames_from, status_of, upgrade_request
from bench.station import Stage, Station

HANDSHAKE_S = 30.0  # then a station gives up and comes again
READ_BYTES = 16_384
# Take the port when connecting: many stations can then share one, each from its own address.
BIND_ADDRESS_NO_PORT = 24

Address = tuple[str, int]


class Listener(Protocol):
    def upgraded(self, station: Station) -> None: ...

    def heard(self, station: Station, text: bytes) -> None: ...

    def lost(self, station: Station, was: Stage, why: str) -> None:
        """The connection is gone, or never came to be; `was` is how far it had come."""
        ...


class Sockets:
    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls = tls
        self._epoll = select.epoll()
        self._stations: dict[int, Station] = {}
        self._arriving: dict[Station, None] = {}  # the first began first
        self.pings = 0

    def watch(self, number: int) -> None:
        """Also wake up for this file; `turn` then returns it."""
        self._epoll.register(number, select.EPOLLIN)

    @property
    def arriving(self) -> int:
        return len(self._arriving)

    def connect(self, station: Station, address: Address) -> None:
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        plain.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.bind((station.address, 0))
        station.socket, station.stage, station.buffer = plain, Stage.CONNECTING, b""
        station.waits_for = ""
        station.connect_at = time.monotonic()
        plain.connect_ex(address)  # what fails at once is told by epoll as well
        self._stations[plain.fileno()] = station
        self._arriving[station] = None
        self._epoll.register(plain.fileno(), select.EPOLLOUT)

    def send(self, station: Station, opcode: int, payload: bytes) -> None:
        """What is small fits into the kernel's buffer; a connection that cannot take it is cut."""
        if station.socket:
            station.socket.sendall(framed(opcode, payload))

    def turn(self, timeout_s: float, listener: Listener) -> list[int]:
        """Do what there is to do; returns the files watched besides that can be read."""
        others = []
        for number, _ in self._epoll.poll(max(timeout_s, 0.0), 1024):
            station = self._stations.get(number)
            if station is None:
                others.append(number)
            else:
                self._attend(station, listener)
        self._give_up(listener)
        return others

    def drop(self, station: Station, why: str, listener: Listener) -> None:
        if station.socket:
            del self._stations[station.socket.fileno()]
            station.socket.close()  # which takes it out of epoll too
        self._arriving.pop(station, None)
        was = station.stage
        station.socket, station.stage, station.buffer = None, Stage.OUT, b""
        listener.lost(station, was, why)

    # -- parts

    def _attend(self, station: Station, listener: Listener) -> None:
        try:
            if station.stage is Stage.CONNECTING:
                self._connected(station)
            elif station.stage is Stage.SHAKING:
                self._shake(station)
            else:
                self._read(station, listener)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return
        except OSError as error:  # those of TLS are among them
            self.drop(station, _word_for(error), listener)

    def _connected(self, station: Station) -> None:
        assert station.socket, "it is connecting"
        if code := station.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, "connect")
        if self._tls:
            station.socket = self._tls.wrap_socket(
                station.socket, do_handshake_on_connect=False, suppress_ragged_eofs=True
            )
            station.stage = Stage.SHAKING
            self._epoll.modify(station.socket.fileno(), select.EPOLLIN)
            self._shake(station)
        else:
            self._epoll.modify(station.socket.fileno(), select.EPOLLIN)
            self._ask_to_upgrade(station)

    def _shake(self, station: Station) -> None:
        assert isinstance(station.socket, ssl.SSLSocket), "plain ones do not shake hands"
        station.socket.do_handshake()
        self._ask_to_upgrade(station)

    def _ask_to_upgrade(self, station: Station) -> None:
        assert station.socket, "it is connected"
        station.stage = Stage.UPGRADING
        station.socket.sendall(upgrade_request(f"/{station.name}", station.subprotocol))

    def _read(self, station: Station, listener: Listener) -> None:
        assert station.socket, "it is connected"
        while True:
            data = station.socket.recv(READ_BYTES)
            if not data:
                raise ConnectionAbortedError(errno.ECONNABORTED, "the server closed")
            self._take(station, station.buffer + data, listener)
            if station.stage is Stage.OUT or not self._tls:
                return  # level-triggered: what is left wakes us again; TLS may keep it to itself

    def _take(self, station: Station, buffer: bytes, listener: Listener) -> None:
        if station.stage is Stage.UPGRADING:
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                station.buffer = head
                return
            if (status := status_of(head)) != 101:
                self.drop(station, f"{status}", listener)
                return
            self._arriving.pop(station, None)
            station.stage = Stage.BOOTING
            listener.upgraded(station)
        frames, station.buffer = frames_from(buffer)
        for opcode, payload in frames:
            if opcode == TEXT:
                listener.heard(station, payload)
            elif opcode == PING:
                self.pings += 1
                self.send(station, PONG, payload)
            elif opcode == CLOSE:
                code = int.from_bytes(payload[:2], "big")
                self.drop(station, f"close {code}", listener)
                return

    def _give_up(self, listener: Listener) -> None:
        now = time.monotonic()
        while self._arriving:
            station = next(iter(self._arriving))
            if now - station.connect_at < HANDSHAKE_S:
                return
            self.drop(station, "timeout", listener)


def _word_for(error: OSError) -> str:
    if error.errno == errno.ECONNREFUSED:
        return "nobody listens"
    if error.errno in {errno.ECONNRESET, errno.EPIPE}:
        return "reset"
    if error.errno == errno.ECONNABORTED:
        return "closed"
    return type(error).__name__ if isinstance(error, ssl.SSLError) else f"errno {error.errno}"
