"""The HTTP side: a listening socket, bounded, that hands every WebSocket over."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import WSCloseCode, hdrs, web
from aiohttp.web_protocol import RequestHandler

from ricarica.station_gateway.admission import NoCommonDialect, Porter, Visitor
from ricarica.station_gateway.handshake import Rejection
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.websocket import StationSocket

_BACKLOG = 1024  # after an outage all stations come back within seconds
_SERVER_NAME = "ricarica"  # strangers need not know which versions of what serve them

Host = Callable[[Visitor, StationSocket], Awaitable[None]]
"""Lives with a connection until it is over, and has closed the socket when it returns."""


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
        self._listeners: list[asyncio.Server] = []

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
        """Cut what is still connected."""
        self.stop_listening()
        await self._server.shutdown(within_s)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        outcome = await self._porter.receive(request)
        if isinstance(outcome, Rejection):
            self._around.tally.refused += 1
            return _response_for(outcome)
        response = self._websocket_for(outcome)
        try:
            await response.prepare(request)
        except ConnectionError:
            return response  # the station did not wait for its answer
        socket = self._socket_of(response, request)
        if isinstance(outcome, NoCommonDialect):
            # OCPP-J 1.6 §3.1.2, 2.0.1 §3.1.3: 101 without the header, then close.
            await socket.close(WSCloseCode.PROTOCOL_ERROR, "no common subprotocol")
        else:
            await self._host(outcome, socket)
        return response

    def _websocket_for(self, outcome: Visitor | NoCommonDialect) -> web.WebSocketResponse:
        spelling = outcome.spelling if isinstance(outcome, Visitor) else None
        response = web.WebSocketResponse(
            protocols=(spelling,) if spelling else (),
            compress=True,  # we inflate what stations send, and send plain ourselves
            autoping=False,
            max_msg_size=self._around.limits.message_bytes_max,
            timeout=self._around.limits.close_s,
        )
        response.headers[hdrs.SERVER] = _SERVER_NAME
        return response

    def _socket_of(
        self, response: web.WebSocketResponse, request: web.BaseRequest
    ) -> StationSocket:
        transport = request.transport
        assert transport, "the handshake has just been answered over it"
        return StationSocket(
            response,
            transport,
            buffer_max=self._around.limits.write_buffer_bytes_max,
            close_s=self._around.limits.close_s,
        )


def _response_for(rejection: Rejection) -> web.Response:
    response = web.Response(
        status=rejection.status,
        text=rejection.text,
        headers={**rejection.headers, hdrs.SERVER: _SERVER_NAME},
    )
    response.force_close()
    return response
