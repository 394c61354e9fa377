"""A database in one file, or in memory for tests.

One thread writes and a few read, each with its own connection, so that the event loop does not
wait for the disk and readers see the last commit while the next one is being written. What is
looked up by a prepared query, as messages do it, the event loop reads itself: that takes a tenth
of the way to a thread and back. If a disk makes it wait, the threads do that too.
"""

import asyncio
import resource
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import dialect as pysqlite_dialect
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.types import TypeEngine

from ricarica.kernel.errors import (
    ConflictError,
    FencedError,
    InvalidError,
    LostUpdateError,
    StorageUnavailableError,
)
from ricarica.storage import columns
from ricarica.storage.bulk import (
    REPLACING,
    VERSIONED,
    ColumnProcessor,
    Kind,
    Loaded,
    Loader,
    row_runs,
    statements,
    written_columns,
)
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.prepared import Prepared, PreparedQueries, Query

T = TypeVar("T")

READERS = 4  # as many pages as one operator's browser asks for at once
BUSY_TIMEOUT_S = 5.0  # another process (a backup, the command line) may be writing
CACHED_STATEMENTS = 512  # a few per table and kind
# Of pages, all connections together. Two thirds are the writer's, for its keys are spread over all
# stations and come again; readers have what has reached the file without a copy.
CACHE_MB = 96

DISK_S = 0.02  # who waits for the disk for so long has to leave that to a thread
SLOW_DISK_S = 10.0  # for so long
OURS = getattr(resource, "RUSAGE_THREAD", resource.RUSAGE_SELF)  # only Linux tells threads apart

PRAGMAS = (
    "journal_mode = WAL",  # readers and the writer do not wait for each other
    "synchronous = FULL",  # a commit is on the disk when it returns; NORMAL could lose the last
    "mmap_size = 268435456",  # 256 MiB read without a copy
    "temp_store = MEMORY",
    "wal_autocheckpoint = 4000",  # pages, 16 MiB: a checkpoint delays the commit that makes it
    "journal_size_limit = 67108864",  # 64 MiB: give space back after a long reader
)

UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)
DIALECT = pysqlite_dialect()
PREPARED = PreparedQueries(DIALECT)
REPEATED = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})


@dataclass(frozen=True, slots=True)
class Manner:
    """How a connection goes about it."""

    busy_timeout_s: float
    cache_kb: int
    read_only: bool = False


class SqliteDatabase:
    """`Database` on SQLite. `path` is a file, or ":memory:"."""

    def __init__(
        self,
        path: Path | str,
        metadata: sa.MetaData = columns.metadata,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        cache_mb: int = CACHE_MB,
    ) -> None:
        self._path = str(path)
        self._metadata = metadata
        self._loader = Loader(column_processor)
        self._sql: dict[tuple[sa.Table, Kind], str] = {}
        self.prepared = PREPARED
        self._writer = ThreadPoolExecutor(1, "sqlite-writer")
        writing = Manner(busy_timeout_s, cache_mb * 1024 * 2 // 3)
        reading = Manner(busy_timeout_s, cache_mb * 1024 // 3 // READERS, read_only=True)
        self._write_engine = _engine(self._path, writing)
        self._writing: sa.Connection | None = None
        # What is in memory belongs to one connection, which then serves both ends.
        self._in_memory = self._path == ":memory:"
        self._readers = ThreadPoolExecutor(READERS, "sqlite-reader")
        self._read_engine = self._write_engine if self._in_memory else _engine(self._path, reading)
        self._looking: sqlite3.Connection | None = None  # the event loop's own
        self._impatient = replace(reading, busy_timeout_s=0.0)
        self._slow_until = 0.0

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        await self._in(self._writer, partial(self._commit, staged, expected))

    async def fetch(self, query: Query, values: Mapping[str, Any] | None = None) -> list[Row]:
        if values is None:
            return await self._in(self._readers, partial(self._fetch, query))
        prepared = self.prepared.of(query)
        if not self._in_memory and time.monotonic() >= self._slow_until:
            with suppress(sqlite3.Error):  # a thread may wait for a lock, and says what is wrong
                return self._look_up_here(prepared, values)
            self._stop_looking()
        return await self._in(self._readers, partial(self._look_up, prepared, values))

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        return await self._in(self._writer, partial(self._take, change))

    async def migrate(self) -> None:
        from ricarica.storage.migrations import upgrade

        await self.change_schema(upgrade)

    async def create_all(self) -> None:
        """Make all tables at once, for tests."""
        await self.change_schema(self._metadata.create_all)

    async def change_schema(self, change: Callable[[sa.Connection], T]) -> T:
        return await self._in(self._writer, partial(self._change_schema, change))

    async def run_sync(self, work: Callable[[sa.Connection], T]) -> T:
        """Look at the database through a plain connection, e.g. to compare schemas."""
        return await self._in(self._writer, lambda: work(self._connection()))

    async def close(self) -> None:
        self._stop_looking()
        if not self._in_memory:
            await self._in(self._readers, self._read_engine.dispose)
            await asyncio.to_thread(self._readers.shutdown)
        await self._in(self._writer, self._close_writer)
        await asyncio.to_thread(self._writer.shutdown)

    # -- in the writer's thread

    def _commit(self, staged: Sequence[Staged], expected: Expect | None) -> None:
        loaded = [self._loader.load(run) for run in row_runs(staged)]
        with _our_errors(), self._transaction() as connection:
            driver = _driver(connection)
            if expected:
                _check(driver, expected)
            for run in loaded:
                self._write(driver, run)
            for statement in statements(staged):
                connection.execute(statement)

    def _take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        with _our_errors(), self._transaction() as connection:
            return [tuple(row) for row in connection.execute(change)]

    def _write(self, driver: sqlite3.Connection, run: Loaded) -> None:
        cursor = driver.executemany(self._statement(run), zip(*run.columns, strict=True))
        if run.kind in VERSIONED and cursor.rowcount != run.size:
            raise LostUpdateError(f"{run.table.name}: another writer was faster")

    def _statement(self, run: Loaded) -> str:
        place = (run.table, run.kind)
        if place not in self._sql:
            self._sql[place] = _sql(run.table, run.kind)
        return self._sql[place]

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        connection = self._connection()
        driver = _driver(connection)
        # IMMEDIATE takes the write lock at once: upgrading a read lock later can only fail.
        driver.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            if driver.in_transaction:
                driver.execute("COMMIT")
        except BaseException as error:
            if driver.in_transaction:
                driver.execute("ROLLBACK")
            self._mistrust(error)
            raise

    def _mistrust(self, error: BaseException) -> None:
        """After a failing disk only a new connection sees the file as it is."""
        broken = isinstance(error, sqlite3.OperationalError | sa.exc.OperationalError)
        if broken and not self._in_memory:
            self._close_writer()

    def _change_schema(self, change: Callable[[sa.Connection], T]) -> T:
        with _our_errors(), self._transaction() as connection:
            return change(connection)

    def _connection(self) -> sa.Connection:
        if self._writing is None:
            with _our_errors():
                self._writing = self._write_engine.connect()
        return self._writing

    def _close_writer(self) -> None:
        if self._writing is not None:
            self._writing.close()
            self._writing = None
        self._write_engine.dispose()

    # -- in the event loop's thread

    def _look_up_here(self, prepared: Prepared, values: Mapping[str, Any]) -> list[Row]:
        begun, read = time.monotonic(), _blocks_read()
        if self._looking is None:
            self._looking = _open(self._path, self._impatient)
        rows = prepared.rows(self._looking.execute(prepared.sql, prepared.arguments(values)))
        ended = time.monotonic()
        # A machine that is busy with something else makes us wait too, but not for the disk.
        if ended - begun > DISK_S and _blocks_read() > read:
            self._slow_until = ended + SLOW_DISK_S
        return rows

    def _stop_looking(self) -> None:
        if self._looking is not None:
            self._looking.close()
            self._looking = None

    # -- in a reader's thread

    def _fetch(self, query: Query) -> list[Row]:
        with _our_errors(), self._read_engine.connect() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def _look_up(self, prepared: Prepared, values: Mapping[str, Any]) -> list[Row]:
        with _our_errors(), closing(self._read_engine.raw_connection()) as connection:
            driver = cast("sqlite3.Connection", connection.driver_connection)
            return prepared.rows(driver.execute(prepared.sql, prepared.arguments(values)))

    async def _in(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        if self._in_memory:
            return work()  # there is no disk to wait for
        return await asyncio.get_running_loop().run_in_executor(threads, work)


def _engine(path: str, manner: Manner) -> sa.Engine:
    in_memory = path == ":memory:"
    return sa.create_engine(
        "sqlite://",
        creator=partial(_open, path, manner),
        poolclass=QueuePool if manner.read_only else StaticPool,
        **({"pool_size": READERS, "max_overflow": 0} if manner.read_only else {}),
        # We write BEGIN and COMMIT ourselves; without them each query sees the last commit.
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=not in_memory,
        hide_parameters=True,  # errors go to the log, tokens and digests do not
    )


def _open(path: str, manner: Manner) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        timeout=manner.busy_timeout_s,
        isolation_level=None,
        check_same_thread=False,  # opened in one thread and closed, after it, from another
        cached_statements=CACHED_STATEMENTS,
    )
    try:
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(f"PRAGMA cache_size = {-manner.cache_kb}")
        if manner.read_only:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _blocks_read() -> int:
    """From the disk, by this thread, so far."""
    return resource.getrusage(OURS).ru_inblock


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


def _check(driver: sqlite3.Connection, expected: Expect) -> None:
    keys = [column.name for column in expected.table.primary_key]
    same = " AND ".join(f"{name} = ?" for name in (*keys, expected.column))
    query = f"SELECT 1 FROM {expected.table.name} WHERE {same}"  # noqa: S608 - our own names
    missed = [row[:-1] for row in expected.rows if not driver.execute(query, row).fetchone()]
    if missed:
        raise FencedError(f"{expected.table.name}: somebody else has taken over", missed)


def column_processor(kind: TypeEngine[Any]) -> ColumnProcessor | None:
    if isinstance(kind, columns.Instant):
        return columns.all_microseconds
    if isinstance(kind, columns.Exact):
        return partial(columns.all_units, scale=kind.scale)
    if isinstance(kind, columns.Integer):
        return columns.all_whole
    if isinstance(kind, columns.Boolean):
        return columns.all_bits
    if isinstance(kind, columns.Text):
        return columns.all_storable
    processor = kind.dialect_impl(DIALECT).bind_processor(DIALECT)
    return None if processor is None else lambda values: [processor(value) for value in values]


def _sql(table: sa.Table, kind: Kind) -> str:
    preparer = DIALECT.identifier_preparer
    name = preparer.format_table(table)
    columns = [preparer.quote(column.name) for column in written_columns(table, kind)]
    keys = [preparer.quote(column.name) for column in table.primary_key]
    if kind in REPLACING:
        # SQLite writes every index anew of which a column is named, changed or not.
        return _update(name, columns, keys)
    places = ", ".join("?" * len(columns))
    insert = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 - our own names, quoted
    return insert if kind is Kind.ADD else f"{insert} ON CONFLICT ({', '.join(keys)}) DO NOTHING"


def _update(name: str, columns: list[str], keys: list[str]) -> str:
    """Numbered places let a row be given as it is, its key and version used twice."""
    places = {column: f"?{place}" for place, column in enumerate(columns, 1)}
    version = columns[-1]
    changes = ", ".join(f"{column} = {places[column]}" for column in columns if column not in keys)
    same = " AND ".join(f"{key} = {places[key]}" for key in keys)
    return f"UPDATE {name} SET {changes} WHERE {same} AND {version} = {places[version]} - 1"  # noqa: S608 - our own names, quoted


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _ours(error.orig) from error
    except sqlite3.Error as error:
        raise _ours(error) from error


def _ours(error: BaseException | None) -> BaseException:
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in UNAVAILABLE:
        return StorageUnavailableError(f"SQLite cannot be used now: {error}")
    if code in REPEATED:
        return ConflictError(str(error))
    if isinstance(error, sqlite3.IntegrityError | sqlite3.DataError | sqlite3.InterfaceError):
        return InvalidError(str(error))
    return RuntimeError(f"a statement of ours is wrong: {error}")
