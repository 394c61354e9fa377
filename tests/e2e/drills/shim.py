"""A network between two programs that can be made slow, deaf, or torn: a relay of TCP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

CHUNK = 65_536


@dataclass(eq=False)
class Shim:
    """Relays connections to the servers in turn; its fields may be changed at any time.

    A connection on which nothing is relayed stays open at both ends, as when a link in between is
    lost: whoever waits is told nothing.
    """

    servers: list[tuple[str, int]]
    delay_s: float = 0.0  # for each piece, each way
    is_deaf: bool = False  # takes nothing and relays nothing
    refuses: bool = False  # newcomers are cut off at once
    tears: int = (
        0  # how many of the next pieces from the server are cut in half, and the line with it
    )
    listening: int = 0
    _turn: int = 0
    _lines: set[asyncio.WriteTransport] = field(default_factory=set)
    _hears: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._hears.set()

    def go_deaf(self) -> None:
        self.is_deaf = True
        self._hears.clear()

    def hear(self) -> None:
        self.is_deaf = False
        self._hears.set()

    def cut(self) -> None:
        """All lines, with a reset."""
        for line in tuple(self._lines):
            line.abort()

    async def relay(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self.refuses:
            back.transport.abort()
            return
        reached = await self._next_server()
        if reached is None:
            back.transport.abort()
            return
        far, out = reached
        lines = {back.transport, out.transport}
        self._lines |= lines
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(near, out, torn=False))
                group.create_task(self._carry(far, back, torn=True))
        except* OSError:
            pass  # one end is gone, and so is the other
        finally:
            self._lines -= lines
            for line in lines:
                line.abort()

    async def _next_server(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """The first, from the one whose turn it is, that takes us."""
        for _ in self.servers:
            self._turn = (self._turn + 1) % len(self.servers)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(*self.servers[self._turn])
        return None

    async def _carry(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, torn: bool
    ) -> None:
        while True:
            piece = await source.read(CHUNK)
            await self._hears.wait()  # that one end is gone is no news either
            if not piece:
                raise ConnectionResetError
            if self.delay_s:
                await asyncio.sleep(self.delay_s)
                await self._hears.wait()
            if torn and self.tears:
                self.tears -= 1
                sink.write(piece[: len(piece) // 2])
                await sink.drain()
                raise ConnectionResetError
            sink.write(piece)
            await sink.drain()


@asynccontextmanager
async def shim_to(*servers: tuple[str, int]) -> AsyncIterator[Shim]:
    shim = Shim(list(servers))
    server = await asyncio.start_server(shim.relay, "127.0.0.1", 0)
    shim.listening = server.sockets[0].getsockname()[1]
    try:
        yield shim
    finally:
        server.close()
        shim.hear()
        shim.cut()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await server.wait_closed()
