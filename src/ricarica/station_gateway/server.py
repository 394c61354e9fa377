"""The HTTP side: a listening socket, bounded, that hands every WebSocket over."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web
from aiohttp.web_protocol import RequestHandler

from ricarica.link.letters import Verdict
from ricarica.station_gateway.admission import NoCommonDialect, Porter, Visitor
from ricarica.station_gateway.extensions import deflate_answer
from ricarica.station_gateway.handshake import SERVER_NAME, Rejection, switching
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.throttle import Rate, TokenBucket
from ricarica.station_gateway.websocket import CloseCode

_BACKLOG = 1024  # after an outage all stations come back within seconds
_LOG_LINES = Rate(per_s=5.0, burst=50)  # whoever knocks at random shall not fill the disk
_PATH_SHOWN = 100

log = structlog.get_logger("ricarica.gateway")

Host = Callable[[Visitor, StationSocket], Awaitable[None]]
"""Gives a socket to its connection, or closes it."""


class _BoundedServer(web.Server):
    """Drops sockets beyond the bound before they cost anything."""

    def __init__(
        self,
        answer: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]],
        surroundings: Surroundings,
    ) -> None:
        super().__init__(
            answer,
            access_log=None,
            # Also the time in which a new socket has to come with its request.
            keepalive_timeout=surroundings.limits.handshake_s,
            lingering_time=0,  # a handshake has no body worth reading
        )
        self._tally = surroundings.tally
        self._sockets_max = surroundings.limits.connections_max

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._tally.sockets += 1
        if self._tally.sockets > self._sockets_max:
            transport.abort()

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        self._tally.sockets -= 1


class StationServer:
    def __init__(self, surroundings: Surroundings, host: Host) -> None:
        self._around = surroundings
        self._host = host
        self._porter = Porter(surroundings)
        self._server = _BoundedServer(self._answer, surroundings)
        self._log_lines = TokenBucket(_LOG_LINES, surroundings.clock.monotonic())
        self._listeners: list[asyncio.Server] = []
        self._sockets: set[StationSocket] = set()
        self._empty: asyncio.Event | None = None  # while someone waits for the last to go

    async def listen(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Listen on one more port, and return it; port 0 takes any that is free."""
        listener = await asyncio.get_running_loop().create_server(
            self._server,
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=self._around.limits.handshake_s if tls else None,
            backlog=_BACKLOG,
        )
        self._listeners.append(listener)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound

    def stop_listening(self) -> None:
        for listener in self._listeners:
            listener.close()

    async def close(self, within_s: float) -> None:
        """Wait for the stations to say goodbye, and cut what is connected even then."""
        self.stop_listening()
        if self._sockets:
            self._empty = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(within_s):
                    await self._empty.wait()
        for socket in tuple(self._sockets):
            socket.abort()
        await self._server.shutdown(within_s)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.transport:
            # What a hasty station sends before it is let in waits in the socket.
            request.transport.pause_reading()
        outcome = await self._porter.receive(request)
        if isinstance(outcome, Rejection):
            self._refused(request, outcome)
            return _response_for(outcome)
        socket = self._taken_over(request, outcome)
        if socket and isinstance(outcome, NoCommonDialect):
            # OCPP-J 1.6 §3.1.2, 2.0.1 §3.1.3: 101 without the header, then close.
            self._around.tally.verdicts[Verdict.NO_COMMON_DIALECT] += 1
            socket.close(CloseCode.PROTOCOL_ERROR, "no common subprotocol")
        elif socket and isinstance(outcome, Visitor):
            self._around.tally.verdicts[Verdict.WELCOME] += 1
            await self._hosted(outcome, socket)
        return web.Response()  # goes nowhere, for the connection is not theirs any more

    async def _hosted(self, visitor: Visitor, socket: StationSocket) -> None:
        try:
            await self._host(visitor, socket)
        except BaseException:
            socket.abort()  # nobody else knows it yet
            raise

    def _refused(self, request: web.BaseRequest, rejection: Rejection) -> None:
        self._around.tally.refused += 1
        self._around.tally.verdicts[rejection.status.name.lower()] += 1
        now = self._around.clock.monotonic()
        if not self._log_lines.empty(now):
            self._log_lines.take(now)
            path = request.raw_path.partition("?")[0][:_PATH_SHOWN]
            log.info("refused", status=rejection.status, remote=request.remote, path=path)

    def _taken_over(
        self, request: web.BaseRequest, outcome: Visitor | NoCommonDialect
    ) -> StationSocket | None:
        """Answer 101, and take the transport from aiohttp; None when the station has gone.

        What aiohttp keeps for a request, its tasks, parsers and headers, would stay as long as
        the WebSocket does. So we tell it that its connection is over.
        """
        transport = request.transport
        if transport is None or transport.is_closing():
            return None
        deflate = deflate_answer(request.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, ()))
        spelling = outcome.spelling if isinstance(outcome, Visitor) else None
        key = request.headers[hdrs.SEC_WEBSOCKET_KEY]
        socket = StationSocket(transport, self._around, self._gone, inflates=deflate is not None)
        transport.write(switching(key, spelling, deflate))
        request.protocol.transport = None  # or else it would close it
        transport.set_protocol(socket)
        request.protocol.connection_lost(None)
        self._sockets.add(socket)
        self._around.tally.sockets += 1
        socket.hold()
        return socket

    def _gone(self, socket: StationSocket) -> None:
        self._sockets.discard(socket)
        self._around.tally.sockets -= 1
        if not self._sockets and self._empty:
            self._empty.set()


def _response_for(rejection: Rejection) -> web.Response:
    response = web.Response(
        status=rejection.status,
        text=rejection.text,
        headers={**rejection.headers, hdrs.SERVER: SERVER_NAME},
    )
    response.force_close()
    return response
