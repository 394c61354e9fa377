"""Lists page by page: each page says where the next one begins, whatever is added meanwhile."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from ricarica.kernel.errors import InvalidError
from ricarica.storage.columns import Integer
from ricarica.storage.database import Database, Row

T = TypeVar("T")

ID_MAX = 2**63 - 1  # of a number in the database
LIMIT_MAX = 500  # rows that a page of ours and a reader of it can still take


# What a place in a list can be made of: a cursor of somebody else's making is nothing else.
_Moment = Annotated[datetime, msgspec.Meta(tz=True)]
_Number = Annotated[int, msgspec.Meta(ge=0, le=ID_MAX)]
_Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00]*$")]


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next: str | None = None  # what to ask for to go on; None: this is the end


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page. `after` is the `next` of the one before; its content is nobody's business."""

    limit: int = 50
    after: str | None = None

    @property
    def rows(self) -> int:
        return min(max(self.limit, 1), LIMIT_MAX)


FIRST = Wanted()


@dataclass(frozen=True, slots=True)
class Order:
    """What a list is sorted by. `unique` tells rows with the same `by` apart."""

    by: sa.Column[Any]
    unique: sa.Column[Any]
    descending: bool = False
    is_time: bool = False

    def place(self, cursor: str) -> tuple[Any, str | int]:
        unique = _Number if isinstance(self.unique.type, Integer) else _Text
        kinds: Any = tuple[_Moment, unique] if self.is_time else tuple[_Text, unique]  # type: ignore[valid-type]  # chosen while it runs
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            place: tuple[Any, str | int] = msgspec.json.decode(
                base64.b64decode(padded, altchars=b"-_", validate=True), type=kinds
            )
        except (binascii.Error, ValueError) as error:
            raise InvalidError(
                "`after` is the `next` of an earlier page, as it was given"
            ) from error
        return place

    def cursor(self, row: Row) -> str:
        encoded = msgspec.json.encode(row[-2:])
        return base64.urlsafe_b64encode(encoded).rstrip(b"=").decode()

    def beyond(self, cursor: str) -> sa.ColumnElement[bool]:
        by, unique = self.place(cursor)
        columns = sa.tuple_(self.by, self.unique)
        place = sa.tuple_(sa.literal(by, self.by.type), sa.literal(unique, self.unique.type))
        return columns < place if self.descending else columns > place

    def clauses(self) -> tuple[sa.ColumnElement[Any], ...]:
        if self.descending:
            return (self.by.desc(), self.unique.desc())
        return (self.by.asc(), self.unique.asc())


async def page_of(
    database: Database,
    query: sa.Select[Any],
    order: Order,
    wanted: Wanted,
    read: Callable[[Row], T],
) -> Page[T]:
    """One page of a query, which has no order and no limit of its own.

    Raises:
        InvalidError: `wanted.after` is not a place in such a list.
    """
    if wanted.after:
        query = query.where(order.beyond(wanted.after))
    rows = await database.fetch(
        query.add_columns(order.by, order.unique)
        .order_by(*order.clauses())
        .limit(wanted.rows + 1)  # the one more tells whether there is a next page
    )
    shown = rows[: wanted.rows]
    following = order.cursor(shown[-1]) if len(rows) > len(shown) else None
    return Page(tuple(read(row[:-2]) for row in shown), following)


def id_in(text: str) -> int | None:
    """The number of a row; None for what can be none."""
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(ID_MAX))
    return int(text) if is_number and int(text) <= ID_MAX else None


def id_after(after: str) -> int:
    """Of lists that are in the order of their numbers."""
    id_ = id_in(after)
    if id_ is None:
        raise InvalidError("`after` is the `next` of an earlier page, as it was given")
    return id_
