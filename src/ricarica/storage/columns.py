"""The kinds of columns there are, and the one collection of all tables.

A table names these and nothing else of SQLAlchemy's types, so that a value comes back from
either database as it went in.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal
from operator import index
from types import NoneType
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["Blob", "Boolean", "Exact", "Instant", "Integer", "Json", "Text", "metadata"]

# Constraints have foreseeable names, so that a migration can name the one it changes.
metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

Processor = Callable[[Any], Any]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
INTEGER_MAX = 2**63 - 1  # what both databases can hold
# Wide enough that nothing but the quantising itself ever rounds.
WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN)
NUMERIC_PRECISION = 30  # digits; leaves 24 before the point at our finest scale of 6
# An escaped NUL, but not an escaped backslash followed by "u0000".
ESCAPED_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


class Instant(TypeDecorator[datetime]):
    """An aware datetime, read back in UTC, to the microsecond.

    SQLite has no such type: there it is the number of microseconds since 1970.
    """

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Integer())
        return dialect.type_descriptor(sa.DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _microseconds if dialect.name == "sqlite" else _aware

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        return _instant if dialect.name == "sqlite" else None


class Exact(TypeDecorator[Decimal]):
    """A Decimal with `scale` digits after the point; what has more is rounded half to even.

    On SQLite it is an integer of units of 10^-scale, so that sums and comparisons are exact,
    and its magnitude ends at 9.2e18 units. Sums, differences, minima and maxima are Decimals
    again; multiply, divide and average in Python. In an expression give a number its type:
    `sa.func.coalesce(total, sa.literal(Decimal(0), column.type))`.
    """

    impl = sa.Numeric
    cache_ok = True

    def __init__(self, scale: int) -> None:
        super().__init__(precision=NUMERIC_PRECISION, scale=scale)
        self.scale = scale

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(sa.Integer())
        return dialect.type_descriptor(sa.Numeric(NUMERIC_PRECISION, self.scale))

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _units(self.scale) if dialect.name == "sqlite" else _quantised(self.scale)

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        return _decimal(self.scale) if dialect.name == "sqlite" else None


class Integer(TypeDecorator[int]):
    """A whole number of 64 bits. Sums are whole numbers too."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        # SQLite knows the row's own number only under the name INTEGER.
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.Integer() if is_sqlite else sa.BigInteger())

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _whole

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        # PostgreSQL's sum of BIGINT is NUMERIC.
        return None if dialect.name == "sqlite" else _integer


class Text(TypeDecorator[str]):
    """Text of any length, with U+FFFD where a station sent what no PostgreSQL text can hold."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _storable

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        return None


class Json(TypeDecorator[Any]):
    """Anything msgspec can encode, read back as dicts, lists, texts, numbers and None.

    None itself is stored as NULL. The order of an object's members is not kept.
    """

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        is_sqlite = dialect.name == "sqlite"
        return dialect.type_descriptor(sa.Text() if is_sqlite else postgresql.JSONB())

    def bind_processor(self, dialect: Dialect) -> Processor:
        return _json_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        # The connection to PostgreSQL has decoded it already.
        return _from_json if dialect.name == "sqlite" else None


class Blob(TypeDecorator[bytes]):
    """Bytes as they are."""

    impl = sa.LargeBinary
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Processor | None:
        return None

    def result_processor(self, dialect: Dialect, coltype: object) -> Processor | None:
        return None


Boolean = sa.Boolean


def _microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    return (value - EPOCH) // MICROSECOND  # a naive datetime raises TypeError here


def all_microseconds(values: Sequence[datetime | None]) -> Sequence[int | None]:
    """Rows of one message have the same instants, and mostly the very same objects."""
    last, number = None, None
    numbers = []
    for value in values:
        if value is not last:
            last, number = value, None if value is None else (value - EPOCH) // MICROSECOND
        numbers.append(number)
    return numbers


def _instant(value: int | None) -> datetime | None:
    return None if value is None else EPOCH + timedelta(microseconds=value)


def _aware(value: object) -> object:
    if value is None or (isinstance(value, datetime) and value.tzinfo is not None):
        return value
    raise TypeError("an instant is a datetime that knows its offset from UTC")


def _units(scale: int) -> Processor:
    factor = Decimal(10) ** scale

    def units(value: Decimal | int | None) -> int | None:
        if value is None:
            return None
        scaled = WIDE.multiply(value, factor)
        return _whole(int(scaled.to_integral_value(ROUND_HALF_EVEN)))

    return units


def all_units(values: Sequence[Decimal | int | None], scale: int) -> Sequence[int | None]:
    scaleb = WIDE.scaleb
    # To an integer, `round` goes half to even.
    return all_whole([None if v is None else round(scaleb(v, scale)) for v in values])


def _decimal(scale: int) -> Processor:
    def decimal(value: int | None) -> Decimal | None:
        return None if value is None else WIDE.scaleb(value, -scale)

    return decimal


def _quantised(scale: int) -> Processor:
    unit = Decimal(1).scaleb(-scale)

    def quantised(value: Decimal | int | None) -> Decimal | None:
        if value is None:
            return None
        rounded = WIDE.quantize(value, unit)
        if not rounded.is_finite():
            raise ValueError("not a number, and so nothing to be exact about")
        return rounded

    return quantised


def _whole(value: int | None) -> int | None:
    if value is not None and not -INTEGER_MAX <= value <= INTEGER_MAX:
        raise ValueError(f"{value} does not fit into 64 bits")
    return value


def all_whole(values: Sequence[int | None]) -> Sequence[int | None]:
    numbers = [value for value in values if value is not None]
    if numbers and (min(numbers) < -INTEGER_MAX or max(numbers) > INTEGER_MAX):
        raise ValueError("a number does not fit into 64 bits")
    if set(map(type, numbers)) <= {int}:
        return values
    # Members of enumerations: the driver is quick with plain numbers only.
    return [None if value is None else index(value) for value in values]


def all_bits(values: Sequence[bool | None]) -> Sequence[int | None]:
    if not set(map(type, values)) <= {bool, NoneType}:
        raise TypeError("true or false, and nothing else")
    return [None if value is None else int(value) for value in values]


def _integer(value: int | Decimal | None) -> int | None:
    return None if value is None else int(value)


def _storable(value: str | None) -> str | None:
    if value is None:
        return None
    if "\0" in value:
        value = value.replace("\0", "\ufffd")
    if value.isascii():
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def all_storable(values: Sequence[str | None]) -> Sequence[str | None]:
    text = "".join(filter(None, values))
    if not text.isascii() or "\0" in text:
        return [_storable(value) for value in values]
    if set(map(type, values)) <= {str, NoneType}:
        return values
    # Members of enumerations: the driver is quick with plain text only.
    return [None if value is None else str(value) for value in values]


def _json_text(value: object) -> str | None:
    if value is None:
        return None
    text = msgspec.json.encode(value).decode()
    return ESCAPED_NUL.sub("\\1\\\\ufffd", text) if "\\u0000" in text else text


def _from_json(value: str | None) -> object:
    return None if value is None else msgspec.json.decode(value)
