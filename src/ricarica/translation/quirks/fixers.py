"""What is done about a value that does not fit: small functions in a table, by what is expected."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import inspect

from ricarica.ocpp.payload import MOST_DIGITS
from ricarica.translation.quirks import known, times, words
from ricarica.translation.quirks.known import Quirk
from ricarica.translation.quirks.slots import Slot

NO_DEFAULT = msgspec.UNSET
BOOLEANS: Mapping[str, bool] = {"true": True, "1": True, "false": False, "0": False}

_WHOLE = re.compile(r"([+-]?\d{1,64})(?:\.0*)?")
_NUMBER = re.compile(r"[+-]?\d{1,64}(?:\.\d{1,64})?")


@dataclass(frozen=True, slots=True)
class Misfit:
    """A value that does not fit."""

    value: Any
    slot: Slot
    is_fact: bool
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Fixer:
    """`fix` gives what it makes of the value, or None: not its business."""

    quirk: Quirk
    fix: Callable[[Misfit], Any]


def _digits(misfit: Misfit) -> str | None:
    value = misfit.value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}" if -MOST_DIGITS < value.adjusted() < MOST_DIGITS else None
    return str(value) if isinstance(value, int) else None


def _whole_from_text(misfit: Misfit) -> int | None:
    text = misfit.value.strip() if isinstance(misfit.value, str) else ""
    found = _WHOLE.fullmatch(text)
    return int(found[1]) if found else None


def _whole_from_decimal(misfit: Misfit) -> int | None:
    value = misfit.value
    if not isinstance(value, Decimal) or value.adjusted() >= MOST_DIGITS:
        return None
    return int(value) if value == value.to_integral_value() else None


def _rounded(misfit: Misfit) -> int | None:
    text = str(misfit.value).strip()
    is_register = misfit.slot.place[1] in words.IN_WHOLE_WH
    return round(Decimal(text)) if is_register and _NUMBER.fullmatch(text) else None


def _boolean(misfit: Misfit) -> bool | None:
    return BOOLEANS.get(str(misfit.value).strip().lower())


def _spelt(misfit: Misfit) -> str | None:
    assert isinstance(misfit.slot.kind, inspect.EnumType), "its row of the table says so"
    return (
        words.spelt(misfit.slot.kind.cls, misfit.value) if isinstance(misfit.value, str) else None
    )


def _other_word(misfit: Misfit) -> str | None:
    is_a_word = isinstance(misfit.value, str) and misfit.value != ""
    return words.OTHERS.get(misfit.slot.place) if is_a_word else None


def _receipt_for_nothing(misfit: Misfit) -> str | None:
    is_due = misfit.slot.is_required and misfit.value == ""
    return _time_for(misfit.slot, misfit.received_at) if is_due else None


def _receipt(misfit: Misfit) -> str | None:
    """What is no fact has to look like a time at least."""
    is_due = misfit.is_fact or times.is_like_a_time(misfit.value)
    is_due = is_due and misfit.slot.is_required
    return _time_for(misfit.slot, misfit.received_at) if is_due else None


def _time_for(slot: Slot, received_at: datetime) -> str:
    """Ours. But what is known again by its time has the same one each time it is told: that of a
    clock that was never set, for which ours is taken when it is recorded."""
    return words.NEVER_SET if slot.place in words.KNOWN_BY_TIME else received_at.isoformat()


FIXERS: Mapping[type[inspect.Type], tuple[Fixer, ...]] = {
    inspect.StrType: (Fixer(known.NUMBER_FOR_TEXT, _digits),),
    inspect.IntType: (
        Fixer(known.TEXT_FOR_NUMBER, _whole_from_text),
        Fixer(known.DECIMAL_FOR_WHOLE, _whole_from_decimal),
        Fixer(known.FRACTION_OF_WH, _rounded),
    ),
    inspect.BoolType: (Fixer(known.TEXT_FOR_BOOLEAN, _boolean),),
    inspect.DateTimeType: (
        Fixer(known.TIME_WITHOUT_ZONE, lambda misfit: times.with_zone(misfit.value)),
        Fixer(known.ZONE_WITHOUT_MINUTES, lambda misfit: times.with_minutes_of_zone(misfit.value)),
        Fixer(known.TIME_FORMAT, lambda misfit: times.in_another_format(misfit.value)),
        Fixer(known.EMPTY_TIME, _receipt_for_nothing),
        Fixer(known.UNREADABLE_TIME, _receipt),
    ),
    inspect.EnumType: (
        Fixer(known.SPELLING, _spelt),
        Fixer(known.UNKNOWN_WORD, _other_word),
    ),
}


def default_for(slot: Slot, received_at: datetime) -> Any:
    """What a fact is taken to say where it says nothing; NO_DEFAULT: that cannot be known."""
    if isinstance(slot.kind, inspect.DateTimeType):
        return _time_for(slot, received_at)
    return words.DEFAULTS.get(slot.place, NO_DEFAULT)


def is_expendable(slot: Slot, value: Any) -> bool:
    """Whether any message may do without it: a time that no calendar has."""
    return isinstance(slot.kind, inspect.DateTimeType) and times.is_like_a_time(value)
