"""Which database a URL means."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeGuard, TypeVar

import sqlalchemy as sa

from ricarica.kernel.errors import InvalidError
from ricarica.storage import columns
from ricarica.storage.database import Database
from ricarica.storage.sqlite import CACHE_MB, SqliteDatabase

if TYPE_CHECKING:
    from ricarica.storage.postgres import PostgresDatabase

T = TypeVar("T")
CACHE_MB_MAX = 100_000


class OpenDatabase(Database, Protocol):
    """A `Database` of ours, with what tests and tools want besides."""

    async def create_all(self) -> None: ...

    async def change_schema(self, change: Callable[[sa.Connection], T]) -> T:
        """Carry out what changes tables, with a connection of its own where that matters."""
        ...

    async def run_sync(self, work: Callable[[sa.Connection], T]) -> T: ...


def open_database(url: str, metadata: sa.MetaData = columns.metadata) -> OpenDatabase:
    """`sqlite:///ricarica.db`, `sqlite:////var/lib/ricarica.db?cache_mb=16`, `sqlite:///:memory:`,
    or `postgresql://user:password@host:5432/ricarica`. Connects when first used.

    Raises:
        InvalidError: we know no such database.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise InvalidError("a database URL begins with sqlite:/// or postgresql://") from error
    if parsed.drivername == "sqlite":
        return SqliteDatabase(
            parsed.database or ":memory:",
            metadata,
            cache_mb=_cache_mb(parsed.query.get("cache_mb")),
        )
    if parsed.drivername in {"postgresql", "postgres"}:
        # With its driver it is a tenth of a start, which whoever is on SQLite can do without.
        from ricarica.storage.postgres import PostgresDatabase

        return PostgresDatabase(url, metadata)
    raise InvalidError(f"{parsed.drivername} is not a database we know: sqlite or postgresql is")


def is_postgresql(database: Database) -> "TypeGuard[PostgresDatabase]":
    """Whoever has one has loaded what it is made of."""
    loaded = sys.modules.get("ricarica.storage.postgres")
    return loaded is not None and isinstance(database, loaded.PostgresDatabase)


def _cache_mb(given: object) -> int:
    if given is None:
        return CACHE_MB
    if not isinstance(given, str) or not given.isdecimal() or not 0 < int(given) <= CACHE_MB_MAX:
        raise InvalidError(f"cache_mb is 1 to {CACHE_MB_MAX} megabytes")
    return int(given)
