"""Strangers take all sockets that the process may have; who was in before charges on."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.e2e.drills.charging import charging, more_acks
from tests.e2e.drills.drill import Record, drill
from tests.e2e.drills.forked import Plight, soon

pytestmark = pytest.mark.slow
FILES_MAX = 80  # a server with ten stations has about 50
STRANGERS = 120
NEWCOMERS = frozenset({"NEW-0001", "NEW-0002"})


@asynccontextmanager
async def strangers(port: int) -> AsyncIterator[list[socket.socket]]:
    """They connect and say nothing."""
    with contextlib.ExitStack() as undo:
        sockets = []
        for _ in range(STRANGERS):
            stranger = undo.enter_context(socket.socket())
            stranger.setblocking(False)
            stranger.connect_ex(("127.0.0.1", port))
            sockets.append(stranger)
        yield sockets


def is_cut_off(stranger: socket.socket) -> bool:
    try:
        return stranger.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


async def test_who_is_in_charges_on_while_nobody_else_gets_in(
    tmp_path: Path, record_property: Record
) -> None:
    url = f"sqlite:///{tmp_path}/ricarica.db"
    plight = Plight(files_max=FILES_MAX)
    async with drill(url, tmp_path, record_property, plight=plight, apart=NEWCOMERS) as held:
        await held.charge()
        connections = sum(client.connections for client in held.fleet.clients)
        async with strangers(held.server.config.station_port) as sockets:
            # Sooner than any would be for its silence.
            await soon(lambda: any(map(is_cut_off, sockets)), lambda: "all were taken in", 8)
            held.figures["meanwhile_s"] = round(await more_acks(held.fleet, 30), 1)
            await asyncio.sleep(1)
        assert sum(client.connections for client in held.fleet.clients) == connections
        await held.recovers()
        async with charging(held.server.url, stations=2, prefix="NEW") as newcomers:
            await more_acks(newcomers, 2)
        await held.is_ready(200)
