"""A friendly server on a real socket, for what drives real sockets."""

import asyncio
import itertools
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from ricarica.ocpp.dialects import DIALECTS, Dialect


def now() -> datetime:
    return datetime.now(UTC)


class FriendlyServer:
    """Accepts every boot and every token, and remembers what reached it."""

    def __init__(self) -> None:
        self.handshakes = 0
        self.paths: list[str] = []
        self.credentials: list[str] = []
        self.heard: list[str] = []
        self.broken = 0
        self.close_after: int | None = None
        self.refuse_with: int | None = None
        self.open = 0
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()

    async def talk(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.credentials.append(socket.request.headers.get("Authorization", ""))
        self.open += 1
        try:
            async for text in socket:
                await self._answer(socket, str(text))
        except ConnectionClosedOK:
            pass
        except ConnectionClosedError:
            self.broken += 1
        self.open -= 1
        self._changed.set()

    async def _answer(self, socket: ServerConnection, text: str) -> None:
        _, message_id, action, _ = json.loads(text)
        self.heard.append(action)
        await socket.send(json.dumps([3, message_id, self._response(action)]))
        if self.close_after is not None and len(self.heard) >= self.close_after:
            self.close_after = None
            await socket.close(1012)
        self._changed.set()

    def _response(self, action: str) -> dict[str, Any]:
        at = now().strftime("%Y-%m-%dT%H:%M:%SZ")
        accepted = {"idTagInfo": {"status": "Accepted"}, "idTokenInfo": {"status": "Accepted"}}
        responses: dict[str, dict[str, Any]] = {
            "BootNotification": {"status": "Accepted", "currentTime": at, "interval": 60},
            "Heartbeat": {"currentTime": at},
            "Authorize": accepted,
            "StartTransaction": accepted | {"transactionId": next(self._numbers)},
        }
        return responses.get(action, {})

    def handshake(self, socket: ServerConnection, _request: Request) -> Response | None:
        self.handshakes += 1
        self._changed.set()
        if self.refuse_with is None:
            return None
        code, self.refuse_with = self.refuse_with, None
        return socket.respond(code, "")

    async def until(self, condition: Callable[[], bool], within_s: float = 20) -> None:
        async with asyncio.timeout(within_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()


@asynccontextmanager
async def serving(
    server: FriendlyServer,
    *dialects: Dialect,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[int]:
    """The port that the server listens at."""
    spoken = [Subprotocol(dialect.subprotocol) for dialect in dialects or DIALECTS]
    async with serve(
        server.talk,
        "127.0.0.1",
        0,
        subprotocols=spoken,
        process_request=server.handshake,
        ssl=tls,
    ) as listener:
        yield next(iter(listener.sockets)).getsockname()[1]
