"""What the checks of a database have in common."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ricarica.cli.ports import Finding
from ricarica.storage.database import Database, Row

PAGE = 500  # rows read at once, with all that belongs to them
MOST = 100  # findings of one kind: who has more has one cause


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the rows alone do not say."""

    power_max_w: Decimal
    readings_since: datetime | None


def broken(invariant: str, row: str, text: str, remedy: str) -> Finding:
    return Finding(invariant, is_well=False, text=f"{row}: {text}", remedy=remedy, row=row)


def row_of(table: sa.Table, *key: object) -> str:
    """A row by the table's name and its key without the one tenant that most have."""
    words = [str(each) for each in key]
    return f"{table.name} {'/'.join(words[1:] if words[:1] == ['default'] else words)}"


async def pages(
    database: Database, table: sa.Table, *where: sa.ColumnElement[bool], width: int = PAGE
) -> AsyncIterator[list[Row]]:
    """All rows of a table in the order of its key, some at a time."""
    key = list(table.primary_key.columns)
    query = sa.select(table).where(*where).order_by(*key).limit(width)
    rows = await database.fetch(query)
    while rows:
        yield rows
        last = rows[-1][: len(key)]  # the key's columns come first
        rows = await database.fetch(query.where(after(key, last)))


def after(columns: Sequence[sa.Column[Any]], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    is_after: sa.ColumnElement[bool] = _row(columns) > _values(columns, values)
    return is_after


def between(
    columns: Sequence[sa.Column[Any]], first: Sequence[Any], last: Sequence[Any]
) -> sa.ColumnElement[bool]:
    of_row = _row(columns)
    return sa.and_(of_row >= _values(columns, first), of_row <= _values(columns, last))


def _row(columns: Sequence[sa.Column[Any]]) -> Any:
    return sa.tuple_(*columns)


def _values(columns: Sequence[sa.Column[Any]], values: Sequence[Any]) -> Any:
    return sa.tuple_(
        *(sa.literal(value, column.type) for column, value in zip(columns, values, strict=True))
    )
