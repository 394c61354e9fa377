"""Whether a value fits a member, as msgspec would say; and by how much more it may."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from enum import Enum
from functools import cache
from typing import Any

from msgspec import inspect

from ricarica.ocpp.payload import MOST_DIGITS
from ricarica.translation.quirks.times import is_time

TEXT_MAX = 255  # what is kept whole of a text that should be shorter; indexes take no more
TIMES_LONGER_MAX = 4  # of texts that may be longer than that anyway
# Our own numbers have 31 bits, but a station that lost one has sent any; it is only a name.
NAMES: frozenset[str] = frozenset({"transactionId"})

# By these nobody looks anything up.
FREE: frozenset[str] = frozenset({"techInfo", "fileName", "filename"})

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def longest(limit: int, member: str = "") -> int:
    """How long a text may be whose limit the protocol sets so."""
    is_short = limit <= TEXT_MAX and member not in FREE
    return TEXT_MAX if is_short else limit * TIMES_LONGER_MAX


def fits(kind: inspect.Type, value: Any) -> bool:
    """For whatever is neither an object of ours nor a list."""
    check = _CHECKS.get(type(kind))
    return check is None or check(kind, value)


def almost_fits(kind: inspect.Type, value: Any, member: str) -> bool:
    """Whether it is only too long."""
    match kind:
        case inspect.StrType(max_length=int(limit)):
            return is_clean(value) and len(value) <= longest(limit, member)
        case inspect.IntType():
            return member in NAMES and _is_within(value, -(10**MOST_DIGITS), 10**MOST_DIGITS)
        case _:
            return False


def is_clean(value: Any) -> bool:
    return isinstance(value, str) and not _CONTROLS.search(value)


def without_controls(text: str) -> str:
    return _CONTROLS.sub("", text)


def _is_text(kind: inspect.StrType, value: Any) -> bool:
    return is_clean(value) and (kind.max_length is None or len(value) <= kind.max_length)


def _is_within(value: Any, least: int | None, most: int | None) -> bool:
    if not isinstance(value, int) or isinstance(value, bool):
        return False
    return (least is None or value >= least) and (most is None or value <= most)


def _is_decimal(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return False
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    return number.is_finite() and -MOST_DIGITS < number.adjusted() < MOST_DIGITS


def _is_word(kind: inspect.EnumType, value: Any) -> bool:
    return isinstance(value, str) and value in _words(kind.cls)


@cache
def _words(enum: type[Enum]) -> frozenset[str]:
    return frozenset(word.value for word in enum)


_CHECKS: Mapping[type[inspect.Type], Callable[[Any, Any], bool]] = {
    inspect.StrType: _is_text,
    inspect.IntType: lambda kind, value: _is_within(value, kind.ge, kind.le),
    inspect.DecimalType: lambda _, value: _is_decimal(value),
    inspect.BoolType: lambda _, value: isinstance(value, bool),
    inspect.DateTimeType: lambda _, value: is_time(value),
    inspect.EnumType: _is_word,
    inspect.DictType: lambda _, value: isinstance(value, dict),
}
