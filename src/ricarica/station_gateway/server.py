"""The listening sockets, bounded, and what becomes of each connection that comes."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from ricarica.link.letters import Verdict
from ricarica.station_gateway.admission import NoCommonDialect, Porter, Visitor
from ricarica.station_gateway.arrival import Arrival, Entrance
from ricarica.station_gateway.doorstep import Doorstep
from ricarica.station_gateway.extensions import deflate_answer
from ricarica.station_gateway.handshake import Rejection, switching
from ricarica.station_gateway.listening import listeners
from ricarica.station_gateway.proxies import Peer, Proxies
from ricarica.station_gateway.request_head import Head
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.tarpit import Tarpit
from ricarica.station_gateway.throttle import Rate, TokenBucket
from ricarica.station_gateway.tls import TlsSource
from ricarica.station_gateway.websocket import CloseCode

_LOG_LINES = Rate(per_s=5.0, burst=50)  # whoever knocks at random shall not fill the disk
_PATH_SHOWN = 100

log = structlog.get_logger("ricarica.gateway")

Host = Callable[[Visitor, StationSocket], Awaitable[None]]
"""Gives a socket to its connection, or closes it."""


class _Visit(NamedTuple):
    by: str | None
    since: float


class StationServer:
    """Implements `arrival.Door`."""

    def __init__(self, surroundings: Surroundings, host: Host) -> None:
        self._around = surroundings
        self._host = host
        self._porter = Porter(surroundings)
        self._doorstep = Doorstep(surroundings.limits, surroundings.clock)
        self._tarpit = Tarpit(surroundings.limits, surroundings.clock)
        self._log_lines = TokenBucket(_LOG_LINES, surroundings.clock.monotonic())
        self._listeners: list[asyncio.Server] = []
        self._arrivals: set[Arrival] = set()  # until they are hosted or gone
        self._receiving: set[asyncio.Task[None]] = set()
        self._sockets: dict[StationSocket, _Visit] = {}
        self._empty: asyncio.Event | None = None  # while someone waits for the last to go

    async def listen(
        self, host: str, port: int, tls: ssl.SSLContext | TlsSource | None, proxies: Proxies
    ) -> int:
        """Listen on one more port, and return it; port 0 takes any that is free."""
        entrance = Entrance(tls, proxies)
        opened, bound = await listeners(lambda: Arrival(self._around, self, entrance), host, port)
        self._listeners += opened
        return bound

    def stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    async def close(self, within_s: float) -> None:
        """Wait for the stations to say goodbye, and cut what is connected even then."""
        self.stop_listening()
        for arrival in tuple(self._arrivals):
            arrival.send_away()
        if self._receiving:
            await asyncio.wait(self._receiving, timeout=within_s)
        if self._sockets:
            self._empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._empty.wait()
        for socket in tuple(self._sockets):
            socket.abort()

    # -- from those who arrive

    def wait_s(self, arrival: Arrival) -> float | None:
        tally = self._around.tally
        tally.sockets += 1
        self._arrivals.add(arrival)
        if tally.sockets > self._around.limits.connections_max:
            tally.shed += 1
            arrival.send_away()
            return None
        wait_s = self._doorstep.wait_s(arrival.counted_as)
        if wait_s is None:
            tally.shed += 1
            self._put_off(arrival)
        return wait_s

    def stepped_up(self, arrival: Arrival) -> None:
        self._stand(arrival)

    def announced(self, arrival: Arrival, behind: Peer) -> None:
        self._doorstep.leave(arrival)
        arrival.peer = behind
        self._stand(arrival)

    def asked(self, arrival: Arrival, head: Head) -> None:
        self._doorstep.leave(arrival)
        self._around.tally.handshaking = len(self._doorstep)
        task = asyncio.get_running_loop().create_task(self._receive(arrival, head))
        self._receiving.add(task)
        task.add_done_callback(self._receiving.discard)

    def misspoke(self, arrival: Arrival, why: str) -> None:
        self._around.tally.refused += 1
        self._around.tally.verdicts["bad_request"] += 1
        self._tell("misspoke", remote=arrival.peer.remote, why=why)

    def left(self, arrival: Arrival) -> None:
        self._doorstep.leave(arrival)
        self._around.tally.handshaking = len(self._doorstep)
        self._arrivals.discard(arrival)
        self._tarpit.leave(arrival)
        self._around.tally.sockets -= 1

    def refusal_delay_s(self, arrival: Arrival) -> float:
        return self._tarpit.delay_s(arrival)

    def _stand(self, arrival: Arrival) -> None:
        self._doorstep.stand(arrival)
        self._around.tally.handshaking = len(self._doorstep)

    def _put_off(self, arrival: Arrival) -> None:
        """Without TLS one answer fits all."""
        arrival.refuse(None if arrival.expects_tls else self._porter.crowded())

    # -- with those who have asked

    async def _receive(self, arrival: Arrival, head: Head) -> None:
        try:
            outcome = await self._porter.receive(arrival.peer, head, arrival.counted_as)
        except BaseException:
            arrival.send_away()  # nobody else would
            raise
        if isinstance(outcome, Rejection):
            self._refused(arrival, head, outcome)
        elif not arrival.transport.is_closing():
            await self._take_in(arrival, head, outcome)

    async def _take_in(
        self, arrival: Arrival, head: Head, outcome: Visitor | NoCommonDialect
    ) -> None:
        verdicts = self._around.tally.verdicts
        socket = self._taken_over(arrival, head, outcome)
        if isinstance(outcome, Visitor):
            verdicts[Verdict.WELCOME] += 1
            await self._hosted(outcome, socket)
        else:
            # OCPP-J 1.6 §3.1.2, 2.0.1 §3.1.3: 101 without the header, then close.
            verdicts[Verdict.NO_COMMON_DIALECT] += 1
            socket.close(CloseCode.PROTOCOL_ERROR, "no common subprotocol")

    async def _hosted(self, visitor: Visitor, socket: StationSocket) -> None:
        try:
            await self._host(visitor, socket)
        except BaseException:
            socket.abort()  # nobody else knows it yet
            raise

    def _refused(self, arrival: Arrival, head: Head, rejection: Rejection) -> None:
        self._around.tally.refused += 1
        self._around.tally.verdicts[rejection.status.name.lower()] += 1
        arrival.refuse(rejection)
        path = head.target.partition("?")[0][:_PATH_SHOWN]
        path = path.encode("ascii", "backslashreplace").decode()
        self._tell("refused", status=rejection.status.value, remote=arrival.peer.remote, path=path)

    def _tell(self, event: str, **about: str | int) -> None:
        now = self._around.clock.monotonic()
        if not self._log_lines.empty(now):
            self._log_lines.take(now)
            log.info(event, **about)

    def _taken_over(
        self, arrival: Arrival, head: Head, outcome: Visitor | NoCommonDialect
    ) -> StationSocket:
        """Answer 101, and give the transport to the socket of a station."""
        transport = arrival.transport
        deflate = deflate_answer(head.headers.lines("Sec-WebSocket-Extensions"))
        spelling = outcome.spelling if isinstance(outcome, Visitor) else None
        socket = StationSocket(transport, self._around, self._gone, inflates=deflate is not None)
        transport.write(switching(head.headers["Sec-WebSocket-Key"], spelling, deflate))
        transport.set_protocol(socket)
        self._arrivals.discard(arrival)
        self._sockets[socket] = _Visit(arrival.counted_as, self._around.clock.monotonic())
        socket.hold()
        return socket

    def _gone(self, socket: StationSocket) -> None:
        visit, now = self._sockets.pop(socket), self._around.clock.monotonic()
        if visit.by is not None and now < visit.since + self._around.limits.fleeting_s:
            self._around.offenders.came_and_went(visit.by, now)
        self._around.tally.sockets -= 1
        if not self._sockets and self._empty:
            self._empty.set()
