"""Reading monitors, events and streams for screens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ricarica.kernel.ids import EventId, StationId, StationKey, TenantId
from ricarica.monitoring.model import (
    STREAMS_MAX,
    Block,
    Monitor,
    Monitoring,
    Sample,
    StationEvent,
    Stream,
)
from ricarica.monitoring.sql import (
    MONITORINGS,
    MONITORS,
    STATION_EVENTS,
    STREAM_BLOCKS,
    STREAMS,
    block_from,
    event_from,
    monitor_from,
    monitoring_from,
    stream_from,
)
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Page, Wanted, id_after


@dataclass(frozen=True, slots=True)
class EventFilter:
    """None: any. `severity_max`: at least as severe, so 3 is 0 to 3. Times by our clock."""

    station: StationId | None = None
    severity_max: int | None = None
    text: str | None = None  # in the variable, the value, the code or the info
    acknowledged: bool | None = None
    cleared: bool | None = None
    since: datetime | None = None
    until: datetime | None = None


ANY = EventFilter()


class MonitoringQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self, tenant: TenantId, which: EventFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[StationEvent]:
        """The latest first."""
        columns = STATION_EVENTS.c
        query = sa.select(*columns[:-1]).where(columns.tenant == tenant, *_wheres(which))
        if wanted.after:
            query = query.where(columns.id < id_after(wanted.after))
        # The one more tells whether there is a next page.
        ordered = query.order_by(columns.id.desc()).limit(wanted.rows + 1)
        found = [event_from(row) for row in await self._database.fetch(ordered)]
        shown = tuple(found[: wanted.rows])
        return Page(shown, str(shown[-1].id) if len(found) > len(shown) else None)

    async def event(self, tenant: TenantId, event: EventId) -> StationEvent | None:
        columns = STATION_EVENTS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(columns.tenant == tenant, columns.id == event)
        )
        return event_from(rows[0]) if rows else None

    async def monitoring(self, station: StationKey) -> Monitoring | None:
        rows = await self._database.fetch(
            sa.select(*MONITORINGS.c[:-1]).where(*_of(MONITORINGS, station))
        )
        return monitoring_from(rows[0]) if rows else None

    async def monitors(self, station: StationKey) -> list[Monitor]:
        """By variable and severity."""
        columns = MONITORS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1])
            .where(*_of(MONITORS, station))
            .order_by(columns.name, columns.severity, columns.number)
        )
        return [monitor_from(row) for row in rows]

    async def streams(self, station: StationKey) -> list[Stream]:
        rows = await self._database.fetch(
            sa.select(*STREAMS.c[:-1])
            .where(*_of(STREAMS, station))
            .order_by(STREAMS.c.number)
            .limit(STREAMS_MAX)
        )
        return [stream_from(row) for row in rows]

    async def samples(
        self, station: StationKey, streams: Sequence[int]
    ) -> dict[int, tuple[Sample, ...]]:
        """What is kept of each stream, by time."""
        columns = STREAM_BLOCKS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(
                *_of(STREAM_BLOCKS, station), columns.stream.in_(list(streams))
            )
        )
        blocks = [block_from(row) for row in rows]
        return {number: _by_time(blocks, number) for number in streams}


def _by_time(blocks: Sequence[Block], stream: int) -> tuple[Sample, ...]:
    samples = (sample for block in blocks if block.stream == stream for sample in block.samples)
    return tuple(sorted(samples, key=lambda sample: sample.at))


def _wheres(which: EventFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = STATION_EVENTS.c
    if which.station is not None:
        yield columns.station == which.station
    if which.severity_max is not None:
        yield columns.severity <= which.severity_max
    if which.acknowledged is not None:
        is_open = columns.acknowledged_at.is_(None)
        yield sa.not_(is_open) if which.acknowledged else is_open
    if which.cleared is not None:
        yield columns.cleared == which.cleared
    if which.since is not None:
        yield columns.received_at >= which.since
    if which.until is not None:
        yield columns.received_at < which.until
    if which.text:
        text = which.text.strip().lower()
        yield sa.or_(
            *(
                sa.func.lower(column).contains(text, autoescape=True)
                for column in (columns.name, columns.value, columns.code, columns.info)
            )
        )


def _of(table: sa.Table, station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == station.tenant, table.c.station == station.station
