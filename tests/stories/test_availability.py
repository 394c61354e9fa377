"""What is taken out of service, now or when nobody charges there any more."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from ricarica.kernel.ids import DEFAULT_TENANT, ConnectorNumber, EvseNumber
from ricarica.monitoring.queries import MonitoringQueries
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation, ac_evse, dc_evse
from ricarica.stations.availability import AvailabilityState
from ricarica.stations.commands import ChangeAvailability, Outcome
from ricarica.stations.queries import StationQueries
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of

FIRST = EvseNumber(1)
IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


@pytest.fixture
def make_line() -> Callable[[], Line]:
    return LocalLine


async def state(network: World, station: SimulatedStation) -> AvailabilityState:
    """Of the one thing that was wanted."""
    queries = StationQueries(network.database)
    [wanted] = await queries.availability(key_of(station))
    view = await queries.station(DEFAULT_TENANT, station.identity)
    assert view is not None
    return wanted.state_by(view.connectors)


@pytest.mark.usecase("G03")
@pytest.mark.tc("TC_G_03_CSMS", "TC_G_04_CSMS")
async def test_what_is_free_is_out_of_service_at_once(network: World, dialect: Dialect) -> None:
    station = await network.station("ASTI-1", dialect)

    result = await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))
    await network.settle()

    assert result.outcome is Outcome.ACCEPTED
    assert await state(network, station) is AvailabilityState.DONE


@pytest.mark.usecase("G03")
@pytest.mark.tc("TC_G_11_CSMS")
async def test_who_charges_may_finish_and_then_it_is_out_of_service(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("04A1B2C3")
    station = await network.station("ASTI-1", dialect)
    station.plug_in(1)
    station.present("04A1B2C3", 1)
    await network.pass_time(timedelta(minutes=1))

    result = await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))
    await network.settle()
    before = await state(network, station)
    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.pass_time(timedelta(minutes=1))

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "Scheduled")
    assert before is AvailabilityState.SCHEDULED
    assert await state(network, station) is AvailabilityState.DONE


@pytest.mark.usecase("G04")
@pytest.mark.tc("TC_G_05_CSMS", "TC_G_14_CSMS")
async def test_a_whole_station_waits_for_the_last_who_charges(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("04A1B2C3")
    station = await network.station("ASTI-1", dialect)
    station.plug_in(2)
    station.present("04A1B2C3", 2)
    await network.pass_time(timedelta(minutes=1))

    await network.tell(station, ChangeAvailability(operative=False))
    await network.settle()
    before = await state(network, station)
    station.unplug(2)
    await network.pass_time(timedelta(minutes=1))

    assert before is AvailabilityState.SCHEDULED
    assert await state(network, station) is AvailabilityState.DONE


@IN_2X
@pytest.mark.usecase("G03")
@pytest.mark.tc("TC_G_07_CSMS", "TC_G_08_CSMS")
async def test_one_connector_is_out_of_service(network: World, dialect: Dialect) -> None:
    station = network.build("ASTI-1", dialect)
    station.core.evses = {1: ac_evse(1), 2: dc_evse(2)}
    await network.connect(station)

    command = ChangeAvailability(operative=False, evse=EvseNumber(2), connector=ConnectorNumber(1))
    await network.tell(station, command)
    await network.settle()

    assert await state(network, station) is AvailabilityState.DONE


@pytest.mark.usecase("G03")
async def test_a_station_that_forgot_what_it_was_told_is_seen(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ASTI-1", dialect)
    await network.tell(station, ChangeAvailability(operative=False, evse=FIRST))
    await network.settle()

    await network.pass_time(timedelta(minutes=1))
    station.evses[1].is_operative = True
    station.core.report_states()
    await network.settle()

    assert await state(network, station) is AvailabilityState.DIFFERS


@IN_2X
@pytest.mark.usecase("G05")
@pytest.mark.tc("TC_G_20_CSMS")
async def test_a_lock_that_fails_is_an_event_to_look_at(network: World, dialect: Dialect) -> None:
    station = await network.station("ASTI-1", dialect)

    answer = await network.teller(station).call("NotifyEvent", LOCK_FAILED)

    assert answer == {}  # G05.FR.03
    assert "ConnectorPlugRetentionLock@1/1.Problem" in await noticed(network)


@pytest.mark.usecase("G05")
async def test_a_lock_that_fails_at_a_station_of_1_6_is_an_event_too(network: World) -> None:
    station = await network.station("ASTI-1", V16)

    station.fault(1, "ConnectorLockFailure")
    await network.settle()

    assert any("ConnectorLockFailure" in each for each in await noticed(network))


async def noticed(network: World) -> list[str]:
    """What stations noticed, by the variable, its value and the code."""
    page = await MonitoringQueries(network.database).events(DEFAULT_TENANT)
    return [part for event in page.items for part in (event.name, event.value, event.code or "")]


LOCK_FAILED = {
    "generatedAt": "2026-03-02T07:00:00Z",
    "seqNo": 0,
    "eventData": [
        {
            "eventId": 1,
            "timestamp": "2026-03-02T07:00:00Z",
            "trigger": "Alerting",
            "actualValue": "true",
            "eventNotificationType": "HardWiredNotification",
            "component": {
                "name": "ConnectorPlugRetentionLock",
                "evse": {"id": 1, "connectorId": 1},
            },
            "variable": {"name": "Problem"},
        }
    ],
}
