"""Stations come, are looked at, and are let in or not."""

from datetime import timedelta
from typing import Any

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.evse import State
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.model import Acceptance, ConnectorStatus, Station, UnknownStations
from ricarica.stations.service import Preparation
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.world import World, key_of, world

PASSWORD = "0123456789abcdef-long"


async def stored(network: World, station: SimulatedStation) -> Station | None:
    work = Work(network.database, Remembered(network.clock.monotonic))
    return await SqlStationStore(work).get(key_of(station))


async def prepare(network: World, station: SimulatedStation, **said: Any) -> None:
    preparation = Preparation(**said)
    key = key_of(station)
    await network.carry_out(
        lambda slices: slices.stations.prepare(key, preparation, slices.now), station=key
    )
    await network.settle()


async def test_a_station_that_boots_is_known_by_what_it_told(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("MILANO-1", dialect)

    known = await stored(network, station)

    assert station.is_accepted
    assert known is not None
    assert known.connected
    assert (known.vendor, known.model) == (station.core.make.vendor, station.core.make.model)
    assert known.dialect == dialect.name
    assert known.booted_at == network.clock.now()


async def test_a_stranger_waits_in_the_inbox_until_it_is_approved(dialect: Dialect) -> None:
    async with world(unknown=UnknownStations.PENDING) as network:
        station = network.build("MILANO-1", dialect)

        assert await network.connect(station) is Verdict.WELCOME
        waiting = await stored(network, station)
        was_accepted = station.is_accepted
        await prepare(network, station, acceptance=Acceptance.ACCEPTED)
        await network.pass_time(timedelta(minutes=2))

        assert waiting is not None
        assert waiting.acceptance is Acceptance.PENDING
        assert not was_accepted
        assert station.is_accepted


async def test_a_stranger_is_turned_away_where_strangers_are_refused(dialect: Dialect) -> None:
    async with world(unknown=UnknownStations.REFUSE) as network:
        station = network.build("MILANO-1", dialect)

        assert await network.connect(station) is Verdict.UNAUTHORIZED
        assert await stored(network, station) is None


async def test_a_blocked_station_is_turned_away(network: World, dialect: Dialect) -> None:
    station = network.build("MILANO-1", dialect)
    await prepare(network, station, acceptance=Acceptance.BLOCKED)

    assert await network.connect(station) is Verdict.UNAUTHORIZED


async def test_a_station_with_a_password_has_to_know_it(network: World, dialect: Dialect) -> None:
    station = network.build("MILANO-1", dialect)
    await prepare(network, station, password=PASSWORD)

    assert await network.connect(station) is Verdict.UNAUTHORIZED
    assert await network.connect(station, b"0123456789abcdef-wrong") is Verdict.UNAUTHORIZED
    assert await network.connect(station, PASSWORD.encode()) is Verdict.WELCOME


async def test_a_password_set_in_hex_is_known_by_its_bytes_and_by_its_digits(
    network: World, dialect: Dialect
) -> None:
    station = network.build("MILANO-1", dialect)
    await prepare(network, station, password="k" * 16)

    assert await network.connect(station, b"k" * 16) is Verdict.WELCOME
    assert await network.connect(station, (b"k" * 16).hex().encode()) is Verdict.WELCOME


async def test_an_identity_is_the_same_in_any_case(network: World, dialect: Dialect) -> None:
    await network.station("Milano-1", dialect)
    shouting = network.build("MILANO-1", dialect)

    await network.connect(shouting)

    assert await stored(network, shouting) is None, "it is known as Milano-1"


async def test_a_connection_lost_is_seen_and_ends_nothing(network: World, dialect: Dialect) -> None:
    station = await network.station("MILANO-1", dialect)

    await network.cut(station)

    known = await stored(network, station)
    assert known is not None
    assert not known.connected


async def test_every_connection_has_an_epoch_of_its_own(network: World, dialect: Dialect) -> None:
    station = await network.station("MILANO-1", dialect)
    first = await stored(network, station)
    await network.cut(station)

    await network.connect(station)

    second = await stored(network, station)
    assert first is not None
    assert second is not None
    assert second.epoch == first.epoch + 1


async def test_a_connector_is_shown_as_it_reports_itself(network: World, dialect: Dialect) -> None:
    station = await network.station("MILANO-1", dialect)

    station.fault(2, "GroundFailure")
    await network.settle()

    work = Work(network.database, Remembered(network.clock.monotonic))
    store = SqlStationStore(work)
    fine = await store.connector(key_of(station), EvseNumber(1), ConnectorNumber(1))
    faulty = await store.connector(key_of(station), EvseNumber(2), ConnectorNumber(1))
    assert station.state(2) is State.FAULTED
    assert fine is not None
    assert fine.status is ConnectorStatus.AVAILABLE
    assert faulty is not None
    assert faulty.status is ConnectorStatus.FAULTED
