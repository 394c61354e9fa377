"""What nobody needs of the files any more goes, aside from what stations wait for.

The folder may be another machine's, which does not answer for a while: no batch waits for it.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from ricarica.access.model import system_actor
from ricarica.diagnostics.model import LogRequest
from ricarica.diagnostics.sql import LOGS
from ricarica.engine.core import Engine
from ricarica.engine.files import Files
from ricarica.engine.timers import take_turn
from ricarica.firmware.sql import IMAGES
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.slices import Slices
from ricarica.storage.files import Folder

SWEEP = "sweep_files"  # by one process at a time
SWEEP_EVERY = timedelta(hours=1)
LOOK_EVERY = timedelta(seconds=30)
UNFINISHED_FOR = timedelta(hours=1)  # without a byte: nobody sends that slowly
# What is older had its row once, in this database or in another: whoever begins with an empty one,
# or with that of last week, keeps his files.
UNNAMED_FOR = timedelta(days=2)
ASKED_AT_ONCE = 500  # names in one query

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
    for folder, names in ((files.images, IMAGES.c.id), (files.logs, LOGS.c.file)):
        await folder.sweep(now - UNFINISHED_FOR)
        await _sweep_unnamed(engine, folder, names, now)
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


async def _sweep_unnamed(
    engine: Engine, folder: Folder, names: sa.Column[str], now: datetime
) -> None:
    """Files whose rows were not kept, though nobody could know when it was tried."""
    found = await folder.written(now - UNNAMED_FOR, now - UNFINISHED_FOR)
    for at in range(0, len(found), ASKED_AT_ONCE):
        some = found[at : at + ASKED_AT_ONCE]
        rows = await engine.database.fetch(sa.select(names).where(names.in_(some)))
        for name in set(some).difference(name for (name,) in rows):
            log.warning("files.unnamed", name=name)
            await folder.delete(name)
