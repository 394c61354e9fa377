"""A commit's rows, sorted into runs that one statement each can write."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from ricarica.kernel.errors import InvalidError
from ricarica.storage.database import Add, AddAll, Row, Run, Save, Staged

ColumnProcessor = Callable[[Sequence[Any]], Any]
"""Turns the values of a whole column into what one database's statements take."""


class Kind(Enum):
    """What a statement does with its rows."""

    ADD = "add"
    ADD_IF_NEW = "add if new"
    FIRST = "first version"
    NEXT = "next version"
    STAYING = "next version, nothing but moving columns changed"


# Of these every row must take effect, or another writer was faster.
VERSIONED = frozenset({Kind.FIRST, Kind.NEXT, Kind.STAYING})
REPLACING = frozenset({Kind.NEXT, Kind.STAYING})

MOVING = "moving"
"""In a table's `info`: the names of the columns that differ from one version to nearly every next.

Without it, all those are that no index knows. A statement that names no others writes less.
"""


@dataclass(frozen=True, slots=True)
class RowRun:
    """Rows of one table that one statement writes, in the order in which they were staged."""

    table: sa.Table
    kind: Kind
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A run whose values are as the driver wants them, for each of `written_columns`."""

    table: sa.Table
    kind: Kind
    size: int
    columns: list[Any]


def row_runs(staged: Iterable[Staged]) -> list[RowRun]:
    """Group by table, then cut where the kind changes or a version of a row in hand returns."""
    tables: dict[sa.Table, list[RowRun]] = {}
    for item in staged:
        if isinstance(item, Run):
            continue
        runs = tables.get(item.table)
        if runs is None:
            runs = tables[item.table] = []
        kind = _kind(item)
        if not runs or runs[-1].kind is not kind:
            runs.append(RowRun(item.table, kind, []))
        if isinstance(item, AddAll):
            runs[-1].rows.extend(item.rows)
        else:
            runs[-1].rows.append(item.row)
    return [cut for runs in tables.values() for run in runs for cut in _cut(run)]


def statements(staged: Iterable[Staged]) -> list[sa.sql.dml.UpdateBase]:
    return [item.statement for item in staged if isinstance(item, Run)]


@dataclass(frozen=True, slots=True)
class _Column:
    place: int  # in the table, and so in each row
    name: str
    processor: ColumnProcessor | None


class Loader:
    """Turns Python values into what one database takes, column by column."""

    def __init__(
        self,
        processor_for: Callable[[TypeEngine[Any]], ColumnProcessor | None],
        nothing: ColumnProcessor = lambda values: values,
    ) -> None:
        self._processor_for = processor_for
        self._nothing = nothing  # for a column without any value, which many are
        self._columns: dict[tuple[sa.Table, Kind], list[_Column]] = {}

    def load(self, run: RowRun) -> Loaded:
        """
        Raises:
            InvalidError: a value cannot be stored in its column.
        """
        table = run.table
        if set(map(len, run.rows)) != {len(table.columns)}:
            raise InvalidError(f"a row of {table.name} has {len(table.columns)} columns")
        values = list(zip(*run.rows, strict=True))
        loaded = [self._loaded(table, column, values[column.place]) for column in self._of(run)]
        return Loaded(table, run.kind, len(run.rows), loaded)

    def _loaded(self, table: sa.Table, column: _Column, values: Sequence[Any]) -> Any:
        if column.processor is None:
            return values
        if values[0] is None and all(value is None for value in values):
            return self._nothing(values)  # (to count them would compare every Decimal to None)
        try:
            return column.processor(values)
        except (ValueError, TypeError, ArithmeticError, AttributeError) as error:
            name = f"{table.name}.{column.name}"
            raise InvalidError(f"{name} cannot hold a value: {error}") from error

    def _of(self, run: RowRun) -> list[_Column]:
        key = (run.table, run.kind)
        if key not in self._columns:
            written = {column.name for column in written_columns(*key)}
            self._columns[key] = [
                _Column(place, column.name, self._processor_for(column.type))
                for place, column in enumerate(run.table.columns)
                if column.name in written
            ]
        return self._columns[key]


def indexed_columns(table: sa.Table) -> frozenset[str]:
    """The columns of its key and its indexes, and those that an index's condition names."""
    columns = set(table.primary_key.columns.keys())
    for index in table.indexes:
        columns |= set(index.columns.keys())
        for condition in index.dialect_kwargs.values():
            columns |= set(re.findall(r"\w+", str(condition)))
    return frozenset(columns) & frozenset(table.columns.keys())


def resting_columns(table: sa.Table) -> frozenset[str]:
    """Those in which most new versions of a row are as the one before; the key never changes."""
    indexed = indexed_columns(table)
    if MOVING not in table.info:
        return indexed
    moving = frozenset(table.info[MOVING]) | {table.columns.keys()[-1]}
    assert not moving & indexed, "an index has to know of every change"
    return frozenset(table.columns.keys()) - moving


def written_columns(table: sa.Table, kind: Kind) -> list[sa.Column[Any]]:
    """What a run's statement names, in the table's order; a row's key always."""
    resting = resting_columns(table) if kind is Kind.STAYING else frozenset()
    return [column for column in table.columns if column.primary_key or column.name not in resting]


def _kind(item: Add | AddAll | Save) -> Kind:
    if not isinstance(item, Save):
        return Kind.ADD_IF_NEW if item.if_new else Kind.ADD
    if item.row[-1] == 1:
        return Kind.FIRST
    return Kind.STAYING if item.stays else Kind.NEXT


def _cut(run: RowRun) -> Iterator[RowRun]:
    """What replaces rows cannot replace one twice."""
    width = len(run.table.primary_key.columns)  # the key's columns come first
    keys = {row[:width] for row in run.rows} if run.kind in REPLACING else ()
    if run.kind not in REPLACING or len(keys) == len(run.rows):
        yield run
    else:
        yield from (RowRun(run.table, run.kind, apart) for apart in _apart(run.rows, width))


def _apart(rows: Iterable[Row], width: int) -> Iterator[list[Row]]:
    """Cut before each row whose key is there already."""
    pending: dict[Row, Row] = {}
    for row in rows:
        if row[:width] in pending:
            yield list(pending.values())
            pending = {}
        pending[row[:width]] = row
    yield list(pending.values())
