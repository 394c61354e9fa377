"""What was typed into a form, as values. Whatever it is, at worst InvalidError comes of it."""

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, TypeVar
from zoneinfo import ZoneInfo

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import SiteId, StationId

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

Form = Mapping[str, str]

TYPED_IN = "typed_in"  # the field that says in which language a form was shown
GROUPING_MARKS = {"en": ",", "it": r"\."}
AS_SHOWN = "shown."  # before the name of a field: what its page showed

WHOLE_MAX = 2**63 - 1  # what the database can hold; ids of alerts come near it
COUNT_MAX = 999_999  # stations, minutes, percent, numbers of EVSEs: none is ever larger
NUMBER_MAX = Decimal(10) ** 9  # watts, watt-hours, amounts of money: none is ever larger
TYPED_MAX = 30  # characters of a number
SHOWN = 20  # characters of what was typed, in a complaint
YEARS = range(2000, 2201)  # beyond them arithmetic with days may end


def text_in(form: Form, name: str) -> str | None:
    return form.get(name, "").strip() or None


def merged(form: Form, now: Form) -> Form:
    """What was typed, over what is there now: a field that is as its page showed it says nothing.

    A page may be hours old when its form is sent; only what somebody changed in it is meant.
    """
    shown = shown_in(form)
    current = {name: now.get(name, "") for name in shown if form.get(name, "") == shown[name]}
    return {**form, **current, **{AS_SHOWN + name: text for name, text in current.items()}}


def shown_in(form: Form) -> Form:
    """By field, what the page of a form showed in it."""
    return {name.removeprefix(AS_SHOWN): form[name] for name in form if name.startswith(AS_SHOWN)}


def fields_of(view: "DataclassInstance") -> dict[str, str]:
    """What a form sends when nobody touches it."""
    values = {each.name: getattr(view, each.name) for each in fields(view)}
    ticked = {name: "true" for name, value in values.items() if value is True}
    return ticked | {name: value for name, value in values.items() if isinstance(value, str)}


def if_other(wanted: T, known: T) -> T | None:
    """None, where nothing is to be written."""
    return None if wanted == known else wanted


def names_in(form: Form, name: str) -> tuple[str, ...]:
    """With blanks or commas between them, each once."""
    return tuple(dict.fromkeys(form.get(name, "").replace(",", " ").split()))


def digits_in(text: str) -> int | None:
    """A whole number from 0; None for anything else."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(WHOLE_MAX))
    return int(text) if is_number and int(text) <= WHOLE_MAX else None


def decimal_in(text: str) -> Decimal | None:
    """With a point or a comma before the decimals; None for what is no number."""
    if len(text) > TYPED_MAX or "e" in text.lower():  # nobody types 1e-9999, and it fills a page
        return None
    try:
        number = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_grouped(form: Form, name: str) -> bool:
    """Whether it may be meant as thousands: 11,000 on an English page, 11.000 on an Italian one.

    We take either mark for that of the decimals; there it would make 11 of it. 0,350 is none.
    """
    mark = GROUPING_MARKS.get(form.get(TYPED_IN, ""))
    typed = form.get(name, "").strip()
    return mark is not None and bool(re.fullmatch(rf"[-+]?[1-9]\d*({mark}\d{{3}})+", typed))


def count_in(form: Form, name: str, *, least: int = 1, most: int = COUNT_MAX) -> int | None:
    """None: nothing was typed."""
    typed = text_in(form, name)
    if typed is None:
        return None
    count = digits_in(typed)
    if count is None or not least <= count <= most:
        raise InvalidError(f"{_shown(name)}: {typed[:SHOWN]!r} is no number from {least} to {most}")
    return count


def needed_count_in(form: Form, name: str, *, least: int = 1, most: int = COUNT_MAX) -> int:
    count = count_in(form, name, least=least, most=most)
    if count is None:
        raise InvalidError(f"{_shown(name)}: give a number")
    return count


def number_in(form: Form, name: str, *, least: Decimal = -NUMBER_MAX) -> Decimal | None:
    """None: nothing was typed."""
    typed = text_in(form, name)
    if typed is None:
        return None
    if is_grouped(form, name):
        raise InvalidError(
            f"{_shown(name)}: {typed[:SHOWN]!r} is unclear; write thousands without a mark"
        )
    number = decimal_in(typed)
    if number is None:
        raise InvalidError(f"{_shown(name)}: {typed[:SHOWN]!r} is no number")
    if not least <= number <= NUMBER_MAX:
        raise InvalidError(f"{_shown(name)}: {typed} is more, or less, than there can be")
    return number


def needed_number_in(form: Form, name: str) -> Decimal:
    number = number_in(form, name)
    if number is None:
        raise InvalidError(f"{_shown(name)}: give a number")
    return number


def time_in(form: Form, name: str) -> time | None:
    typed = text_in(form, name)
    if typed is None:
        return None
    try:
        return time.fromisoformat(typed)
    except ValueError as error:
        raise InvalidError(f"{_shown(name)}: {typed[:SHOWN]!r} is no time of day") from error


def instant_in(form: Form, name: str, zone: str, known: datetime | None = None) -> datetime | None:
    """As a `datetime-local` field writes it.

    Such a field knows neither seconds nor which of two equal hours is meant in autumn: `known`
    is what was shown in it, and is meant by whoever left it so.
    """
    typed = text_in(form, name)
    if typed is None:
        return None
    if known is not None and typed == shown_instant(known, zone):
        return known
    try:
        at = datetime.fromisoformat(typed).replace(tzinfo=ZoneInfo(zone))
    except ValueError as error:
        raise InvalidError(f"{_shown(name)}: {typed[:SHOWN]!r} is no date and time") from error
    if at.year not in YEARS:
        raise InvalidError(f"{_shown(name)}: {typed[:SHOWN]} is too long ago, or too far ahead")
    return at


def shown_instant(at: datetime | None, zone: str) -> str:
    """As a `datetime-local` field wants it."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%dT%H:%M}" if at else ""


def place_in(form: Form) -> tuple[SiteId | None, StationId | None]:
    site, station = text_in(form, "site"), text_in(form, "station")
    return SiteId(site) if site else None, StationId(station) if station else None


def _shown(name: str) -> str:
    return name.replace("_", " ")
