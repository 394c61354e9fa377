"""N11–N15: values that are sent without being answered, in 2.1."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.catalogue import limit
from ricarica.simulator.core import Answer, Answered, Block, Station


@dataclass(slots=True, eq=False)
class Stream:
    """`buffer` are values that were not sent yet, with the time of each."""

    id: int
    monitor: int
    interval_s: int
    values_max: int
    is_open: bool = False
    buffer: list[tuple[datetime, str]] = field(default_factory=list)


@dataclass(slots=True)
class Streams:
    """`lags`: each message leaves one value more behind than the one before."""

    open: dict[int, Stream] = field(default_factory=dict)
    last_id: int = 0
    lags: bool = False


def begin(station: Station, monitor: int, params: v2.PeriodicEventStreamParams | None) -> None:
    """N11.FR.01, N13.FR.06: with or without a stream, as was asked for."""
    end(station, monitor)
    memory = station.memory(Streams)
    is_full = len(memory.open) >= station.settings.integer("streams_max")
    if params is None or not station.dialect.has_unanswered_calls or is_full:
        return
    memory.last_id += 1
    stream = Stream(memory.last_id, monitor, params.interval or 0, params.values or 0)
    memory.open[stream.id] = stream

    def answered(answer: Answer) -> None:
        payload = answer.payload if isinstance(answer, Answered) else None
        is_taken = (
            isinstance(payload, v2.OpenPeriodicEventStreamResponse)
            and payload.status is v2.GenericStatus.Accepted
        )
        if not is_taken:  # N11.FR.07
            memory.open.pop(stream.id, None)
            return
        stream.is_open = True
        _flush_later(station, stream)

    station.ask(v2.OpenPeriodicEventStreamRequest(constant_stream_data=_constant(stream)), answered)


def take(station: Station, monitor: int, value: str) -> bool:
    """Whether a value goes into a stream, rather than into an event."""
    stream = next(
        (each for each in station.memory(Streams).open.values() if each.monitor == monitor), None
    )
    if stream is None or not stream.is_open:
        return False
    stream.buffer.append((station.clock, value))
    is_full = stream.values_max and len(stream.buffer) >= stream.values_max
    if is_full and not station.memory(Streams).lags:  # N15.FR.08
        _flush(station, stream)
    return True


def _flush_later(station: Station, stream: Stream) -> None:
    def ring() -> None:
        if stream.id in station.memory(Streams).open:
            _flush(station, stream)
            _flush_later(station, stream)

    if stream.interval_s:  # N15.FR.06
        station.later(timedelta(seconds=stream.interval_s), ring)


def _flush(station: Station, stream: Stream) -> None:
    if not stream.buffer:
        return
    memory = station.memory(Streams)
    most = stream.values_max or len(stream.buffer)  # N15.FR.07
    if memory.lags:
        most = max(1, most - 1)
    sent, stream.buffer = stream.buffer[:most], stream.buffer[most:]
    base = sent[0][0]  # N15.FR.09
    data = [
        v2.StreamDataElement(t=Decimal((at - base) / timedelta(milliseconds=1)) / 1000, v=value)
        for at, value in sent
    ]
    station.send(
        v2.NotifyPeriodicEventStreamRequest(
            id=stream.id, pending=len(stream.buffer), basetime=base, data=data
        )
    )


def end(station: Station, monitor: int) -> None:
    """N13: what is left is sent before it is closed."""
    memory = station.memory(Streams)
    for stream in [each for each in memory.open.values() if each.monitor == monitor]:
        _flush(station, stream)
        del memory.open[stream.id]
        station.ask(v2.ClosePeriodicEventStreamRequest(id=stream.id))


def get_streams(station: Station, _request: v2.GetPeriodicEventStreamRequest) -> Payload:
    streams = [_constant(each) for each in station.memory(Streams).open.values()]
    return v2.GetPeriodicEventStreamResponse(constant_stream_data=streams or None)


def adjust(station: Station, request: v2.AdjustPeriodicEventStreamRequest) -> Payload:
    stream = station.memory(Streams).open.get(request.id)
    if stream is None:
        return v2.AdjustPeriodicEventStreamResponse(status=v2.GenericStatus.Rejected)
    stream.interval_s = request.params.interval or 0
    stream.values_max = request.params.values or 0
    return v2.AdjustPeriodicEventStreamResponse(status=v2.GenericStatus.Accepted)


def _constant(stream: Stream) -> v2.ConstantStreamData:
    params = v2.PeriodicEventStreamParams(
        interval=stream.interval_s or None, values=stream.values_max or None
    )
    return v2.ConstantStreamData(id=stream.id, variable_monitoring_id=stream.monitor, params=params)


BLOCK = Block(
    "streams",
    commands={
        v2.GetPeriodicEventStreamRequest: get_streams,
        v2.AdjustPeriodicEventStreamRequest: adjust,
    },
    settings=(limit("streams_max", 8, None, "MonitoringCtrlr.MaxPeriodicEventStreams"),),
)
