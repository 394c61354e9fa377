"""A commit's rows, sorted into runs that one statement each can write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from ricarica.kernel.errors import InvalidError
from ricarica.storage.database import Add, Row, Run, Save, Staged


class Kind(Enum):
    """What a statement does with its rows."""

    ADD = "add"
    ADD_IF_NEW = "add if new"
    FIRST = "first version"
    NEXT = "next version"


# Of these every row must take effect, or another writer was faster.
VERSIONED = frozenset({Kind.FIRST, Kind.NEXT})


@dataclass(frozen=True, slots=True)
class RowRun:
    """Rows of one table that one statement writes, in the order in which they were staged."""

    table: sa.Table
    kind: Kind
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run whose values are as the driver wants them, column by column."""

    table: sa.Table
    kind: Kind
    columns: list[Sequence[Any]]

    @property
    def size(self) -> int:
        return len(self.columns[0])


def row_runs(staged: Iterable[Staged]) -> list[RowRun]:
    """Group by table, then cut where the kind changes or a version of a row in hand returns."""
    tables: dict[sa.Table, list[tuple[Kind, Row]]] = {}
    for item in staged:
        if not isinstance(item, Run):
            tables.setdefault(item.table, []).append((_kind(item), item.row))
    return [run for table, rows in tables.items() for run in _cut(table, rows)]


def statements(staged: Iterable[Staged]) -> list[sa.sql.dml.UpdateBase]:
    return [item.statement for item in staged if isinstance(item, Run)]


class Loader:
    """Turns Python values into what one dialect's driver takes."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._processors: dict[sa.Table, list[Callable[[Any], Any] | None]] = {}

    def load(self, run: RowRun) -> Loaded:
        """
        Raises:
            InvalidError: a value cannot be stored in its column.
        """
        processors = self._of(run.table)
        try:
            columns = list(zip(*run.rows, strict=True))
        except ValueError as error:
            raise InvalidError(f"rows of {run.table.name} differ in length") from error
        if len(columns) != len(processors):
            raise InvalidError(f"{run.table.name} has {len(processors)} columns")
        names = run.table.columns.keys()
        loaded = [
            _processed(values, processor, f"{run.table.name}.{name}") if processor else values
            for values, processor, name in zip(columns, processors, names, strict=True)
        ]
        return Loaded(run.table, run.kind, loaded)

    def _of(self, table: sa.Table) -> list[Callable[[Any], Any] | None]:
        if table not in self._processors:
            self._processors[table] = [
                column.type.dialect_impl(self._dialect).bind_processor(self._dialect)
                for column in table.columns
            ]
        return self._processors[table]


def _kind(item: Add | Save) -> Kind:
    if isinstance(item, Add):
        return Kind.ADD_IF_NEW if item.if_new else Kind.ADD
    return Kind.FIRST if item.row[-1] == 1 else Kind.NEXT


def _cut(table: sa.Table, rows: list[tuple[Kind, Row]]) -> Iterator[RowRun]:
    width = len(table.primary_key.columns)  # the key's columns come first
    kind, pending, seen = rows[0][0], list[Row](), set[Row]()
    for next_kind, row in rows:
        key = row[:width] if next_kind is Kind.NEXT else ()
        if next_kind is not kind or (key and key in seen):
            yield RowRun(table, kind, pending)
            kind, pending, seen = next_kind, [], set()
        pending.append(row)
        if key:
            seen.add(key)
    yield RowRun(table, kind, pending)


def _processed(
    values: Sequence[Any], processor: Callable[[Any], Any], column: str
) -> Sequence[Any]:
    try:
        return [processor(value) for value in values]
    except (ValueError, TypeError, ArithmeticError) as error:
        raise InvalidError(f"{column} cannot hold a value: {error}") from error
