"""How answers look: JSON with exact numbers, in pages where there are many."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar import Response
from litestar.di import NamedDependency
from litestar.params import PathParameter, QueryParameter
from litestar.serialization import default_serializer
from litestar.types import Serializer

from ricarica.kernel.errors import InvalidError
from ricarica.kernel.money import Money
from ricarica.storage.pages import ID_MAX, LIMIT_MAX, Wanted
from ricarica.storage.pages import Page as Rows

T = TypeVar("T")
S = TypeVar("S")

# Numbers as JSON numbers: exact in the text, and what programs expect to calculate with.
ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=default_serializer)


class JsonResponse(Response[T]):
    def render(
        self, content: Any, media_type: str, enc_hook: Serializer = default_serializer
    ) -> bytes:
        if media_type.startswith("application/json") and not isinstance(content, bytes):
            return ENCODER.encode(content)
        return super().render(content, media_type, enc_hook)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """`next` goes into `cursor` to get the page after this one; null: this is the last."""

    items: list[T]
    next: str | None


class Amount(msgspec.Struct, frozen=True):
    """Rounded to the currency's smallest unit."""

    amount: Decimal
    currency: str


Instant = Annotated[datetime, msgspec.Meta(tz=True)]  # one without an offset means nothing
ShortText = Annotated[str, msgspec.Meta(max_length=255)]
NumberInPath = Annotated[int, PathParameter(le=ID_MAX)]


def wanted(
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX, description="Items on a page.")] = 50,
    cursor: Annotated[
        str | None, QueryParameter(description="The `next` of the page before, to go on after it.")
    ] = None,
) -> Wanted:
    return Wanted(limit, cursor)


PageWanted = NamedDependency[Wanted]


def page_from(rows: Rows[S], item: Callable[[S], T]) -> Page[T]:
    return Page([item(each) for each in rows.items], rows.next)


def page_of(items: Iterable[T]) -> Page[T]:
    """All there are, where there are never many."""
    return Page(list(items), None)


def amount_from(amount: Decimal | None, currency: str | None) -> Amount | None:
    if amount is None or currency is None:
        return None
    rounded = Money(amount, currency).rounded()
    return Amount(rounded.amount, rounded.currency)


def plain(number: Decimal) -> Decimal:
    """Without zeros at its end, so that 1500.000 Wh are shown as 1500."""
    normal = number.normalize()
    return normal.quantize(Decimal(1)) if normal == normal.to_integral_value() else normal


def plain_or_none(number: Decimal | None) -> Decimal | None:
    return None if number is None else plain(number)


def zoned(**times: datetime | None) -> None:
    """For the times of an address, of which the framework forgets that they are instants.

    Raises:
        InvalidError: one of them has no offset.
    """
    for name, at in times.items():
        if at is not None and at.tzinfo is None:
            raise InvalidError(f"{name} is a time with a timezone, such as 2026-05-04T12:00:00Z")


def in_utc(at: datetime | None) -> datetime | None:
    try:
        return None if at is None else at.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError(f"{at} is before the first or after the last year there is") from error
