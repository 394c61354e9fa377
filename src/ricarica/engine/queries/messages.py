"""Reading the log of messages for screens: of one station, and of all."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from ricarica.engine.sql import (
    MESSAGES,
)
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Page, Wanted, id_after

RECENT = 1_000  # messages that are looked through for the actions that occur
LOOK_BACK = tuple(timedelta(minutes=minutes) for minutes in (10, 120, 1_440, 14_400, 5_256_000))
_BY_STATION = STATIONS.join(
    MESSAGES,
    sa.and_(MESSAGES.c.tenant == STATIONS.c.tenant, MESSAGES.c.station == STATIONS.c.station),
)
SLACK = timedelta(minutes=5)  # a command is logged under its answer's number, by its own time


@dataclass(frozen=True, slots=True)
class MessageFilter:
    """None: any. Times are from `since`, and before `until`."""

    action: str | None = None
    from_station: bool | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None  # in the request or its answer
    station: StationId | None = None  # where all are searched


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


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of any station."""

    station: StationId
    message: LoggedMessage


class NetworkMessages:
    """The log of all stations at once. There is no index for that, as each would cost every message
    a little: the newest parts are looked through first, station by station.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, tenant: TenantId, which: MessageFilter, now: datetime, wanted: Wanted = FIRST
    ) -> Page[Heard]:
        """The latest first, of the last day unless `which` says since when."""
        since = which.since or now - timedelta(days=1)
        last = which.until or now
        query = _everywhere(tenant, replace(which, since=since))
        if wanted.after:
            query = query.where(MESSAGES.c.id < id_after(wanted.after))
        rows: list[Row] = []
        for begin in (max(last - step, since) for step in LOOK_BACK):
            part = query.where(MESSAGES.c.id >= number_at(begin), MESSAGES.c.at >= begin)
            # The one more tells whether there is a next page.
            ordered = part.order_by(MESSAGES.c.id.desc()).limit(wanted.rows + 1)
            rows = await self._database.fetch(ordered)
            if len(rows) > wanted.rows or begin == since:
                break
        heard = tuple(Heard(StationId(row[0]), _read(row[1:])) for row in rows[: wanted.rows])
        return Page(heard, str(heard[-1].message.id) if len(rows) > len(heard) else None)

    async def after(
        self, tenant: TenantId, which: MessageFilter, number: int, most: int = 500
    ) -> list[Heard]:
        """Those that came after one, the oldest first."""
        query = _everywhere(tenant, which).where(MESSAGES.c.id > number)
        rows = await self._database.fetch(query.order_by(MESSAGES.c.id).limit(most))
        return [Heard(StationId(row[0]), _read(row[1:])) for row in rows]

    async def newest(self, tenant: TenantId, now: datetime) -> int:
        """Of the last minutes; 0: there was none. For those who wait for the next one."""
        found = await self.latest(tenant, now)
        return 0 if found == number_at(now) else found

    async def latest(self, tenant: TenantId, since: datetime) -> int:
        """The number of the latest message; of that moment, if there was none since."""
        place = number_at(since)
        query = (
            sa.select(sa.func.max(MESSAGES.c.id))
            .select_from(_BY_STATION)
            .where(STATIONS.c.tenant == tenant, MESSAGES.c.id >= place)
        )
        [(number,)] = await self._database.fetch(query)
        return place if number is None else int(number)


def number_at(at: datetime) -> int:
    """A number that no message of this moment or later is below; see `RandomIds.event`."""
    return int((at - SLACK).timestamp() * 1000) << 20


def _everywhere(tenant: TenantId, which: MessageFilter) -> sa.Select[Any]:
    query = sa.select(STATIONS.c.station, *MESSAGES.c[2:]).select_from(_BY_STATION)
    query = query.where(STATIONS.c.tenant == tenant, *_wheres(which))
    if which.station is not None:
        query = query.where(STATIONS.c.folded == which.station.casefold())
    return query


class MessageQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def messages(
        self, station: StationKey, which: MessageFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[LoggedMessage]:
        """The latest first."""
        query = sa.select(*MESSAGES.c[2:]).where(*_of(station), *_wheres(which))
        if wanted.after:
            query = query.where(MESSAGES.c.id < id_after(wanted.after))
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
