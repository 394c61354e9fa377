"""N11–N15: values that stations send without being answered. Only 2.1 has them."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ricarica.configuration.templates import MonitorType, StreamRate, WantedMonitor
from ricarica.monitoring.commands import AdjustStream, ClearMonitors, ReadStreams, SetMonitors
from ricarica.monitoring.model import BLOCKS, STREAMS_MAX, Stream
from ricarica.monitoring.queries import MonitoringQueries
from ricarica.ocpp.dialects import V21, V201
from ricarica.simulator.blocks.streams import Streams
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.testing.world import World, key_of

EVERY_SECOND = WantedMonitor(
    "EVSE@1.Power", MonitorType.PERIODIC, Decimal(1), stream=StreamRate(10, 10)
)


async def streams_of(network: World, station: SimulatedStation) -> list[Stream]:
    return await MonitoringQueries(network.database).streams(key_of(station))


async def values_of(network: World, station: SimulatedStation, number: int = 1) -> list[str]:
    samples = await MonitoringQueries(network.database).samples(key_of(station), [number])
    return [sample.value for sample in samples[number]]


def frames(network: World, station: SimulatedStation) -> tuple[list[str], list[str]]:
    both = network.frames[key_of(station).station]
    return both.from_station, both.to_station


async def pass_seconds(network: World, seconds: int) -> None:
    await network.pass_time(timedelta(seconds=seconds), step=timedelta(seconds=1))


@pytest.mark.usecase("N11", "N15")
async def test_frequent_values_come_in_a_stream_and_are_never_answered(network: World) -> None:
    station = await network.station("ROMA-1", V21)

    result = await network.tell(station, SetMonitors((EVERY_SECOND,)))
    await network.settle()
    await pass_seconds(network, 31)

    [stream] = await streams_of(network, station)
    assert result.outcome is Outcome.ACCEPTED
    assert (stream.name, stream.rate) == ("EVSE@1.Power", StreamRate(10, 10))
    assert stream.received == 3
    assert len(await values_of(network, station)) >= 29  # the last may wait for the next message
    told, heard = frames(network, station)
    sends = [json.loads(text) for text in told if "NotifyPeriodicEventStream" in text]
    assert {frame[0] for frame in sends} == {6}
    assert not {frame[1] for frame in sends} & {json.loads(text)[1] for text in heard}
    assert not any('"NotifyEvent"' in text for text in told)


@pytest.mark.usecase("N11")
async def test_2_0_1_has_no_streams(network: World) -> None:
    station = await network.station("ROMA-1", V201)

    result = await network.tell(station, SetMonitors((EVERY_SECOND,)))

    assert result.outcome is Outcome.UNSUPPORTED


@pytest.mark.usecase("N11")
async def test_more_streams_than_can_be_looked_at_are_refused_and_come_as_events(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V21)
    teller = network.teller(station)
    for number in range(STREAMS_MAX):
        constant = {"id": 100 + number, "params": {"interval": 5}, "variableMonitoringId": number}
        answer = await teller.call("OpenPeriodicEventStream", {"constantStreamData": constant})
        assert answer == {"status": "Accepted"}

    await network.tell(station, SetMonitors((EVERY_SECOND,)))
    await network.settle()
    await pass_seconds(network, 3)

    told, heard = frames(network, station)
    assert any('"Rejected"' in text for text in heard)
    assert sum('"NotifyEvent"' in text for text in told) == 3  # N11.FR.07
    assert len(await streams_of(network, station)) == STREAMS_MAX


@pytest.mark.usecase("N13")
async def test_a_cleared_monitor_closes_its_stream(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    set_ = await network.tell(station, SetMonitors((EVERY_SECOND,)))
    await network.settle()
    await pass_seconds(network, 11)

    await network.tell(station, ClearMonitors((set_.answer["monitors"][0]["number"],)))
    await network.settle()

    assert await streams_of(network, station) == []
    assert await values_of(network, station) == []


@pytest.mark.usecase("N14")
async def test_a_stream_is_adjusted(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await network.tell(station, SetMonitors((EVERY_SECOND,)))
    await network.settle()

    accepted = await network.tell(station, AdjustStream(1, StreamRate(None, 2)))
    unknown = await network.tell(station, AdjustStream(9, StreamRate(5)))
    await pass_seconds(network, 4)

    [stream] = await streams_of(network, station)
    assert (accepted.outcome, unknown.outcome) == (Outcome.ACCEPTED, Outcome.REFUSED)
    assert stream.rate == StreamRate(None, 2)
    assert stream.received == 2


@pytest.mark.usecase("N14", "N15")
async def test_a_stream_that_lags_more_and_more_is_let_say_more(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    station.core.memory(Streams).lags = True
    await network.tell(station, SetMonitors((replace(EVERY_SECOND, stream=StreamRate(2, 1)),)))
    await network.settle()

    await pass_seconds(network, 40)

    _, heard = frames(network, station)
    adjusted = [json.loads(text)[3] for text in heard if '"AdjustPeriodicEventStream"' in text]
    assert adjusted
    assert adjusted[0]["params"]["values"] > 1


@pytest.mark.usecase("N12", "N15")
async def test_a_stream_that_was_forgotten_is_asked_after(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await network.tell(station, SetMonitors((EVERY_SECOND,)))
    await network.settle()
    await network.carry_out(lambda slices: slices.streams.close(key_of(station), 1))

    await pass_seconds(network, 11)
    await network.settle()

    [stream] = await streams_of(network, station)
    assert stream.name == "EVSE@1.Power"
    assert stream.rate == StreamRate(10, 10)
    _, heard = frames(network, station)
    assert sum('"GetPeriodicEventStream"' in text for text in heard) == 1


@pytest.mark.usecase("N12")
async def test_streams_that_are_open_no_longer_are_forgotten(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    constant = {"id": 55, "params": {"interval": 5}, "variableMonitoringId": 3}
    await network.teller(station).call("OpenPeriodicEventStream", {"constantStreamData": constant})

    result = await network.tell(station, ReadStreams())

    assert result.answer == {"streams": []}
    assert await streams_of(network, station) == []


@pytest.mark.usecase("N15")
async def test_what_is_kept_of_a_stream_is_a_ring(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await network.tell(station, SetMonitors((replace(EVERY_SECOND, stream=StreamRate(1, 1)),)))
    await network.settle()

    await pass_seconds(network, BLOCKS + 10)

    assert len(await values_of(network, station)) == BLOCKS
    [stream] = await streams_of(network, station)
    assert stream.received > BLOCKS


@pytest.mark.usecase("N15")
async def test_streams_are_never_billed(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await network.add_token("04A1B2C3")
    await network.tell(station, SetMonitors((EVERY_SECOND,)))
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await pass_seconds(network, 30)
    [before] = await network.transactions(station)
    value = {
        "id": 1,
        "pending": 0,
        "basetime": "2026-05-04T12:00:00Z",
        "data": [{"t": 0, "v": "9e9"}],
    }

    await network.teller(station).send("NotifyPeriodicEventStream", value)

    [after] = await network.transactions(station)
    assert after.energy == before.energy
    assert "9e9" in await values_of(network, station)
