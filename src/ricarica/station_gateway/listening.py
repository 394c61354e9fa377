"""Listening sockets that let many in at a time."""

import asyncio
import os
import socket
from collections.abc import Callable
from functools import partial

_BACKLOG = 4_096  # after an outage all stations come back within seconds
# In one turn of the event loop. uvloop accepts one connection for each file that listens; while
# a turn takes some milliseconds, the others would wait where no admission control sees them.
ACCEPTED_AT_ONCE = 32


async def listeners(
    factory: Callable[[], asyncio.Protocol], host: str, port: int
) -> tuple[list[asyncio.Server], int]:
    """Several that share one port, and this port, which is any that is free for port 0."""
    create = partial(asyncio.get_running_loop().create_server, factory, backlog=_BACKLOG)
    first = await create(host, port)
    bound: int = first.sockets[0].getsockname()[1]
    copies = [
        socket.socket(fileno=os.dup(each.fileno()))
        for each in first.sockets
        for _ in range(ACCEPTED_AT_ONCE - 1)
    ]
    return [first, *[await create(sock=copy) for copy in copies]], bound
