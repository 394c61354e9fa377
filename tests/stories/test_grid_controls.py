"""What the grid's operator asks of inverters. R"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.energy.commands import (
    AskDer,
    ClearDer,
)
from ricarica.energy.der import (
    Curve,
    DerControl,
    DerKind,
    DerUnit,
    EnterService,
    FixedPowerFactor,
    FixedVar,
    FreqDroop,
    Gradient,
    LimitMaxDischarge,
    Point,
)
from ricarica.energy.queries import EnergyQueries, StationEnergy
from ricarica.engine.sql import OUTBOX
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21
from ricarica.simulator.blocks import der
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.lines import Line, LocalLine
from ricarica.testing.world import World, key_of
from tests.stories.test_alerts import alerts, ring


@pytest.fixture
def make_line() -> Callable[[], Line]:
    """What crosses the line is what other stories carry over both kinds of it."""
    return LocalLine


MINUTE = timedelta(minutes=1)


async def known(network: World, station: SimulatedStation) -> StationEnergy:
    return await EnergyQueries(network.database).station(key_of(station), network.clock.now())


def trip(**members: Any) -> DerControl:
    points = (Point(x=Decimal(0), y=Decimal(120)), Point(x=Decimal(1), y=Decimal(110)))
    curve = Curve(points=points, y_unit=DerUnit.PCT_EFFECTIVE_V)
    return DerControl(kind=DerKind.HV_MUST_TRIP, curve=curve, **members)


async def control(network: World, station: SimulatedStation, wanted: DerControl) -> Result:
    key = key_of(station)
    command = await network.carry_out(lambda slices: slices.der.want(key, wanted, slices.now), key)
    result = await network.tell(station, command)
    await network.settle()
    return result


CONTROLS = (
    trip(id="trip", is_default=True),
    DerControl(
        kind=DerKind.ENTER_SERVICE,
        id="enter",
        is_default=True,
        enter_service=EnterService(
            high_voltage=Decimal(105),
            low_voltage=Decimal(95),
            high_freq_hz=Decimal("50.1"),
            low_freq_hz=Decimal("49.9"),
        ),
    ),
    DerControl(
        kind=DerKind.FIXED_PF_INJECT,
        id="factor",
        is_default=True,
        fixed_pf=FixedPowerFactor(displacement=Decimal("0.95"), excitation=True),
    ),
    DerControl(
        kind=DerKind.FIXED_VAR,
        id="var",
        is_default=True,
        fixed_var=FixedVar(setpoint=Decimal(10), unit=DerUnit.PCT_MAX_VAR),
    ),
    DerControl(
        kind=DerKind.FREQ_DROOP,
        id="droop",
        is_default=True,
        freq_droop=FreqDroop(
            over_freq_hz=Decimal("50.2"),
            under_freq_hz=Decimal("49.8"),
            over_droop=Decimal(5),
            under_droop=Decimal(5),
            response_s=Decimal(2),
        ),
    ),
    DerControl(
        kind=DerKind.GRADIENTS,
        id="gradient",
        is_default=True,
        gradient=Gradient(gradient=Decimal(10), soft_gradient=Decimal(5)),
    ),
    DerControl(
        kind=DerKind.LIMIT_MAX_DISCHARGE,
        id="limit",
        is_default=True,
        limit_max_discharge=LimitMaxDischarge(percent=Decimal(60)),
    ),
)


@pytest.mark.usecase("R01", "R04")
async def test_controls_of_all_shapes_are_set_and_reported_as_they_were(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    for each in CONTROLS:
        assert (await control(network, station, each)).outcome is Outcome.ACCEPTED

    result = await network.tell(station, AskDer(7))
    await network.settle()

    controls = (await known(network, station)).controls
    assert result.outcome is Outcome.ACCEPTED
    assert sorted(held.control.id for held in controls) == sorted(one.id for one in CONTROLS)
    assert {held.control.id: held.control for held in controls} == {
        each.id: each for each in CONTROLS
    }
    assert all(held.reported_at and held.held for held in controls)


@pytest.mark.usecase("R04")
async def test_a_control_that_matters_more_supersedes_the_others_of_its_kind(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V21)
    await control(network, station, trip(id="weak", is_default=True, priority=5))

    result = await control(network, station, trip(id="strong", is_default=True, priority=1))

    controls = (await known(network, station)).controls
    assert result.answer == {"superseded": ["weak"]}
    assert {held.control.id: held.superseded for held in controls} == {
        "weak": True,
        "strong": False,
    }


@pytest.mark.usecase("R04")
async def test_a_scheduled_control_is_seen_to_begin_and_to_end(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    start = (network.clock.now() + 2 * MINUTE).replace(microsecond=0)
    await control(network, station, trip(id="noon", start_at=start, duration_s=Decimal(300)))

    await network.pass_time(3 * MINUTE)
    [running] = (await known(network, station)).controls
    await network.pass_time(5 * MINUTE)

    told = await network.engine.events.lately(DEFAULT_TENANT, start)
    assert running.started
    assert [event.body["started"] for event in told if event.kind == "DerControlRan"] == [
        True,
        False,
    ]
    assert (await known(network, station)).controls == []


@pytest.mark.usecase("R04")
async def test_a_control_is_cleared(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await control(network, station, trip(id="trip", is_default=True))

    result = await network.tell(station, ClearDer(is_default=True, id="trip"))
    again = await network.tell(station, ClearDer(is_default=True, id="trip"))
    await network.settle()

    assert (result.outcome, again.status) == (Outcome.ACCEPTED, "NotFound")
    assert (await known(network, station)).controls == []


@pytest.mark.usecase("R04")
async def test_a_control_that_the_station_does_not_know_says_so(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    curve = Curve(points=(Point(x=Decimal(0), y=Decimal(1)),), y_unit=DerUnit.NOT_APPLICABLE)
    wanted = DerControl(kind=DerKind.WATT_PF, id="pf", is_default=True, curve=curve)

    result = await control(network, station, wanted)

    [held] = (await known(network, station)).controls
    assert result.outcome is Outcome.UNSUPPORTED
    assert not held.held


@pytest.mark.usecase("R05")
async def test_an_alarm_of_the_grid_begins_and_ends(network: World) -> None:
    station = await network.station("ROMA-1", V21)

    der.alarm(station.core)
    await network.settle()
    [begun] = (await known(network, station)).alarms
    der.alarm(station.core, ended=True)
    await network.settle()

    [ended] = (await known(network, station)).alarms
    assert (begun.kind, begun.fault, begun.ended_at) == (
        DerKind.HV_MUST_TRIP,
        "OverVoltage",
        None,
    )
    assert ended.ended_at is not None


@pytest.mark.usecase("R05")
async def test_another_control_takes_the_alarm_over(network: World) -> None:
    station = await network.station("ROMA-1", V21)

    der.alarm(station.core)
    der.alarm(station.core, "LFMustTrip", "UnderFrequency")
    await network.settle()

    alarms = {alarm.kind: alarm.ended_at for alarm in (await known(network, station)).alarms}
    assert alarms[DerKind.HV_MUST_TRIP] is not None
    assert alarms[DerKind.LF_MUST_TRIP] is None


@pytest.mark.usecase("R05")
async def test_an_alarm_of_the_grid_calls_somebody(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await ring(network)

    der.alarm(station.core)
    await network.settle()
    await ring(network)

    [alert] = await alerts(network)
    assert (alert.name, alert.station) == ("Alarm of the grid", "ROMA-1")


@pytest.mark.usecase("R05")
async def test_an_alarm_that_is_told_again_when_it_is_over_begins_no_other(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    teller = network.teller(station)
    begins, ends = ((network.clock.now() - each * MINUTE).isoformat() for each in (10, 5))
    said = {"controlType": "VoltVar", "timestamp": begins, "gridEventFault": "OverVoltage"}
    over = {"controlType": "VoltVar", "timestamp": ends, "alarmEnded": True}

    for told in (said, over, said, over):
        await teller.call("NotifyDERAlarm", told)

    [alarm] = (await known(network, station)).alarms
    assert alarm.ended_at is not None
    kinds = await network.database.fetch(sa.select(OUTBOX.c.kind))
    assert [kind for (kind,) in kinds].count("DerAlarmChanged") == 2
