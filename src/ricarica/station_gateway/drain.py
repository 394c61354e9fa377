"""Going away in good order: finish what is being decided, then send the stations off."""

import asyncio
from collections.abc import Sequence

from ricarica.station_gateway.connection import Connection
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.timers import pause
from ricarica.station_gateway.websocket import CloseCode


async def drain(connections: Sequence[Connection], surroundings: Surroundings) -> None:
    """Close with 1012, in batches and in no order: all at once they would come back at once."""
    await _settle(connections, surroundings.limits.drain_s)
    leaving = list(connections)
    surroundings.rng.shuffle(leaving)
    size = surroundings.limits.drain_batch
    for start in range(0, len(leaving), size):
        if start:
            gap_s = surroundings.limits.drain_pause_s * surroundings.rng.uniform(0.5, 1.5)
            await pause(surroundings.timers, surroundings.clock.monotonic() + gap_s)
        for connection in leaving[start : start + size]:
            connection.close(CloseCode.SERVICE_RESTART, "the server restarts")


async def _settle(connections: Sequence[Connection], within_s: float) -> None:
    for connection in connections:
        connection.take_no_more()
    try:
        async with asyncio.timeout(within_s), asyncio.TaskGroup() as group:
            for connection in connections:
                group.create_task(connection.settled())
    except TimeoutError:
        return  # what has no answer by now is repeated by its station
