"""A commit's rows, sorted into runs that one statement each can write."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from ricarica.kernel.errors import InvalidError
from ricarica.storage.database import Add, Row, Run, Save, Staged

ColumnProcessor = Callable[[Sequence[Any]], Any]
"""Turns the values of a whole column into what one database's statements take."""


class Kind(Enum):
    """What a statement does with its rows."""

    ADD = "add"
    ADD_IF_NEW = "add if new"
    FIRST = "first version"
    NEXT = "next version"
    STAYING = "next version, all indexes as they were"


# Of these every row must take effect, or another writer was faster.
VERSIONED = frozenset({Kind.FIRST, Kind.NEXT, Kind.STAYING})
REPLACING = frozenset({Kind.NEXT, Kind.STAYING})


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
    size: int
    columns: list[Any]


def row_runs(staged: Iterable[Staged]) -> list[RowRun]:
    """Group by table, then cut where the kind changes or a version of a row in hand returns."""
    tables: dict[sa.Table, list[Add | Save]] = {}
    for item in staged:
        if not isinstance(item, Run):
            tables.setdefault(item.table, []).append(item)
    return [run for table, items in tables.items() for run in _cut(table, items)]


def statements(staged: Iterable[Staged]) -> list[sa.sql.dml.UpdateBase]:
    return [item.statement for item in staged if isinstance(item, Run)]


class Loader:
    """Turns Python values into what one database takes, column by column."""

    def __init__(
        self,
        processor_for: Callable[[TypeEngine[Any]], ColumnProcessor | None],
        nothing: ColumnProcessor = lambda values: values,
    ) -> None:
        self._processor_for = processor_for
        self._nothing = nothing  # for a column without any value, which many are
        self._processors: dict[sa.Table, list[ColumnProcessor | None]] = {}

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
            self._processed(values, processor, f"{run.table.name}.{name}") if processor else values
            for values, processor, name in zip(columns, processors, names, strict=True)
        ]
        return Loaded(run.table, run.kind, len(run.rows), loaded)

    def _processed(self, values: Sequence[Any], processor: ColumnProcessor, column: str) -> Any:
        if values.count(None) == len(values):
            return self._nothing(values)
        try:
            return processor(values)
        except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
            raise InvalidError(f"{column} cannot hold a value: {error}") from error

    def _of(self, table: sa.Table) -> list[ColumnProcessor | None]:
        if table not in self._processors:
            self._processors[table] = [self._processor_for(column.type) for column in table.columns]
        return self._processors[table]


def indexed_columns(table: sa.Table) -> frozenset[str]:
    """The columns of its key and its indexes, and those that an index's condition names."""
    columns = set(table.primary_key.columns.keys())
    for index in table.indexes:
        columns |= set(index.columns.keys())
        for condition in index.dialect_kwargs.values():
            columns |= set(re.findall(r"\w+", str(condition)))
    return frozenset(columns) & frozenset(table.columns.keys())


def fixed_columns(table: sa.Table, kind: Kind) -> frozenset[str]:
    """The columns that a run of a `REPLACING` kind leaves as they are."""
    is_staying = kind is Kind.STAYING
    return indexed_columns(table) if is_staying else frozenset(table.primary_key.columns.keys())


def _kind(item: Add | Save) -> Kind:
    if isinstance(item, Add):
        return Kind.ADD_IF_NEW if item.if_new else Kind.ADD
    if item.row[-1] == 1:
        return Kind.FIRST
    return Kind.STAYING if item.stays else Kind.NEXT


def _cut(table: sa.Table, items: Iterable[Add | Save]) -> Iterator[RowRun]:
    width = len(table.primary_key.columns)  # the key's columns come first
    for kind, alike in groupby(items, _kind):
        rows = [item.row for item in alike]
        if kind in REPLACING and len({row[:width] for row in rows}) < len(rows):
            yield from (RowRun(table, kind, apart) for apart in _apart(rows, width))
        else:
            yield RowRun(table, kind, rows)


def _apart(rows: Iterable[Row], width: int) -> Iterator[list[Row]]:
    """Cut before each row whose key is there already."""
    pending: dict[Row, Row] = {}
    for row in rows:
        if row[:width] in pending:
            yield list(pending.values())
            pending = {}
        pending[row[:width]] = row
    yield list(pending.values())
