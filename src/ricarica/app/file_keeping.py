"""What nobody needs of the files any more goes, aside from what stations wait for.

The folder may be another machine's, which does not answer for a while: no batch waits for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from ricarica.access.model import system_actor
from ricarica.diagnostics.model import LogRequest
from ricarica.engine.core import Engine
from ricarica.engine.files import Files
from ricarica.engine.timers import take_turn
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.slices import Slices

SWEEP = "sweep_files"  # by one process at a time
SWEEP_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=30)
UNFINISHED_FOR = timedelta(hours=1)  # without a byte: nobody sends that slowly

log = structlog.get_logger("ricarica.files")


async def keep_files(engine: Engine, clock: Clock) -> None:
    """Until cancelled. Any number of processes may do so: they take turns."""
    while True:
        await asyncio.sleep(LOOK_EVERY.total_seconds())
        try:
            await sweep_in_turn(engine, clock)
        except (RicaricaError, RuntimeError, OSError) as error:
            # A disk that fails, or a statement, must not cost the stations their sockets.
            log.warning("files.not_swept", error=str(error))


async def sweep_in_turn(engine: Engine, clock: Clock) -> bool:
    """Whether it was this process's turn. The next one is due as late as if it died over it."""
    files, now = engine.files.now, clock.now()
    if files is None or not await take_turn(engine.database, SWEEP, now, SWEEP_EVERY):
        return False
    await _throw_away(engine, files, now)
    for folder in (files.images, files.logs):
        await folder.sweep(now - UNFINISHED_FOR)
    return True


async def _throw_away(engine: Engine, files: Files, now: datetime) -> None:
    """Logs that are too old: first their file, so that none is left without a row."""
    before, actor = now - files.limits.logs_kept, system_actor()

    async def look(slices: Slices) -> Sequence[LogRequest]:
        return await slices.diagnostics.outdated(before)

    async def discard(slices: Slices) -> None:
        for request in outdated:
            await slices.diagnostics.discard(request.station, request.number, slices.now)

    while outdated := await engine.carry_out(actor, look):
        for request in outdated:
            if request.file is not None:
                await files.logs.delete(request.file)
        await engine.carry_out(actor, discard)
