"""A database on PostgreSQL, shared by any number of nodes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar, cast

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool, QueuePool
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import greenlet_spawn

from ricarica.kernel.errors import (
    ConflictError,
    FencedError,
    InvalidError,
    LostUpdateError,
    StorageUnavailableError,
)
from ricarica.storage import columns
from ricarica.storage.arrays import array_literal, no_values
from ricarica.storage.bulk import (
    VERSIONED,
    ColumnProcessor,
    Kind,
    Loaded,
    Loader,
    RowRun,
    row_runs,
    statements,
)
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.postgres_sql import (
    DIALECT,
    MIXTURES_MAX,
    WHAT_WENT_WRONG,
    Expected,
    Part,
    are_apart,
    mismatches,
    run_sql,
    whole_commit,
)
from ricarica.storage.prepared import PreparedQueries, Query

T = TypeVar("T")

DRIVER = "postgresql+asyncpg://"
Mixture = tuple[tuple[Part, ...], Expected | None]

CONNECTIONS = 4  # that read, beside the one that writes; many nodes share the server's hundred
CONNECTIONS_EXTRA = 5  # for a burst of pages
CONNECT_TIMEOUT_S = 5.0  # an unreachable server must not hold a batch for long
COMMAND_TIMEOUT_S = 30.0  # longer than any commit or page needs; a station waits about as long

# A lock that is not to be had at once is asked for again later; a page or a backup may hold it.
MIGRATION_ATTEMPTS = 120
MIGRATION_PAUSE_S = 1.0

SERVER_SETTINGS = {
    "application_name": "ricarica",
    "synchronous_commit": "on",  # whatever the server's default: an answer follows the commit
    "jit": "off",  # our queries are short; compiling them takes longer
}

WRITER_SETTINGS = {
    # A batch's statements are few and the same every time: to plan costs more than to run them.
    "plan_cache_mode": "force_generic_plan",
    # Who is suspended or cut off in a commit holds its rows, and others wait for them: in ms.
    "idle_in_transaction_session_timeout": "5000",
}

# The connection is gone, or in a state that nobody knows; InternalClientError is what asyncpg
# raises when the server's goodbye and our next command cross.
LOST = (asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)

# SQLSTATE classes and codes, PostgreSQL manual appendix A.
UNAVAILABLE = (
    "08",  # connection exception
    "25006",  # read-only: a standby, or a server that was told so
    "25P03",  # we were silent in a transaction for too long
    "28",  # we are not let in
    "3D000",  # no such database
    "53",  # out of disk, memory or connections
    "57",  # cancelled, shutting down, starting up
    "58",  # input/output error
    "XX00",  # corrupted
)
OUTRUN = ("40001", "40P01")  # serialisation failure, deadlock: deciding again is the remedy
LOCK_HELD = "55P03"
REPEATED = "23505"
UNFIT = ("22", "23", "54")  # the value, the constraint, the size of a key


class LockHeldError(StorageUnavailableError):
    """Someone else holds a lock for longer than everybody should wait behind us."""


class PostgresDatabase:
    """`Database` on PostgreSQL. `url` is `postgresql://user:password@host:port/name`."""

    def __init__(self, url: str, metadata: sa.MetaData = columns.metadata) -> None:
        self.url = url
        self._metadata = metadata
        self._loader = Loader(_literal_for, lambda values: no_values(len(values)))
        self._sql: dict[tuple[sa.Table, Kind], str] = {}
        self._mixtures: set[Mixture] = set()
        self.prepared = PreparedQueries(DIALECT)
        self._engine = _engine(url, SERVER_SETTINGS)
        # Who writes need not wait for those who read.
        self._writing = _engine(url, SERVER_SETTINGS | WRITER_SETTINGS, size=1)

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        runs = row_runs(staged)
        loaded = [self._loader.load(run) for run in runs]
        others = statements(staged)
        if not others and self._is_one(runs, expected):
            async with _lent(self._writing) as driver:
                await _commit_at_once(driver, loaded, expected)
            return
        if not others:
            async with _lent(self._writing) as driver, driver.transaction():
                await _check(driver, expected)
                await self._write_all(driver, loaded)
            return
        async with _connected(self._writing) as connection:
            driver = await _driver(connection)
            async with driver.transaction():
                await _check(driver, expected)
                await self._write_all(driver, loaded)
                for statement in others:
                    await connection.execute(statement)

    async def fetch(self, query: Query, values: Mapping[str, Any] | None = None) -> list[Row]:
        if values is None:
            async with _connected(self._engine) as connection:
                return [tuple(row) for row in await connection.execute(query)]
        prepared = self.prepared.of(query)
        async with _lent(self._engine) as driver:
            found = await driver.fetch(prepared.sql, *prepared.arguments(values))
        return prepared.rows(map(tuple, found))

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        async with _connected(self._engine) as connection:
            return [tuple(row) for row in await connection.execute(change)]

    async def migrate(self) -> None:
        from ricarica.storage.migrations import upgrade

        for _ in range(MIGRATION_ATTEMPTS - 1):
            try:
                return await self.change_schema(upgrade)
            except LockHeldError:
                await asyncio.sleep(MIGRATION_PAUSE_S)
        return await self.change_schema(upgrade)

    async def create_all(self) -> None:
        """Make all tables at once, for tests."""
        await self.change_schema(self._metadata.create_all)

    async def run_sync(self, work: Callable[[sa.Connection], T]) -> T:
        """Look at the database through a plain connection, e.g. to compare schemas."""
        async with _connected(self._engine) as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        await self._engine.dispose()
        await self._writing.dispose()

    def _is_one(self, runs: Sequence[RowRun], expected: Expect | None) -> bool:
        """Whether one statement can do it all, and is worth to be kept."""
        if not runs or not are_apart(runs):
            return False
        mixture = (_parts(runs), _expectation(expected))
        if mixture not in self._mixtures and len(self._mixtures) < MIXTURES_MAX:
            self._mixtures.add(mixture)
        return mixture in self._mixtures

    async def _write_all(
        self, driver: "asyncpg.Connection[asyncpg.Record]", runs: Sequence[Loaded]
    ) -> None:
        for run in runs:
            await self._write(driver, run)

    async def _write(self, driver: "asyncpg.Connection[asyncpg.Record]", run: Loaded) -> None:
        status = await driver.execute(self._statement(run), *run.columns)
        # "INSERT 0 3" or "UPDATE 3"
        if run.kind in VERSIONED and int(status.rsplit(" ", 1)[1]) != run.size:
            raise LostUpdateError(f"{run.table.name}: another writer was faster")

    def _statement(self, run: Loaded) -> str:
        place = (run.table, run.kind)
        if place not in self._sql:
            self._sql[place] = run_sql(run.table, run.kind)
        return self._sql[place]

    async def change_schema(self, change: Callable[[sa.Connection], T]) -> T:
        # Filling an index can take longer than any command of the daily business.
        connect = partial(
            asyncpg.connect,
            self.url,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"application_name": "ricarica", "timezone": "UTC"},
        )
        engine = create_async_engine(DRIVER, async_creator=connect, poolclass=NullPool)
        try:
            async with our_errors(), engine.connect() as connection:
                changed = await connection.run_sync(change)
                await connection.commit()
                return changed
        finally:
            await engine.dispose()


@asynccontextmanager
async def _connected(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with our_errors(), engine.connect() as connection:
        try:
            yield connection
        except LOST:
            await connection.invalidate()
            raise


@asynccontextmanager
async def _lent(engine: AsyncEngine) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection without SQLAlchemy's own, whose making costs more than a small query."""
    async with our_errors():
        lent = await engine.raw_connection()
        try:
            yield cast("asyncpg.Connection[asyncpg.Record]", lent.driver_connection)
        except LOST:
            lent.invalidate()
            raise
        finally:
            if cast("QueuePool", engine.pool).overflow() > 0:
                # The pool may want to close it, which waits, and so cannot be called from here.
                await greenlet_spawn(lent.close)
            else:
                lent.close()


def _engine(url: str, settings: dict[str, str], size: int = CONNECTIONS) -> AsyncEngine:
    connect = partial(
        asyncpg.connect,
        url,
        timeout=CONNECT_TIMEOUT_S,
        command_timeout=COMMAND_TIMEOUT_S,
        server_settings=settings,
    )
    engine = create_async_engine(
        DRIVER,
        async_creator=connect,
        # We write BEGIN and COMMIT ourselves, so that a read is one message and one answer.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        hide_parameters=True,  # errors go to the log, tokens and digests do not
        json_deserializer=msgspec.json.decode,
        pool_size=size,
        max_overflow=CONNECTIONS_EXTRA,
        pool_timeout=COMMAND_TIMEOUT_S,
    )
    sa.event.listen(engine.sync_engine, "checkout", _refuse_closed)
    sa.event.listen(engine.sync_engine, "checkout", _plan_anew)
    return engine


def _refuse_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """The pool then opens another. No ping is needed: asyncpg itself notices a lost server."""
    if connection.driver_connection.is_closed():
        raise sa.exc.DisconnectionError


def _plan_anew(connection: Any, record: Any, _proxy: Any) -> None:
    """Now and then, for what was planned when a table was small is kept while it grows.

    All indexes begin with the tenant, and of a few rows it is as good a key as any other: such a
    plan looks at all rows of a tenant for each one that is wanted.
    """
    record.info["uses"] = uses = record.info.get("uses", 0) + 1
    if uses & (uses - 1) == 0:  # the 1st, 2nd, 4th, 8th … time
        connection.run_async(lambda driver: driver.execute("DISCARD PLANS"))


async def _driver(connection: AsyncConnection) -> "asyncpg.Connection[asyncpg.Record]":
    raw = await connection.get_raw_connection()
    return cast("asyncpg.Connection[asyncpg.Record]", raw.driver_connection)


def _parts(runs: Sequence[RowRun | Loaded]) -> tuple[Part, ...]:
    return tuple(Part(run.table, run.kind) for run in runs)


def _expectation(expected: Expect | None) -> Expected | None:
    return Expected(expected.table, expected.column) if expected and expected.rows else None


async def _commit_at_once(
    driver: "asyncpg.Connection[asyncpg.Record]", runs: Sequence[Loaded], expected: Expect | None
) -> None:
    values = [column for run in runs for column in run.columns]
    sizes = [run.size for run in runs if run.kind in VERSIONED]
    expectation = _expectation(expected)
    given = _columns_of(expected) if expected and expectation else []
    try:
        await driver.execute(whole_commit(_parts(runs), expectation), *values, *sizes, *given)
    except asyncpg.InvalidTextRepresentationError as error:
        found = WHAT_WENT_WRONG.search(str(error))
        if found is None:
            raise
        if found["fenced"]:
            await _check(driver, expected)  # whose rows these are
        place = found["table"] or "what was expected"
        raise LostUpdateError(f"{place}: another writer was faster") from error


def _columns_of(expected: Expect) -> list[list[Any]]:
    return [list(values) for values in zip(*expected.rows, strict=True)]


async def _check(driver: "asyncpg.Connection[asyncpg.Record]", expected: Expect | None) -> None:
    if expected is None or not expected.rows:
        return
    query = mismatches(expected.table, expected.column)
    missed = await driver.fetch(query, *_columns_of(expected))
    if missed:
        keys = [tuple(row) for row in missed]
        raise FencedError(f"{expected.table.name}: somebody else has taken over", keys)


def _literal_for(kind: TypeEngine[Any]) -> ColumnProcessor:
    return array_literal(kind, DIALECT)


@asynccontextmanager
async def our_errors() -> AsyncIterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _ours(error.orig.__cause__ if error.orig else error) from error
    except AsyncAdapt_asyncpg_dbapi.Error as error:  # of a connection that was lent and not made
        raise _ours(error.__cause__) from error
    except sa.exc.TimeoutError as error:
        raise StorageUnavailableError("all connections to PostgreSQL are busy") from error
    except (asyncpg.PostgresError, *LOST) as error:
        raise _ours(error) from error


def _ours(error: BaseException | None) -> Exception:
    state = str(getattr(error, "sqlstate", None) or "")
    if isinstance(error, asyncpg.DataError) or state.startswith(UNFIT):
        repeated = state == REPEATED
        return ConflictError(str(error)) if repeated else InvalidError(str(error))
    if state in OUTRUN:
        return LostUpdateError(f"another writer stood in the way: {error}")
    if state == LOCK_HELD:
        return LockHeldError(f"a lock is held for too long: {error}")
    if isinstance(error, LOST) or state.startswith(UNAVAILABLE):
        return StorageUnavailableError(f"PostgreSQL cannot be used now: {error!r}")
    return RuntimeError(f"a statement of ours is wrong: {error}")
