"""/stations/{identity}/monitors and /streams: what a station watches, and what it sends."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import get, post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, field

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, once_only, require
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.replies import NumberInPath, Page, ShortText, page_of
from ricarica.api.telling import tell_all
from ricarica.api.templates_of_settings import (
    MonitorBody,
    StreamBody,
    monitor_body,
    wanted_monitor,
)
from ricarica.configuration.templates import MonitorType, StreamRate, check_monitor
from ricarica.monitoring.commands import (
    ActivateMonitors,
    AdjustStream,
    ReadStreams,
    ReportMonitors,
    SetMonitoringLevel,
)
from ricarica.monitoring.model import (
    ActiveMonitors,
    Monitor,
    MonitorCriterion,
    MonitorDrift,
    MonitorStanding,
    Origin,
    Stream,
)
from ricarica.monitoring.queries import MonitoringQueries
from ricarica.slices import Slices

MONITORS = "/stations/{identity:str}/monitors"
STREAMS = "/stations/{identity:str}/streams"
AT_ONCE_MAX = 100


class MonitorReply(Struct, frozen=True):
    """`number` is the station's own, and may change when it boots."""

    number: int
    name: str
    type: MonitorType
    value: Decimal
    severity: int
    during_transaction: bool
    origin: Origin | None
    stream: StreamBody | None
    reported_at: datetime


class SetBody(MonitorBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`replaces`: the number of the monitor that gives way to this one."""

    replaces: int | None = None


class MonitorsBody(Struct, frozen=True, forbid_unknown_fields=True):
    monitors: Annotated[list[SetBody], Meta(min_length=1, max_length=AT_ONCE_MAX)]


class ClearMonitorsBody(Struct, frozen=True, forbid_unknown_fields=True):
    numbers: Annotated[list[int], Meta(min_length=1, max_length=AT_ONCE_MAX)]


class ActiveBody(Struct, frozen=True, forbid_unknown_fields=True):
    base: ActiveMonitors


class LevelBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Only what is at least as severe is told: 0 is danger, 9 is for programmers."""

    severity: Annotated[int, Meta(ge=0, le=9)]


class MonitorReportBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Neither: all monitors there are."""

    criteria: list[MonitorCriterion] = field(default_factory=list)
    places: Annotated[list[ShortText], Meta(max_length=AT_ONCE_MAX)] = field(default_factory=list)


class MonitorDriftReply(Struct, frozen=True):
    wanted: MonitorBody
    standing: MonitorStanding
    number: int | None
    why: str | None


class StreamReply(Struct, frozen=True):
    """`pending`: values that the station has not sent yet."""

    number: int
    monitor: int | None
    name: str
    interval_s: int | None
    values_max: int | None
    opened_at: datetime
    received: int
    pending: int
    last_at: datetime | None
    last_value: str | None


class SampleReply(Struct, frozen=True):
    at: datetime
    value: str


@get(MONITORS, opt=needs(Permission.READ), tags=["Monitoring"])
async def list_monitors(caller: Asking, identity: FromPath[str]) -> Page[MonitorReply]:
    """As the station told them last; `monitors/report` asks it anew."""
    key = await caller.station(identity)
    return page_of(map(monitor_reply, await MonitoringQueries(caller.database).monitors(key)))


@post(MONITORS, status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def set_monitors(
    caller: Asking, identity: FromPath[str], data: JSONBody[MonitorsBody]
) -> CommandReply:
    """Have a station watch variables. `answer.monitors` tells how each went."""
    key = await caller.station(identity)
    wanted = [(wanted_monitor(body), body.replaces) for body in data.monitors]
    for monitor, _ in wanted:
        check_monitor(monitor)
    orders = await caller.carry_out(lambda slices: slices.monitoring.ordering(key, wanted))
    said = {"monitors": [monitor.name for monitor, _ in wanted]}
    return await tell_all(caller, key, "set-monitors", orders, said)


@post(f"{MONITORS}/clear", status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def clear_monitors(
    caller: Asking, identity: FromPath[str], data: JSONBody[ClearMonitorsBody]
) -> CommandReply:
    """Have a station forget monitors. `answer.monitors` tells how each went."""

    key = await caller.station(identity)
    orders = await caller.carry_out(lambda slices: slices.monitoring.clearing(key, data.numbers))
    return await tell_all(caller, key, "clear-monitors", orders, {"numbers": data.numbers})


@post(f"{MONITORS}/base", status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def set_base(
    caller: Asking, identity: FromPath[str], data: JSONBody[ActiveBody]
) -> CommandReply:
    """Which monitors are at work: all, those of the factory, or the hard-wired ones only."""
    key = await caller.station(identity)
    command = ActivateMonitors(data.base)
    return await tell_all(caller, key, "monitoring-base", [command], {"base": data.base})


@post(f"{MONITORS}/level", status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def set_level(
    caller: Asking, identity: FromPath[str], data: JSONBody[LevelBody]
) -> CommandReply:
    """Have only what is at least as severe told."""

    key = await caller.station(identity)
    command = SetMonitoringLevel(data.severity)
    return await tell_all(caller, key, "monitoring-level", [command], {"severity": data.severity})


@post(f"{MONITORS}/report", status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def report_monitors(
    caller: Asking, identity: FromPath[str], data: JSONBody[MonitorReportBody]
) -> CommandReply:
    """Ask which monitors there are; the report follows the answer."""
    key = await caller.station(identity)

    async def order(slices: Slices) -> ReportMonitors:
        if not (data.criteria or data.places):
            return await slices.monitoring.ask_for_all(key, slices.now)
        number = slices.ids.wire_number()
        return ReportMonitors(number, tuple(data.criteria), tuple(data.places))

    command = await caller.carry_out(order)
    said = {"criteria": data.criteria, "places": data.places}
    return await tell_all(caller, key, "report-monitors", [command], said)


@get(f"{MONITORS}/drift", opt=needs(Permission.READ), tags=["Monitoring"])
async def monitor_drift(caller: Asking, identity: FromPath[str]) -> Page[MonitorDriftReply]:
    """How each monitor that templates want of a station stands."""
    key = await caller.station(identity)

    async def compare(slices: Slices) -> list[MonitorDrift]:
        station = await slices.stations.get(key)
        return await slices.monitoring.drift(key, await slices.templates.wanted(station))

    return page_of(map(_drift_reply, await caller.carry_out(compare)))


@get(STREAMS, opt=needs(Permission.READ), tags=["Monitoring"])
async def list_streams(caller: Asking, identity: FromPath[str]) -> Page[StreamReply]:
    """Streams that are open (2.1)."""
    key = await caller.station(identity)
    return page_of(map(stream_reply, await MonitoringQueries(caller.database).streams(key)))


@get(f"{STREAMS}/{{number:int}}/values", opt=needs(Permission.READ), tags=["Monitoring"])
async def stream_values(
    caller: Asking, identity: FromPath[str], number: NumberInPath
) -> Page[SampleReply]:
    """The latest values of a stream, by time; older ones are gone."""
    key = await caller.station(identity)
    queries = MonitoringQueries(caller.database)
    streams = {stream.number: stream for stream in await queries.streams(key)}
    require(streams.get(number), f"stream {number} of {key.station}")
    samples = (await queries.samples(key, [number]))[number]
    return page_of(SampleReply(sample.at, sample.value) for sample in samples)


@post(f"{STREAMS}/read", status_code=200, opt=needs(Permission.COMMAND), tags=["Monitoring"])
@once_only
async def read_streams(caller: Asking, identity: FromPath[str]) -> CommandReply:
    """Ask which streams are open, and forget all others."""
    key = await caller.station(identity)
    return await tell_all(caller, key, "read-streams", [ReadStreams()], {})


@post(
    f"{STREAMS}/{{number:int}}/adjust",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Monitoring"],
)
@once_only
async def adjust_stream(
    caller: Asking, identity: FromPath[str], number: NumberInPath, data: JSONBody[StreamBody]
) -> CommandReply:
    """Have a stream send sooner, or more at once."""

    key = await caller.station(identity)
    rate = StreamRate(data.interval_s, data.values_max)
    command = AdjustStream(number, rate)
    return await tell_all(caller, key, "adjust-stream", [command], {"number": number})


HANDLERS = (
    list_monitors,
    set_monitors,
    clear_monitors,
    set_base,
    set_level,
    report_monitors,
    monitor_drift,
    list_streams,
    stream_values,
    read_streams,
    adjust_stream,
)


def monitor_reply(monitor: Monitor) -> MonitorReply:
    stream = monitor.stream
    return MonitorReply(
        monitor.number,
        monitor.name,
        monitor.type,
        monitor.value,
        monitor.severity,
        monitor.during_transaction,
        monitor.origin,
        StreamBody(stream.interval_s, stream.values_max) if stream else None,
        monitor.reported_at,
    )


def _drift_reply(drift: MonitorDrift) -> MonitorDriftReply:
    number = drift.actual.number if drift.actual else None
    return MonitorDriftReply(monitor_body(drift.wanted), drift.standing, number, drift.why)


def stream_reply(stream: Stream) -> StreamReply:
    rate = stream.rate
    return StreamReply(
        stream.number,
        stream.monitor,
        stream.name,
        rate.interval_s if rate else None,
        rate.values_max if rate else None,
        stream.opened_at,
        stream.received,
        stream.pending,
        stream.last_at,
        stream.last_value,
    )
