"""What the rest of us asks of a database: bulk writes in one commit, and reads."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa

Row = tuple[Any, ...]

# A message stages a dozen of these: structs are made in a tenth of a dataclass's time.


class Add(msgspec.Struct, frozen=True, gc=False):
    """Append a row. One whose key is taken fails the commit, or is passed over with `if_new`.

    `row` has a Python value for each column, in the table's order.
    """

    table: sa.Table
    row: Row
    if_new: bool = False


class AddAll(msgspec.Struct, frozen=True, gc=False):
    """As many of `Add`, to one table."""

    table: sa.Table
    rows: Sequence[Row]
    if_new: bool = False


class Save(msgspec.Struct, frozen=True, gc=False):
    """Write a whole aggregate row, provided that nobody else did since it was read.

    The table's last column is `version`; `row` carries the new one, `version` is its last value.
    Version 1 inserts; version n replaces version n - 1 and nothing else.

    `stays`: none but the table's moving columns differ from version n - 1, see `bulk.MOVING`.
    """

    table: sa.Table
    row: Row
    stays: bool = False


class Run(msgspec.Struct, frozen=True):
    """Any other statement, e.g. a delete by key or by age. Runs after all `Add` and `Save`."""

    statement: sa.sql.dml.UpdateBase


class Expect(msgspec.Struct, frozen=True):
    """What must still hold when a commit writes: these rows have these values in `column`.

    Each of `rows` gives the values of the table's primary key, and then that of the column.
    """

    table: sa.Table
    column: str
    rows: Sequence[Row]


Staged = Add | AddAll | Save | Run


class Database(Protocol):
    """Implementations: `SqliteDatabase`, `PostgresDatabase`."""

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        """Write everything in one durable commit, with as few statements as possible.

        Rows of one table are written in the order given; tables in the order in which
        they first occur.

        Raises:
            FencedError: not all is as `expected`; it names the keys. Nothing is written.
            LostUpdateError: a `Save` did not find the version it replaces. Nothing is written.
            ConflictError: an `Add` without `if_new` met its own key, or another unique
                constraint was broken. Nothing is written.
            StorageUnavailableError: nothing can be committed now. Nothing is written, or
                (when the connection broke during the commit itself) we cannot know.
        """
        ...

    async def fetch(
        self,
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        """All rows of a query, with Python values as the column types say.

        Given `values` for its `sa.bindparam`s, the query is one of a few that live as long as
        the program: it is compiled once, and costs a tenth of one that is made for the occasion.

        Raises:
            StorageUnavailableError: the database cannot be reached.
        """
        ...

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        """Carry out a change that returns the rows it made its own, in a commit of its own.

        Raises:
            StorageUnavailableError: nothing can be committed now.
        """
        ...

    async def migrate(self) -> None:
        """Bring the schema up to date."""
        ...

    async def close(self) -> None: ...
