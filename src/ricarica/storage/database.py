"""What the rest of us asks of a database: bulk writes in one commit, and reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy as sa

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Add:
    """Append a row. One whose key is taken fails the commit, or is passed over with `if_new`.

    `row` has a Python value for each column, in the table's order.
    """

    table: sa.Table
    row: Row
    if_new: bool = False


@dataclass(frozen=True, slots=True)
class Save:
    """Write a whole aggregate row, provided that nobody else did since it was read.

    The table's last column is `version`; `row` carries the new one, `version` is its last value.
    Version 1 inserts; version n replaces version n - 1 and nothing else.
    """

    table: sa.Table
    row: Row


@dataclass(frozen=True, slots=True)
class Run:
    """Any other statement, e.g. a delete by key or by age. Runs after all `Add` and `Save`."""

    statement: sa.sql.dml.UpdateBase


Staged = Add | Save | Run


class Database(Protocol):
    """Implementations: `SqliteDatabase`, `PostgresDatabase`."""

    async def commit(self, staged: Sequence[Staged]) -> None:
        """Write everything in one durable commit, with as few statements as possible.

        Rows of one table are written in the order given; tables in the order in which
        they first occur.

        Raises:
            LostUpdateError: a `Save` did not find the version it replaces. Nothing is written.
            ConflictError: an `Add` without `if_new` met its own key, or another unique
                constraint was broken. Nothing is written.
            StorageUnavailableError: nothing can be committed now. Nothing is written, or
                (when the connection broke during the commit itself) we cannot know.
        """
        ...

    async def fetch(self, query: sa.Select[Any] | sa.CompoundSelect[Any]) -> list[Row]:
        """All rows of a query, with Python values as the column types say.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        ...

    async def migrate(self) -> None:
        """Bring the schema up to date."""
        ...

    async def close(self) -> None: ...
