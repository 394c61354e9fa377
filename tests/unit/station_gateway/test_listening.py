"""Whoever is not accepted waits where nobody sees it."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from socket import socket

import pytest
import uvloop

from ricarica.station_gateway.listening import ACCEPTED_AT_ONCE, listeners

CROWD = 8 * ACCEPTED_AT_ONCE
HOST = "127.0.0.1"


class Guests(asyncio.Protocol):
    def __init__(self, met: list[asyncio.BaseTransport]) -> None:
        self._met = met

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._met.append(transport)


async def turns_until_all_are_met() -> int:
    met: list[asyncio.BaseTransport] = []
    servers, port = await listeners(lambda: Guests(met), HOST, 0)
    turns = 0
    with ExitStack() as stack:
        for _ in range(CROWD):
            guest = stack.enter_context(socket())
            guest.setblocking(False)
            guest.connect_ex((HOST, port))
        async with asyncio.timeout(10):
            while len(met) < CROWD:
                await asyncio.sleep(0)
                turns += 1
        for server in servers:
            server.close()
    return turns


@pytest.mark.parametrize("run", [uvloop.run, asyncio.run], ids=["uvloop", "asyncio"])
def test_a_crowd_comes_in_by_many_in_each_turn_of_the_event_loop(
    run: Callable[[Coroutine[None, None, int]], int],
) -> None:
    assert run(turns_until_all_are_met()) <= 2 * CROWD // ACCEPTED_AT_ONCE


async def test_nobody_is_let_in_after_the_listeners_are_closed() -> None:
    met: list[asyncio.BaseTransport] = []
    servers, port = await listeners(lambda: Guests(met), HOST, 0)

    for server in servers:
        server.close()

    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(HOST, port)
