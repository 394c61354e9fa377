"""Streams of values, which only 2.1 has. N11–N15"""

from datetime import timedelta
from typing import Any

from ricarica.configuration.templates import StreamRate
from ricarica.kernel.clock import is_plausible
from ricarica.monitoring.commands import AdjustStream, ReadStreams
from ricarica.monitoring.facts import StreamOpened, StreamValues
from ricarica.monitoring.model import Sample
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.monitoring import rate_for
from ricarica.translation.v2.phrases import result_from

MICROSECONDS = 1_000_000
OFFSET_MAX_S = 366 * 24 * 3600  # of a value behind the first one in its message


def rate_from(params: v2.PeriodicEventStreamParams) -> StreamRate | None:
    if not params.interval and not params.values:
        return None
    return StreamRate(params.interval, params.values)


def opened_from(data: v2.ConstantStreamData, origin: Origin) -> StreamOpened:
    return StreamOpened(
        origin.station,
        data.id,
        data.variable_monitoring_id,
        rate_from(data.params),
        origin.received_at,
    )


async def open_stream(
    req: v2.OpenPeriodicEventStreamRequest, origin: Origin, slices: Slices
) -> v2.OpenPeriodicEventStreamResponse:
    is_taken = await slices.streams.open(opened_from(req.constant_stream_data, origin))
    # N11.FR.05, FR.06
    status = v2.GenericStatus.Accepted if is_taken else v2.GenericStatus.Rejected
    return v2.OpenPeriodicEventStreamResponse(status=status)


def values_from(req: v2.NotifyPeriodicEventStreamRequest, origin: Origin) -> StreamValues:
    is_placed = is_plausible(req.basetime, origin.received_at)
    base = req.basetime if is_placed else origin.received_at
    samples = (
        Sample(base + timedelta(microseconds=int(element.t * MICROSECONDS)), element.v)
        for element in req.data
        if abs(element.t) <= OFFSET_MAX_S
    )
    return StreamValues(origin.station, req.id, tuple(samples), req.pending, origin.received_at)


async def take_values(
    req: v2.NotifyPeriodicEventStreamRequest, origin: Origin, slices: Slices
) -> None:
    """N15.FR.02: it has no answer."""
    await slices.streams.take(values_from(req, origin))


async def close_stream(
    req: v2.ClosePeriodicEventStreamRequest, origin: Origin, slices: Slices
) -> v2.ClosePeriodicEventStreamResponse:
    await slices.streams.close(origin.station, req.id)
    return v2.ClosePeriodicEventStreamResponse()  # N13.FR.02


def streams_result_from(response: v2.GetPeriodicEventStreamResponse) -> Result:
    streams: list[dict[str, Any]] = [
        {
            "number": data.id,
            "monitor": data.variable_monitoring_id,
            "interval_s": data.params.interval,
            "values_max": data.params.values,
        }
        for data in response.constant_stream_data or ()
    ]
    return Result(Outcome.ACCEPTED, answer={"streams": streams})


async def remember_streams(
    _command: ReadStreams,
    response: v2.GetPeriodicEventStreamResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    told = [opened_from(data, origin) for data in response.constant_stream_data or ()]
    await slices.streams.listed(origin.station, told, origin.received_at)


async def remember_adjusted(
    command: AdjustStream,
    response: v2.AdjustPeriodicEventStreamResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if response.status is v2.GenericStatus.Accepted:  # N14.FR.03
        await slices.streams.adjusted(origin.station, command.number, command.rate)


ROUTES = (
    Route("OpenPeriodicEventStream", v2.OpenPeriodicEventStreamRequest, open_stream),
    Route("NotifyPeriodicEventStream", v2.NotifyPeriodicEventStreamRequest, take_values),
    Route("ClosePeriodicEventStream", v2.ClosePeriodicEventStreamRequest, close_stream),
)
PHRASES: Phrases = {
    ReadStreams: Phrase(
        "GetPeriodicEventStream",
        lambda _: v2.GetPeriodicEventStreamRequest(),
        streams_result_from,
        remember=remember_streams,
    ),
    AdjustStream: Phrase(  # N14.FR.01
        "AdjustPeriodicEventStream",
        lambda command: v2.AdjustPeriodicEventStreamRequest(
            id=command.number, params=rate_for(command.rate)
        ),
        result_from,
        remember=remember_adjusted,
    ),
}
