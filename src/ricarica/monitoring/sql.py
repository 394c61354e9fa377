"""How monitors, events and streams lie in the database."""

from collections.abc import Iterable
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from ricarica.configuration.templates import MonitorType, StreamRate
from ricarica.kernel.ids import EventId, StationId, StationKey, TenantId
from ricarica.monitoring.model import (
    ActiveMonitors,
    Block,
    Monitor,
    Monitoring,
    Origin,
    Refusal,
    ReportState,
    Sample,
    StationEvent,
    Stream,
    Trigger,
)
from ricarica.storage.columns import Boolean, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

MONITORS = sa.Table(
    "monitors",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("type", Text(), nullable=False),
    sa.Column("value", Text(), nullable=False),
    sa.Column("severity", Integer(), nullable=False),
    sa.Column("reported_at", Instant(), nullable=False),
    sa.Column("during_transaction", Boolean(), nullable=False),
    sa.Column("origin", Text()),
    sa.Column("interval_s", Integer()),
    sa.Column("values_max", Integer()),
    sa.Column("version", Integer(), nullable=False),
)

MONITORINGS = sa.Table(
    "monitorings",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("state", Text(), nullable=False),
    sa.Column("asked_at", Instant(), nullable=False),
    sa.Column("number", Integer(), nullable=False),
    sa.Column("base", Text()),
    sa.Column("level", Integer()),
    sa.Column("told_at", Instant()),
    sa.Column("refused", Text(), nullable=False),
    sa.Column("unsayable", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

STATION_EVENTS = sa.Table(
    "station_events",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Integer(), primary_key=True, autoincrement=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("received_at", Instant(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("value", Text(), nullable=False),
    sa.Column("severity", Integer()),
    sa.Column("cleared", Boolean(), nullable=False),
    sa.Column("trigger", Text()),
    sa.Column("origin", Text()),
    sa.Column("number", Integer()),
    sa.Column("cause", Integer()),
    sa.Column("code", Text()),
    sa.Column("info", Text()),
    sa.Column("ref", Text()),
    sa.Column("monitor", Integer()),
    sa.Column("acknowledged_at", Instant()),
    sa.Column("acknowledged_by", Text()),
    sa.Column("note", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_station_events_recent", "tenant", "id"),
    sa.Index("ix_station_events_repeats", "tenant", "station", "at"),
    sa.Index("ix_station_events_received_at", "received_at"),
)

STREAMS = sa.Table(
    "streams",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("opened_at", Instant(), nullable=False),
    sa.Column("monitor", Integer()),
    sa.Column("name", Text(), nullable=False),
    sa.Column("interval_s", Integer()),
    sa.Column("values_max", Integer()),
    sa.Column("received", Integer(), nullable=False),
    sa.Column("pending", Integer(), nullable=False),
    sa.Column("growing", Integer(), nullable=False),
    sa.Column("last_at", Instant()),
    sa.Column("last_value", Text()),
    sa.Column("version", Integer(), nullable=False),
)

# A ring: the block of the newest message takes the place of the oldest.
STREAM_BLOCKS = sa.Table(
    "stream_blocks",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("stream", Integer(), primary_key=True, autoincrement=False),
    sa.Column("slot", Integer(), primary_key=True, autoincrement=False),
    sa.Column("samples", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def _key(station: StationKey) -> tuple[str, str]:
    return station.tenant, station.station


def _station(tenant: str, station: str) -> StationKey:
    return StationKey(TenantId(tenant), StationId(station))


def _rate(rate: StreamRate | None) -> tuple[int | None, int | None]:
    return (None, None) if rate is None else (rate.interval_s, rate.values_max)


def _rate_from(interval_s: int | None, values_max: int | None) -> StreamRate | None:
    return StreamRate(interval_s, values_max) if interval_s or values_max else None


def _monitor_row(monitor: Monitor) -> Row:
    return (
        *_key(monitor.station),
        monitor.number,
        monitor.name,
        monitor.type,
        str(monitor.value),
        monitor.severity,
        monitor.reported_at,
        monitor.during_transaction,
        monitor.origin,
        *_rate(monitor.stream),
    )


def monitor_from(row: Row) -> Monitor:
    tenant, station, number, name, kind, value, severity, at, during, origin, *rate = row
    return Monitor(
        _station(tenant, station),
        number,
        name,
        MonitorType(kind),
        Decimal(value),
        severity,
        at,
        during,
        None if origin is None else Origin(origin),
        _rate_from(*rate),
    )


def _monitoring_row(monitoring: Monitoring) -> Row:
    return (
        *_key(monitoring.station),
        monitoring.state,
        monitoring.asked_at,
        monitoring.number,
        monitoring.base,
        monitoring.level,
        monitoring.told_at,
        msgspec.json.encode(monitoring.refused).decode(),
        ",".join(monitoring.unsayable),
    )


def monitoring_from(row: Row) -> Monitoring:
    tenant, station, state, asked_at, number, base, level, told_at, refused, unsayable = row
    return Monitoring(
        _station(tenant, station),
        ReportState(state),
        asked_at,
        number,
        None if base is None else ActiveMonitors(base),
        level,
        told_at,
        msgspec.json.decode(refused, type=tuple[Refusal, ...]),
        tuple(filter(None, unsayable.split(","))),
    )


def _event_row(event: StationEvent) -> Row:
    return (
        *_key(event.station),
        event.id,
        event.at,
        event.received_at,
        event.name,
        event.value,
        event.severity,
        event.cleared,
        event.trigger,
        event.origin,
        event.number,
        event.cause,
        event.code,
        event.info,
        event.transaction,
        event.monitor,
        event.acknowledged_at,
        event.acknowledged_by,
        event.note,
    )


def event_from(row: Row) -> StationEvent:
    tenant, station, id_, at, received_at, name, value, severity, cleared, *rest = row
    trigger, origin, *others = rest
    return StationEvent(
        _station(tenant, station),
        EventId(id_),
        at,
        received_at,
        name,
        value,
        severity,
        cleared,
        None if trigger is None else Trigger(trigger),
        None if origin is None else Origin(origin),
        *others,
    )


def _stream_row(stream: Stream) -> Row:
    return (
        *_key(stream.station),
        stream.number,
        stream.opened_at,
        stream.monitor,
        stream.name,
        *_rate(stream.rate),
        stream.received,
        stream.pending,
        stream.growing,
        stream.last_at,
        stream.last_value,
    )


def stream_from(row: Row) -> Stream:
    tenant, station, number, opened_at, monitor, name, interval_s, values_max, *rest = row
    rate = _rate_from(interval_s, values_max)
    return Stream(_station(tenant, station), number, opened_at, monitor, name, rate, *rest)


def _block_row(block: Block) -> Row:
    samples = msgspec.json.encode(block.samples).decode()
    return *_key(block.station), block.stream, block.slot, samples


def block_from(row: Row) -> Block:
    tenant, station, stream, slot, samples = row
    decoded = msgspec.json.decode(samples, type=tuple[Sample, ...])
    return Block(_station(tenant, station), stream, slot, decoded)


MONITOR_SHELF = Shelf[Monitor](
    MONITORS,
    key=lambda monitor: (*_key(monitor.station), monitor.number),
    write=_monitor_row,
    read=monitor_from,
    remembered_max=5_000,  # looked at when they are reported; a station may have thousands
)
MONITORING_SHELF = Shelf[Monitoring](
    MONITORINGS,
    key=lambda monitoring: _key(monitoring.station),
    write=_monitoring_row,
    read=monitoring_from,
    remembered_max=20_000,
)
EVENT_SHELF = Shelf[StationEvent](
    STATION_EVENTS,
    key=lambda event: (*_key(event.station), event.id),
    write=_event_row,
    read=event_from,
    is_over=lambda _: True,  # written once, and acknowledged perhaps
)
STREAM_SHELF = Shelf[Stream](
    STREAMS,
    key=lambda stream: (*_key(stream.station), stream.number),
    write=_stream_row,
    read=stream_from,
    remembered_max=20_000,
)
BLOCK_SHELF = Shelf[Block](
    STREAM_BLOCKS,
    key=lambda block: (*_key(block.station), block.stream, block.slot),
    write=_block_row,
    read=block_from,
    remembered_max=2_000,  # each has the values of a whole message
)


class SqlMonitorStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def monitoring(self, station: StationKey) -> Monitoring | None:
        return await self._work.get(MONITORING_SHELF, _key(station))

    def save_monitoring(self, monitoring: Monitoring) -> None:
        self._work.put(MONITORING_SHELF, monitoring)

    async def monitor(self, station: StationKey, number: int) -> Monitor | None:
        return await self._work.get(MONITOR_SHELF, (*_key(station), number))

    async def monitors(self, station: StationKey) -> list[Monitor]:
        found = await self._work.under(MONITOR_SHELF, station.tenant, station.station)
        by_number = {monitor.number: monitor for monitor in found}
        for key, monitor in self._work.staged(MONITOR_SHELF).items():
            if key[:2] == _key(station) and monitor is not None:
                by_number[monitor.number] = monitor
        return [by_number[number] for number in sorted(by_number)]

    async def save_monitors(self, monitors: Iterable[Monitor]) -> None:
        listed = list(monitors)
        await self._work.load(MONITOR_SHELF, [MONITOR_SHELF.key(each) for each in listed])
        for monitor in listed:
            self._work.put(MONITOR_SHELF, monitor)

    def remove_monitor(self, monitor: Monitor) -> None:
        self._work.remove(MONITOR_SHELF, monitor)


class SqlEventStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def unknown(self, events: Iterable[StationEvent]) -> list[StationEvent]:
        listed = list(events)
        if not listed:
            return []
        instants = {event.at for event in listed}
        found = await self._work.find(
            EVENT_SHELF, *_of(STATION_EVENTS, listed[0].station), STATION_EVENTS.c.at.in_(instants)
        )
        staged = (each for each in self._work.staged(EVENT_SHELF).values() if each is not None)
        by_age = sorted((*found, *staged), key=lambda each: each.received_at)
        known = {(each.station, each.natural_key): each for each in by_age}
        new = {(e.station, e.natural_key): e for e in listed}
        return [e for key, e in new.items() if key not in known or not e.repeats(known[key])]

    async def get(self, station: StationKey, event: EventId) -> StationEvent | None:
        return await self._work.get(EVENT_SHELF, (*_key(station), event))

    async def save(self, event: StationEvent) -> None:
        self._work.put(EVENT_SHELF, event)


class SqlStreamStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey, number: int) -> Stream | None:
        return await self._work.get(STREAM_SHELF, (*_key(station), number))

    async def all(self, station: StationKey) -> list[Stream]:
        found = await self._work.under(STREAM_SHELF, station.tenant, station.station)
        by_number = {stream.number: stream for stream in found}
        for key, stream in self._work.staged(STREAM_SHELF).items():
            if key[:2] == _key(station) and stream is not None:
                by_number[stream.number] = stream
        return [by_number[number] for number in sorted(by_number)]

    def save(self, stream: Stream) -> None:
        self._work.put(STREAM_SHELF, stream)

    async def save_block(self, block: Block) -> None:
        await self._work.get(BLOCK_SHELF, BLOCK_SHELF.key(block))
        self._work.put(BLOCK_SHELF, block)

    async def remove(self, stream: Stream) -> None:
        for block in await self._work.find(
            BLOCK_SHELF,
            *_of(STREAM_BLOCKS, stream.station),
            STREAM_BLOCKS.c.stream == stream.number,
        ):
            self._work.remove(BLOCK_SHELF, block)
        self._work.remove(STREAM_SHELF, stream)


def _of(table: sa.Table, station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == station.tenant, table.c.station == station.station
