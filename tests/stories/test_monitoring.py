"""N02–N08: what stations watch by themselves, and tell of."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from ricarica.configuration.templates import Applies, MonitorType, Template, WantedMonitor
from ricarica.engine.queries.telling import UpkeepQueries
from ricarica.engine.upkeep import State
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.monitoring.commands import (
    ActivateMonitors,
    ClearMonitors,
    ReportMonitors,
    SetMonitoringLevel,
    SetMonitors,
)
from ricarica.monitoring.model import (
    ActiveMonitors,
    Monitor,
    MonitorCriterion,
    Origin,
    StationEvent,
    Trigger,
)
from ricarica.monitoring.queries import EventFilter, MonitoringQueries
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks import monitoring
from ricarica.simulator.settings import Place
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.testing.world import World, key_of

IN_2X = pytest.mark.parametrize("dialect", [V201, V21], ids=str)
HOT = WantedMonitor("ChargingStation.Temperature", MonitorType.UPPER, Decimal(60), severity=2)
LOCK = Place("ConnectorPlugRetentionLock", "Problem", evse=1, connector=1)


async def events_of(network: World, station: SimulatedStation) -> list[StationEvent]:
    """The first to come first."""
    found = await MonitoringQueries(network.database).events(
        DEFAULT_TENANT, EventFilter(key_of(station).station)
    )
    return list(reversed(found.items))


async def monitors_of(network: World, station: SimulatedStation) -> list[Monitor]:
    return await MonitoringQueries(network.database).monitors(key_of(station))


async def ask_for_all(network: World, station: SimulatedStation) -> None:
    async def ask(slices: Slices) -> ReportMonitors:
        return await slices.monitoring.ask_for_all(key_of(station), slices.now)

    await network.tell(station, await network.carry_out(ask))
    await network.settle()


async def want(network: World, monitors: Sequence[WantedMonitor], level: int | None = None) -> None:
    now = network.clock.now()
    template = Template(
        DEFAULT_TENANT, "m", "Monitors", Applies(), {}, now, now, tuple(monitors), None, level
    )

    async def save(slices: Slices) -> None:
        slices.templates.save(template)

    await network.carry_out(save)


async def push(network: World, station: SimulatedStation) -> None:
    async def tell(slices: Slices) -> None:
        slices.templates.push([key_of(station)])

    await network.carry_out(tell)
    await network.settle()


async def feel(network: World, station: SimulatedStation, place: Place, value: str) -> None:
    monitoring.senses(station.core, place, value)
    await network.settle()


def said(network: World, station: SimulatedStation, action: str) -> list[dict[str, object]]:
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[0] == 2 and frame[2] == action]


@pytest.mark.usecase("N02")
@pytest.mark.tc("TC_N_01_CSMS", "TC_N_02_CSMS", "TC_N_03_CSMS")
@IN_2X
async def test_the_monitors_there_are_get_known(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    station.settings.override({"report_items": "1"})

    await ask_for_all(network, station)

    found = await monitors_of(network, station)
    has_origin = dialect is V21  # 2.0.1 cannot say where a monitor comes from
    assert [(each.number, each.type, each.value, each.origin) for each in found] == [
        (2, MonitorType.UPPER, Decimal(75), Origin.PRECONFIGURED if has_origin else None),
        (1, MonitorType.DELTA, Decimal(1), Origin.HARD_WIRED if has_origin else None),
    ]


@pytest.mark.usecase("N02")
@IN_2X
async def test_a_report_of_what_there_is_none_of_is_empty(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, ReportMonitors(5, (MonitorCriterion.PERIODIC,)))

    assert (result.outcome, result.status) == (Outcome.ACCEPTED, "EmptyResultSet")


@pytest.mark.usecase("N04", "N07")
@pytest.mark.tc("TC_N_08_CSMS", "TC_N_48_CSMS", "TC_N_49_CSMS")
@IN_2X
async def test_a_monitor_tells_when_a_threshold_is_crossed_and_when_it_has_passed(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    result = await network.tell(station, SetMonitors((HOT,)))
    await feel(network, station, monitoring.TEMPERATURE, "61.5")
    await feel(network, station, monitoring.TEMPERATURE, "40")

    assert result.outcome is Outcome.ACCEPTED
    beyond, back = await events_of(network, station)
    assert (beyond.name, beyond.value, beyond.cleared) == (HOT.name, "61.5", False)
    assert (back.value, back.cleared) == ("40", True)
    # 2.0.1 does not say how severe it is: the monitor does.
    assert (beyond.severity, beyond.trigger, beyond.origin) == (
        2,
        Trigger.ALERTING,
        Origin.CUSTOM,
    )


@pytest.mark.usecase("N04")
@IN_2X
async def test_each_of_several_monitors_has_its_own_outcome(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    wanted = (
        HOT,
        replace(HOT, severity=3, value=Decimal(900)),  # beyond what the sensor can say
        replace(HOT, name="ChargingStation.Model"),
        replace(HOT, name="Nowhere.Nothing"),
    )

    result = await network.tell(station, SetMonitors(wanted))

    assert [each["status"] for each in result.answer["monitors"]] == [
        "Accepted",
        "Rejected",
        "UnsupportedMonitorType",
        "UnknownComponent",
    ]
    assert [each.name for each in await monitors_of(network, station)] == [HOT.name]


@pytest.mark.usecase("N04", "N07")
@pytest.mark.parametrize(
    ("type_", "value", "felt"),
    [
        (MonitorType.TARGET_DELTA, "200", "2300"),
        (MonitorType.TARGET_DELTA_RELATIVE, "0.1", "1700"),
    ],
)
async def test_2_1_watches_how_far_a_value_is_from_its_target(
    network: World, type_: MonitorType, value: str, felt: str
) -> None:
    new, old = await network.station("NEW", V21), await network.station("OLD", V201)
    wanted = WantedMonitor("FanSpeed.Actual", type_, Decimal(value), severity=5)

    accepted = await network.tell(new, SetMonitors((wanted,)))
    unsaid = await network.tell(old, SetMonitors((wanted,)))
    await feel(network, new, monitoring.FAN, felt)

    assert accepted.outcome is Outcome.ACCEPTED
    assert unsaid.outcome is Outcome.UNSUPPORTED
    assert [event.value for event in await events_of(network, new)] == [felt]


@pytest.mark.usecase("N08")
@pytest.mark.tc("TC_N_24_CSMS")
@pytest.mark.parametrize("type_", [MonitorType.PERIODIC, MonitorType.CLOCK_ALIGNED])
@IN_2X
async def test_a_value_is_told_periodically(
    network: World, dialect: Dialect, type_: MonitorType
) -> None:
    station = await network.station("ROMA-1", dialect)
    wanted = WantedMonitor("EVSE@1.Power", type_, Decimal(60))

    await network.tell(station, SetMonitors((wanted,)))
    await network.pass_time(timedelta(minutes=3))

    events = await events_of(network, station)
    assert len(events) == 3
    assert {event.trigger for event in events} == {Trigger.PERIODIC}


@pytest.mark.usecase("N07")
@pytest.mark.tc("TC_N_50_CSMS")
@IN_2X
async def test_an_event_told_twice_is_one(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.tell(station, SetMonitors((HOT,)))
    station.misbehaviour.repeat_other_id = 1

    await feel(network, station, monitoring.TEMPERATURE, "61.5")

    told = network.frames[key_of(station).station].from_station
    assert sum('"NotifyEvent"' in text for text in told) == 2
    assert len(await events_of(network, station)) == 1


@pytest.mark.usecase("N07")
@IN_2X
async def test_all_that_an_event_tells_is_kept(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    event = {
        "eventId": 41,
        "timestamp": "2026-05-04T11:59:00Z",
        "trigger": "Delta",
        "cause": 40,
        "actualValue": "true",
        "techCode": "E-17",
        "techInfo": "the fan is stuck",
        "transactionId": "T-1",
        "component": {"name": "FanSpeed", "evse": {"id": 1}},
        "variable": {"name": "Problem"},
        "eventNotificationType": "HardWiredNotification",
    }

    await network.teller(station).call(
        "NotifyEvent",
        {"generatedAt": "2026-05-04T12:00:00Z", "seqNo": 0, "eventData": [event]},
    )

    [kept] = await events_of(network, station)
    assert (kept.number, kept.cause, kept.code) == (41, 40, "E-17")
    assert (kept.info, kept.transaction) == ("the fan is stuck", "T-1")
    assert (kept.name, kept.origin) == ("FanSpeed@1.Problem", Origin.NOTIFICATION)


@pytest.mark.usecase("G01")
@IN_2X
async def test_a_mere_status_is_no_event(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    told = network.teller(station)

    for value in ("Occupied", "Faulted"):
        event = {
            "eventId": 1,
            "timestamp": "2026-05-04T12:00:00Z",
            "trigger": "Delta",
            "actualValue": value,
            "component": {"name": "Connector", "evse": {"id": 1, "connectorId": 1}},
            "variable": {"name": "AvailabilityState"},
            "eventNotificationType": "HardWiredNotification",
        }
        generated = {"generatedAt": "2026-05-04T12:00:00Z", "seqNo": 0, "eventData": [event]}
        await told.call("NotifyEvent", generated)

    assert [event.value for event in await events_of(network, station)] == ["Faulted"]


@pytest.mark.usecase("N05")
@pytest.mark.tc("TC_N_16_CSMS", "TC_N_17_CSMS")
@IN_2X
async def test_what_is_less_severe_than_the_level_is_not_told(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.tell(station, SetMonitors((HOT,)))

    accepted = await network.tell(station, SetMonitoringLevel(1))
    refused = await network.tell(station, SetMonitoringLevel(10))
    await feel(network, station, monitoring.TEMPERATURE, "61.5")

    assert accepted.outcome is Outcome.ACCEPTED
    assert refused.outcome is Outcome.REFUSED
    assert await events_of(network, station) == []
    known = await MonitoringQueries(network.database).monitoring(key_of(station))
    assert known is not None
    assert known.level == 1


@pytest.mark.usecase("N03")
@pytest.mark.tc("TC_N_05_CSMS")
@IN_2X
async def test_only_the_hard_wired_monitors_are_left(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.tell(station, SetMonitors((HOT,)))

    result = await network.tell(station, ActivateMonitors(ActiveMonitors.HARD_WIRED))
    await network.pass_time(timedelta(minutes=1))
    await ask_for_all(network, station)

    assert result.outcome is Outcome.ACCEPTED
    assert [each.number for each in await monitors_of(network, station)] == [1]


@pytest.mark.usecase("N06")
@pytest.mark.tc("TC_N_18_CSMS", "TC_N_44_CSMS")
@IN_2X
async def test_monitors_are_cleared_as_many_at_once_as_the_station_takes(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    await ask_for_all(network, station)

    orders = await network.carry_out(
        lambda slices: slices.monitoring.clearing(key_of(station), [1, 2, 77])
    )
    results = [await network.tell(station, order) for order in orders]

    assert orders == [ClearMonitors((1, 2)), ClearMonitors((77,))]
    assert results[0].answer["monitors"] == {"1": "Rejected", "2": "Accepted"}
    assert results[1].answer["monitors"] == {"77": "NotFound"}
    assert [each.number for each in await monitors_of(network, station)] == [1]


@pytest.mark.usecase("N04")
@pytest.mark.tc("TC_N_09_CSMS")
@IN_2X
async def test_wanted_monitors_are_set_and_set_anew_when_they_differ(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    others = [replace(HOT, severity=severity) for severity in (4, 5, 6)]
    impossible = replace(HOT, name="Nowhere.Nothing")
    await want(network, [HOT, *others, impossible], level=7)

    await push(network, station)
    await want(network, [replace(HOT, value=Decimal(50))])
    await push(network, station)

    found = {
        each.severity: each.value
        for each in await monitors_of(network, station)
        if each.name == HOT.name
    }
    assert found == {2: 50, 3: 75, 4: 60, 5: 60, 6: 60}
    orders = said(network, station, "SetVariableMonitoring")
    sizes = [len(each) for order in orders if isinstance(each := order["setMonitoringData"], list)]
    assert sizes == [3, 2, 1]  # N04.FR.09: the simulator takes three
    assert sum("Nowhere" in json.dumps(order) for order in orders) == 1
    assert said(network, station, "SetMonitoringLevel") == [{"severity": 7}]


@pytest.mark.usecase("N04")
@IN_2X
async def test_after_a_boot_monitors_are_asked_for_anew(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await want(network, [HOT])
    await push(network, station)

    before = {each.number for each in await monitors_of(network, station)}
    station.lose_power()
    await network.cut(station)
    monitoring.renumber(station.core)  # N04.FR.19
    await network.pass_time(timedelta(minutes=1))
    await network.connect(station)
    await network.settle()

    its_own = {each.id for each in station.core.memory(monitoring.Watch).monitors}
    assert its_own != before
    assert {each.number for each in await monitors_of(network, station)} == its_own
    assert len(said(network, station, "GetMonitoringReport")) == 2
    assert len(said(network, station, "SetVariableMonitoring")) == 1


@pytest.mark.usecase("N02", "N04")
@IN_2X
async def test_what_was_not_answered_before_the_connection_was_lost_is_asked_again(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    station.misbehaviour.ignores_calls = True
    await want(network, [HOT])
    await push(network, station)
    await network.cut(station)
    station.misbehaviour.ignores_calls = False

    await network.connect(station)
    await network.pass_time(timedelta(minutes=3))

    assert HOT.name in {each.name for each in await monitors_of(network, station)}


async def test_monitors_of_a_station_that_has_none_are_not_in_step(network: World) -> None:
    station = await network.station("ROMA-1", V16)

    await want(network, [HOT])
    await push(network, station)
    await network.pass_time(timedelta(minutes=2))

    found = await UpkeepQueries(network.database).standings(key_of(station))
    assert [each.state for each in found if each.kind == "monitors"] == [State.UNSUPPORTED]


@pytest.mark.usecase("G05")
@pytest.mark.tc("TC_G_20_CSMS")
async def test_a_lock_that_fails_is_an_event_in_every_dialect(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    if dialect is V16:
        station.fault(1, "ConnectorLockFailure")
        await network.settle()
        await network.pass_time(timedelta(minutes=1))
        station.clear_fault(1)
        await network.settle()
    else:
        await feel(network, station, LOCK, "true")
        await feel(network, station, LOCK, "false")

    begin, end = await events_of(network, station)
    assert begin.value == ("ConnectorLockFailure" if dialect is V16 else "true")
    assert begin.name.startswith("Connector")
    assert not begin.cleared
    assert end.cleared is (dialect is V16)  # a change back is a change like any other


async def test_1_6_tells_of_errors_with_its_statuses_and_of_nothing_without_any(
    network: World,
) -> None:
    station = await network.station("ROMA-1", V16)
    status = {
        "connectorId": 1,
        "errorCode": "GroundFailure",
        "status": "Faulted",
        "timestamp": "2026-05-04T12:00:01Z",
        "vendorErrorCode": "0x17",
        "info": "30 mA",
    }
    teller = network.teller(station)

    await teller.call("StatusNotification", status)
    await teller.call("StatusNotification", {**status, "timestamp": "2026-05-04T12:00:02Z"})

    [event] = await events_of(network, station)
    assert (event.name, event.value, event.severity) == ("Connector@1.Problem", "GroundFailure", 0)
    assert (event.code, event.info) == ("0x17", "30 mA")


@pytest.mark.usecase("N07")
@IN_2X
async def test_an_event_of_an_absurd_time_is_one_however_often_it_is_told(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)
    event = {
        "eventId": 3,
        "timestamp": "1970-01-01T00:00:12Z",
        "trigger": "Alerting",
        "actualValue": "true",
        "component": {"name": "FanSpeed"},
        "variable": {"name": "Problem"},
        "eventNotificationType": "HardWiredNotification",
    }
    told = {"generatedAt": "1970-01-01T00:00:12Z", "seqNo": 0, "eventData": [event]}
    began = network.clock.now()

    await network.teller(station).call("NotifyEvent", told)
    await network.pass_time(timedelta(minutes=3))
    await network.teller(station).call("NotifyEvent", told)

    [kept] = await events_of(network, station)
    assert kept.placed_at == kept.received_at == began
    # A clock that begins anew with each boot tells the same of something else.
    network.clock.pass_time(timedelta(days=2))
    await network.teller(station).call("NotifyEvent", told)
    assert len(await events_of(network, station)) == 2
