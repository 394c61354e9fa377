"""Who is alone on a database of PostgreSQL holds a lock there, as long as its connection lasts."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg
import structlog

from ricarica.kernel.errors import ConflictError, RicaricaError
from ricarica.storage.postgres import CONNECT_TIMEOUT_S, PostgresDatabase, our_errors

SEED = int.from_bytes(b"ricarica")
LOCK = f"hashtextextended(current_schema(), {SEED})"  # of a database, which may have several
PATIENCE_S = 40.0  # with the one before, which drains, or whose machine has died
PAUSE_S = 0.5

SETTINGS = {
    "application_name": "ricarica alone",
    # A machine that died says no goodbye: PostgreSQL lets go of its lock after half a minute.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "4",
}

log = structlog.get_logger("ricarica.storage")


@asynccontextmanager
async def sole_server(database: PostgresDatabase) -> AsyncIterator[None]:
    """No other may begin meanwhile, neither alone nor as one of many.

    Raises:
        ConflictError: another one serves on this database, and did not end in time.
    """
    hold = _Hold(database.url)
    await _once(hold.take)
    keeping = asyncio.create_task(hold.keep())
    try:
        yield
    finally:
        keeping.cancel()
        await hold.let_go()


async def no_sole_server(database: PostgresDatabase) -> None:
    """
    Raises:
        ConflictError: somebody serves on this database who takes himself for the only one.
    """

    async def is_free() -> bool:
        async with our_errors():
            connection = await _connect(database.url)
            try:
                return bool(
                    await connection.fetchval(f"SELECT pg_try_advisory_lock_shared({LOCK})")
                )
            finally:
                await connection.close()

    await _once(is_free)


class _Hold:
    """The lock, taken again whenever its connection was lost."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._lost = asyncio.Event()

    async def take(self) -> bool:
        async with our_errors():
            connection = await _connect(self._url)
            try:
                has = bool(await connection.fetchval(f"SELECT pg_try_advisory_lock({LOCK})"))
            except BaseException:
                connection.terminate()
                raise
            if not has:
                await connection.close()
                return False
        self._lost.clear()
        connection.add_termination_listener(lambda _: self._lost.set())
        self._connection = connection
        return True

    async def keep(self) -> None:
        """Until cancelled. Who charges here goes on, even when another server was faster."""
        told = False
        while True:
            await self._lost.wait()
            with suppress(RicaricaError):  # while the database is away, nobody gets it
                if await self.take():
                    told = False
                    continue
                if not told:
                    log.error("database.another_server", why=OTHERS)
                told = True
            await asyncio.sleep(PAUSE_S)

    async def let_go(self) -> None:
        if self._connection:
            self._connection.terminate()


OTHERS = (
    "another server without nats_url serves on this database. Stop it, or give all of them the "
    "same nats_url, which makes them a cluster"
)


async def _once(free: Callable[[], Awaitable[bool]]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE_S
    told = False
    while not await free():
        if loop.time() > deadline:
            raise ConflictError(OTHERS)
        if not told:
            log.warning("database.waiting", why=OTHERS, up_to_s=PATIENCE_S)
        told = True
        await asyncio.sleep(PAUSE_S)


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(url, timeout=CONNECT_TIMEOUT_S, server_settings=SETTINGS)
