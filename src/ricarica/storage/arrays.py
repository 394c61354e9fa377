"""Whole columns as PostgreSQL reads an array in text.

The driver encodes an array value by value, and takes five times as long: a number of our `Exact`
costs it 1.5 µs, an instant 1 µs. Instants travel as microseconds, for reading a date costs the
server more than counting from one.
"""

from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeEngine

from ricarica.storage import columns as c

Literal = Callable[[Sequence[Any]], str]

SECOND = 1_000_000  # microseconds

NUMBERS: dict[type[TypeEngine[Any]], Callable[[Sequence[Any]], Sequence[int | None]]] = {
    c.Instant: c.all_microseconds,
    c.Integer: c.all_whole,
    c.Boolean: c.all_bits,
}
"""What travels as whole numbers."""


def array_literal(kind: TypeEngine[Any], dialect: Dialect) -> Literal:
    """What turns a column of this kind into the text of an array."""
    if convert := NUMBERS.get(type(kind)):
        return lambda values: _plain(convert(values))
    if isinstance(kind, c.Text):
        return lambda values: _quoted(c.all_storable(values))
    if isinstance(kind, c.Blob):
        return lambda values: _quoted([None if v is None else f"\\x{v.hex()}" for v in values])
    processor = kind.dialect_impl(dialect).bind_processor(dialect)
    assert processor is not None, "all our own kinds of columns have one"
    one = processor
    if isinstance(kind, c.Exact):
        return lambda values: _plain([one(value) for value in values])
    return lambda values: _quoted([one(value) for value in values])


def no_values(number: int) -> str:
    return f"{{{','.join(['NULL'] * number)}}}"


def rows_from(
    columns: Sequence[sa.Column[Any]],
    dialect: Dialect,
    quote: Callable[[str], str],
    first_place: int = 1,
) -> str:
    """The rows that the statement's places hold, one place for each column."""
    names = [quote(column.name) for column in columns]
    # In a list of results the arrays are walked along together; in a FROM each would be laid
    # down as a table of its own first.
    arrays = (
        f"unnest(${place}::text::{_type(column, dialect)}[]) AS {name}"
        for (place, column), name in zip(enumerate(columns, first_place), names, strict=True)
    )
    values = (_value(column.type, name) for column, name in zip(columns, names, strict=True))
    given = f"(SELECT {', '.join(arrays)}) AS given"
    return f"(SELECT {', '.join(values)} FROM {given}) AS new_row"  # noqa: S608 - as above


def _type(column: sa.Column[Any], dialect: Dialect) -> str:
    if isinstance(column.type, c.Instant):
        return "bigint"
    if isinstance(column.type, c.Boolean):
        return "integer"
    return dialect.type_compiler_instance.process(column.type)


def _value(kind: TypeEngine[Any], name: str) -> str:
    if isinstance(kind, c.Boolean):
        return f"{name} = 1 AS {name}"
    if not isinstance(kind, c.Instant):
        return name
    # In two parts, for an interval is multiplied in floating point: each product is exact.
    return (
        f"'epoch'::timestamptz + {name} / {SECOND} * '1 second'::interval"
        f" + {name} % {SECOND} * '1 microsecond'::interval AS {name}"
    )


def _plain(values: Sequence[object]) -> str:
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


def _quoted(values: Sequence[str | None]) -> str:
    """Escaped all at once. No value has a NUL in it, so what begins with one is ours."""
    text = "\0S".join(["\0N" if value is None else value for value in values])
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0S", '","')
    return f'{{"{escaped}"}}'.replace('"\0N"', "NULL")
