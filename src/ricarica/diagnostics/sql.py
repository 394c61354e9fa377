"""How requests for logs lie in the database."""

from datetime import datetime

import sqlalchemy as sa

from ricarica.diagnostics.model import OPEN, LogKind, LogRequest, LogState
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.columns import Boolean, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

RECENT = 10  # requests of a station that a word of it could be about
AT_ONCE = 200  # requests that are given up, or files deleted, in one look

LOGS = sa.Table(
    "log_requests",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("kind", Text(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("asked_at", Instant(), nullable=False),
    sa.Column("asked_by", Text(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("digest", Text(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
    sa.Column("is_numbered", Boolean(), nullable=False),
    sa.Column("since", Instant()),
    sa.Column("until", Instant()),
    sa.Column("status", Text()),
    sa.Column("detail", Text()),
    sa.Column("name", Text()),
    sa.Column("file", Text()),
    sa.Column("size", Integer()),
    sa.Column("received_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_log_requests_digest", "digest", unique=True),
    sa.Index("ix_log_requests_state_expires_at", "state", "expires_at"),
)


def request_from(row: Row) -> LogRequest:
    tenant, station, number, kind, state, *rest = row
    key = StationKey(TenantId(tenant), StationId(station))
    return LogRequest(key, number, LogKind(kind), LogState(state), *rest)


def _row(request: LogRequest) -> Row:
    return (
        request.station.tenant,
        request.station.station,
        request.number,
        request.kind,
        request.state,
        request.asked_at,
        request.asked_by,
        request.changed_at,
        request.digest,
        request.expires_at,
        request.is_numbered,
        request.since,
        request.until,
        request.status,
        request.detail,
        request.name,
        request.file,
        request.size,
        request.received_at,
    )


LOG_SHELF = Shelf[LogRequest](
    LOGS,
    key=lambda request: (request.station.tenant, request.station.station, request.number),
    write=_row,
    read=request_from,
    fresh_s=0.0,  # written at several nodes and seldom read: never believed
    remembered_max=1_000,
)


class SqlLogStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey, number: int) -> LogRequest | None:
        return await self._work.get(LOG_SHELF, (station.tenant, station.station, number))

    async def recent(self, station: StationKey) -> list[LogRequest]:
        mine = (LOGS.c.tenant == station.tenant, LOGS.c.station == station.station)
        latest = sa.select(*LOGS.primary_key).where(*mine)
        return await self._some(latest.order_by(LOGS.c.asked_at.desc()).limit(RECENT))

    async def expired(self, now: datetime) -> list[LogRequest]:
        which = (LOGS.c.state.in_(OPEN), LOGS.c.expires_at <= now)
        query = sa.select(*LOGS.primary_key).where(*which).order_by(LOGS.c.expires_at)
        return await self._some(query.limit(AT_ONCE))

    async def kept_since(self, before: datetime) -> list[LogRequest]:
        which = (LOGS.c.state == LogState.RECEIVED, LOGS.c.received_at < before)
        return await self._some(sa.select(*LOGS.primary_key).where(*which).limit(AT_ONCE))

    def save(self, request: LogRequest) -> None:
        self._work.put(LOG_SHELF, request)

    async def _some(self, keys: sa.Select[tuple[str, str, int]]) -> list[LogRequest]:
        rows = await self._work.fetch(keys)
        found = [await self._one(tuple(row)) for row in rows]
        return [request for request in found if request is not None]

    async def _one(self, key: Row) -> LogRequest | None:
        return await self._work.get(LOG_SHELF, key)
