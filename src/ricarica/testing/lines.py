"""What lies between a world's sockets and its engine: nothing, or a real NATS."""

import asyncio
from typing import Protocol

from ricarica.link.bus import Bus
from ricarica.link.local import LocalLink
from ricarica.link.nats import NatsLink
from ricarica.link.ports import Decisions, Sockets

TURNS = 10  # of the event loop, until what was heard has gone its way


class Line(Protocol):
    """Both ends of a link, and the way in between. `node` is the name of the gateway."""

    node: str

    @property
    def decisions(self) -> Decisions:
        """What the sockets see."""
        ...

    @property
    def sockets(self) -> Sockets:
        """What the engine sees."""
        ...

    async def join(self, decisions: Decisions, sockets: Sockets) -> None: ...

    async def carry(self) -> bool:
        """Let everything that is on its way arrive; whether there was anything."""
        ...

    async def cut(self) -> None: ...


class LocalLine:
    """Letters go straight through, though through bytes."""

    def __init__(self) -> None:
        self.node = ""
        self._link = LocalLink(through_bytes=True)

    @property
    def decisions(self) -> Decisions:
        return self._link

    @property
    def sockets(self) -> Sockets:
        return self._link

    async def join(self, decisions: Decisions, sockets: Sockets) -> None:
        self._link.attach_decisions(decisions)
        self._link.attach_sockets(sockets)

    async def carry(self) -> bool:
        return False

    async def cut(self) -> None:
        """Nothing is held."""


class NatsLine:
    """A gateway without a core, and a core without a gateway."""

    def __init__(self, url: str, prefix: str) -> None:
        self.node = "gateway"
        self._gateway = NatsLink(Bus(url, self.node, prefix=prefix), self.node)
        self._core = NatsLink(Bus(url, "core", prefix=prefix), "core")
        self._carried = (0, 0)

    @property
    def decisions(self) -> Decisions:
        return self._gateway

    @property
    def sockets(self) -> Sockets:
        return self._core

    async def join(self, decisions: Decisions, sockets: Sockets) -> None:
        self._core.attach_decisions(decisions)
        self._gateway.attach_sockets(sockets)
        for link in (self._core, self._gateway):
            await link.bus.connect()
            await link.start()

    async def carry(self) -> bool:
        for bus in (self._gateway.bus, self._core.bus, self._gateway.bus):
            await bus.flush()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        before, self._carried = self._carried, (self._gateway.bus.letters, self._core.bus.letters)
        return before != self._carried

    async def cut(self) -> None:
        await self._gateway.bus.close()
        await self._core.bus.close()
