"""What a connection that says nothing costs."""

import asyncio
import gc
import socket
import tracemalloc
from contextlib import ExitStack

from ricarica.station_gateway.gateway import StationGateway
from ricarica.testing.gateway import ScriptedCore, soon

CONNECTIONS = 100
BYTES_MAX = 6 * 1024  # asyncio's own transport included; the limit to aim at is 15 KiB


def connected(port: int, number: int, sockets: ExitStack) -> None:
    client = sockets.enter_context(socket.create_connection(("127.0.0.1", port)))
    client.sendall(
        b"GET /CP%d HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Protocol: ocpp1.6\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n" % number
    )
    assert client.recv(1_000).startswith(b"HTTP/1.1 101")


async def test_an_idle_connection_is_small_and_has_no_task(
    port: int, gateway: StationGateway, core: ScriptedCore
) -> None:
    with ExitStack() as sockets:
        await asyncio.to_thread(connected, port, 0, sockets)  # what is made only once
        await core.until(lambda: len(core.opened) == 1)
        core.letters.clear()
        tasks = asyncio.all_tasks()
        tracemalloc.start()
        gc.collect()
        before, _ = tracemalloc.get_traced_memory()

        for number in range(1, CONNECTIONS + 1):
            await asyncio.to_thread(connected, port, number, sockets)
        await core.until(lambda: len(core.opened) == CONNECTIONS)
        core.knocks.clear()
        core.letters.clear()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()

        assert (after - before) / CONNECTIONS < BYTES_MAX
        assert asyncio.all_tasks() == tasks
        assert gateway.counts().connections == CONNECTIONS + 1
    await soon(gateway.stop())
