"""Reading the log of messages for screens."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES, PUT_ASIDE, UPKEEP
from ricarica.engine.upkeep import Standing, standing_from
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Page, Wanted

RECENT = 1_000  # messages that are looked through for the actions that occur


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """None: any. Times are from `since`, and before `until`."""

    action: str | None = None
    from_station: bool | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None  # in the request or its answer


ANY = MessageFilter()


@dataclass(frozen=True, slots=True)
class LoggedMessage:
    """A CALL, and what it led to. `action` is empty for what never became a message."""

    id: int
    at: datetime
    from_station: bool
    message_id: str
    action: str
    request: str
    response: str | None
    outcome: str
    duration_ms: int
    flags: tuple[str, ...]


class MessageQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, station: StationKey, which: MessageFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[LoggedMessage]:
        """The latest first."""
        query = sa.select(*MESSAGES.c[2:]).where(*_of(station), *_wheres(which))
        if wanted.after:
            query = query.where(MESSAGES.c.id < _place(wanted.after))
        # The one more tells whether there is a next page.
        ordered = query.order_by(MESSAGES.c.id.desc()).limit(wanted.rows + 1)
        found = [_read(row) for row in await self._database.fetch(ordered)]
        shown = tuple(found[: wanted.rows])
        return Page(shown, str(shown[-1].id) if len(found) > len(shown) else None)

    async def mended(self, station: StationKey, since: datetime) -> dict[str, int]:
        """How often each flag was set, the most frequent first."""
        query = (
            sa.select(MESSAGES.c.flags, sa.func.count())
            .where(*_of(station), MESSAGES.c.flags != "", MESSAGES.c.at >= since)
            .group_by(MESSAGES.c.flags)
        )
        counts: Counter[str] = Counter()
        for flags, count in await self._database.fetch(query):
            for flag in filter(None, flags.split(",")):
                counts[flag] += count
        return dict(counts.most_common())

    async def latest(self, station: StationKey) -> int | None:
        """The number of the latest message; it grows with each."""
        latest = sa.func.max(MESSAGES.c.id)
        [(number,)] = await self._database.fetch(sa.select(latest).where(*_of(station)))
        return None if number is None else int(number)

    async def actions(self, station: StationKey) -> tuple[str, ...]:
        """Those of the last messages, by name."""
        recent = (
            sa.select(MESSAGES.c.action)
            .where(*_of(station))
            .order_by(MESSAGES.c.id.desc())
            .limit(RECENT)
            .subquery()
        )
        query = sa.select(recent.c.action).distinct().order_by(recent.c.action)
        return tuple(action for (action,) in await self._database.fetch(query) if action)


@dataclass(frozen=True, slots=True)
class AsideMessage:
    """What a station told that has had no effect yet. `why`: what went wrong."""

    id: int
    station: StationKey
    at: datetime
    action: str
    payload: str
    why: str


class AsideQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, tenant: TenantId, station: StationId | None = None, wanted: Wanted = FIRST
    ) -> Page[AsideMessage]:
        """The oldest first."""
        columns = PUT_ASIDE.c
        query = sa.select(PUT_ASIDE).where(columns.tenant == tenant)
        if station is not None:
            query = query.where(columns.station == station)
        if wanted.after:
            query = query.where(columns.id > _place(wanted.after))
        rows = await self._database.fetch(query.order_by(columns.id).limit(wanted.rows + 1))
        found = [_aside(row) for row in rows]
        shown = tuple(found[: wanted.rows])
        return Page(shown, str(shown[-1].id) if len(found) > len(shown) else None)

    async def by_id(self, tenant: TenantId, number: int) -> AsideMessage | None:
        columns = PUT_ASIDE.c
        query = sa.select(PUT_ASIDE).where(columns.tenant == tenant, columns.id == number)
        rows = await self._database.fetch(query)
        return _aside(rows[0]) if rows else None


class UpkeepQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def standings(self, station: StationKey) -> list[Standing]:
        """How near a station is to what is wanted of it, by kind."""
        columns = UPKEEP.c
        query = sa.select(UPKEEP).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        rows = await self._database.fetch(query.order_by(columns.kind))
        return [standing_from(row[:-1]) for row in rows]


def _aside(row: Row) -> AsideMessage:
    tenant, station, number, at, action, payload, why = row
    return AsideMessage(number, StationKey(tenant, station), at, action, payload, why)


def _of(station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return (MESSAGES.c.tenant == station.tenant, MESSAGES.c.station == station.station)


def _wheres(which: MessageFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = MESSAGES.c
    if which.action is not None:
        yield columns.action == which.action
    if which.from_station is not None:
        yield columns.from_station.is_(which.from_station)
    if which.outcome is not None:
        yield columns.outcome == which.outcome
    if which.since is not None:
        yield columns.at >= which.since
    if which.until is not None:
        yield columns.at < which.until
    if which.text:
        text = which.text.strip().lower()
        yield sa.or_(
            sa.func.lower(columns.request).contains(text, autoescape=True),
            sa.func.lower(columns.response).contains(text, autoescape=True),
        )


def _read(row: Row) -> LoggedMessage:
    number, at, from_station, name, action, request, response, outcome, took_ms, flags = row
    return LoggedMessage(
        number,
        at,
        from_station,
        name,
        action,
        request,
        response,
        outcome,
        took_ms,
        tuple(filter(None, flags.split(","))),
    )


def _place(after: str) -> int:
    if not after.isascii() or not after.isdigit() or len(after) > 19:
        raise InvalidError("`after` is the `next` of an earlier page, as it was given")
    return int(after)
