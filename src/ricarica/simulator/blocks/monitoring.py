"""N02–N08: what a station watches by itself, and tells of."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.blocks import streams
from ricarica.simulator.catalogue import limit, number
from ricarica.simulator.core import Block, Station
from ricarica.simulator.device_model import find, has_component, same_place
from ricarica.simulator.settings import Bounds, Described, Kind, Place
from ricarica.simulator.v2_variables import component_for, matches, place_from

NOT_TOLD_FIRST = 100  # numbers below it are the maker's
FLUSH_EVERY = timedelta(seconds=10)  # whether what was queued offline can be told
THRESHOLDS = frozenset({v2.Monitor.UpperThreshold, v2.Monitor.LowerThreshold})
TARGETS = frozenset({v2.Monitor.TargetDelta, v2.Monitor.TargetDeltaRelative})
PERIODIC = frozenset({v2.Monitor.Periodic, v2.Monitor.PeriodicClockAligned})
CRITERIA = {
    v2.MonitoringCriterion.ThresholdMonitoring: THRESHOLDS,
    v2.MonitoringCriterion.DeltaMonitoring: frozenset({v2.Monitor.Delta}),
    v2.MonitoringCriterion.PeriodicMonitoring: PERIODIC,
}
HARD_WIRED = v2.EventNotification.HardWiredMonitor
PRECONFIGURED = v2.EventNotification.PreconfiguredMonitor
CUSTOM = v2.EventNotification.CustomMonitor
TEMPERATURE = Place("ChargingStation", "Temperature")
FAN = Place("FanSpeed", "Actual")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, eq=False)
class Installed:
    """A monitor. `told` is the value that was last told of; `is_beyond` its threshold now."""

    id: int
    place: Place
    type: v2.Monitor
    value: Decimal
    severity: int
    origin: v2.EventNotification = CUSTOM
    during_transaction: bool = False
    told: str | None = None
    is_beyond: bool = False
    is_enabled: bool = True
    is_gone: bool = False


def factory_monitors() -> list[Installed]:
    plug_lock = Place("ConnectorPlugRetentionLock", "Problem", evse=1, connector=1)
    return [
        Installed(1, plug_lock, v2.Monitor.Delta, Decimal(1), 4, HARD_WIRED, told="false"),
        Installed(
            2, TEMPERATURE, v2.Monitor.UpperThreshold, Decimal(75), 3, PRECONFIGURED, told="25"
        ),
    ]


@dataclass(slots=True)
class Watch:
    """`sensors` are values that nobody sets, but the world around the station."""

    monitors: list[Installed] = field(default_factory=factory_monitors)
    sensors: dict[Place, str] = field(default_factory=lambda: {TEMPERATURE: "25"})
    fan: Bounds = field(default_factory=lambda: Bounds("2000", "1000", "5000"))
    last_id: int = NOT_TOLD_FIRST
    events: int = 0
    waiting: list[tuple[int, v2.EventData]] = field(default_factory=list)


# The device model


def variables(station: Station) -> Iterator[Described]:
    watch = station.memory(Watch)
    yield Described(
        TEMPERATURE,
        watch.sensors[TEMPERATURE],
        Kind.DECIMAL,
        unit="Celsius",
        lowest=-40,
        highest=125,
        is_monitorable=True,
    )
    yield Described(
        FAN,
        watch.sensors.get(FAN, "2000"),
        Kind.INTEGER,
        unit="RPM",
        lowest=0,
        highest=6000,
        is_monitorable=True,
        bounds=watch.fan,
    )
    for evse in station.evses.values():
        for connector in evse.connectors:
            place = Place(
                "ConnectorPlugRetentionLock", "Problem", None, evse.number, connector.number
            )
            value = watch.sensors.get(place, "false")
            yield Described(place, value, Kind.BOOLEAN, is_monitorable=True)


def senses(station: Station, place: Place, value: str) -> None:
    """The world changed, and whoever watches that is told."""
    station.memory(Watch).sensors[place] = value
    look(station)


def _senses(station: Station, **texts: str) -> None:
    """`--say senses:component=ChargingStation,variable=Temperature,value=80`"""
    evse, connector = texts.get("evse"), texts.get("connector")
    place = Place(
        texts["component"],
        texts["variable"],
        evse=int(evse) if evse else None,
        connector=int(connector) if connector else None,
    )
    senses(station, place, texts["value"])


# Telling


def look(station: Station) -> None:
    """Hold every monitored value against its monitors. (N07.FR.16 ff.)"""
    for monitor in list(station.memory(Watch).monitors):
        if monitor.is_enabled and monitor.type not in PERIODIC and _is_at_work(station, monitor):
            _hold_against(station, monitor)


def _is_at_work(station: Station, monitor: Installed) -> bool:
    return not monitor.during_transaction or any(True for _ in station.transactions)


def _hold_against(station: Station, monitor: Installed) -> None:
    found = find(station, monitor.place)
    if found is None or found.value is None:
        return
    if monitor.type is v2.Monitor.Delta:
        if _has_changed(monitor, found):
            _tell(station, monitor, found.value, v2.EventTrigger.Delta)
        return
    is_beyond = _is_beyond(monitor, found)
    if is_beyond != monitor.is_beyond:
        monitor.is_beyond = is_beyond
        cleared = True if not is_beyond else None  # N07.FR.02
        _tell(station, monitor, found.value, v2.EventTrigger.Alerting, cleared=cleared)


def _has_changed(monitor: Installed, found: Described) -> bool:
    before, now = _number(monitor.told), _number(found.value)
    if before is None or now is None or found.kind not in (Kind.INTEGER, Kind.DECIMAL):
        return monitor.told != found.value  # N07.FR.19
    return abs(now - before) > monitor.value  # N07.FR.18


def _is_beyond(monitor: Installed, found: Described) -> bool:
    value = _number(found.value)
    target = _number(found.bounds.target) if found.bounds else None
    if value is None or (monitor.type in TARGETS and target is None):
        return False
    match monitor.type:
        case v2.Monitor.UpperThreshold:
            return value > monitor.value
        case v2.Monitor.LowerThreshold:
            return value < monitor.value
        case v2.Monitor.TargetDelta:
            return abs(value - (target or 0)) > monitor.value  # N07.FR.22
        case _:
            return abs(value - (target or 0)) > monitor.value * (target or 0)  # N07.FR.23


def _number(text: str | None) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _tell(
    station: Station,
    monitor: Installed,
    value: str,
    trigger: v2.EventTrigger,
    *,
    cleared: bool | None = None,
) -> None:
    watch = station.memory(Watch)
    monitor.told = value
    if monitor.severity > station.settings.integer("monitoring_level"):  # N07.FR.15
        return
    if trigger is v2.EventTrigger.Periodic and streams.take(station, monitor.id, value):
        return
    watch.events += 1
    has_severity = station.dialect.has_unanswered_calls  # it came with 2.1, as those did
    event = v2.EventData(
        event_id=watch.events,
        timestamp=station.clock,
        trigger=trigger,
        actual_value=value,
        cleared=cleared,
        component=component_for(monitor.place),
        variable=v2.Variable(name=monitor.place.variable, instance=monitor.place.instance),
        variable_monitoring_id=monitor.id,
        event_notification_type=monitor.origin,
        severity=monitor.severity if has_severity else None,
    )
    if station.online and station.is_accepted:
        tell_events(station, [event])
    elif monitor.severity <= station.settings.integer("offline_severity"):  # N07.FR.04
        if not watch.waiting:
            station.later(FLUSH_EVERY, lambda: _flush(station))
        watch.waiting.append((monitor.id, event))


def _flush(station: Station) -> None:
    watch = station.memory(Watch)
    if not (station.online and station.is_accepted):
        station.later(FLUSH_EVERY, lambda: _flush(station))
        return
    waiting, watch.waiting = watch.waiting, []
    tell_events(station, [event for _, event in waiting])


def tell_events(station: Station, events: Sequence[v2.EventData]) -> None:
    """Also for stories, with whatever they want to be told."""
    station.ask(
        v2.NotifyEventRequest(
            generated_at=station.clock, seq_no=0, tbc=False, event_data=list(events)
        )
    )


# Setting monitors


def set_monitoring(station: Station, request: v2.SetVariableMonitoringRequest) -> Payload:
    results = [_set(station, asked) for asked in request.set_monitoring_data]
    look(station)
    return v2.SetVariableMonitoringResponse(set_monitoring_result=results)


def _set(station: Station, asked: v2.SetMonitoringData) -> v2.SetMonitoringResult:
    status, number = _installed(station, asked)
    return v2.SetMonitoringResult(
        id=number,
        status=status,
        type=asked.type,
        component=asked.component,
        variable=asked.variable,
        severity=asked.severity,
    )


def _installed(
    station: Station, asked: v2.SetMonitoringData
) -> tuple[v2.SetMonitoringStatus, int | None]:
    watch, place = station.memory(Watch), place_from(asked.component, asked.variable)
    if refusal := _why_not(station, asked, place):
        return refusal, None
    former = next((each for each in watch.monitors if each.id == asked.id), None)
    if asked.id is None:
        watch.last_id += 1
    monitor = Installed(
        watch.last_id if asked.id is None else asked.id,
        place,
        asked.type,
        asked.value,
        asked.severity,
        during_transaction=bool(asked.transaction),
        is_beyond=former.is_beyond if former else False,
    )
    found = find(station, place)
    monitor.told = found.value if found else None
    if former is not None:
        former.is_gone = True
        watch.monitors.remove(former)
    watch.monitors.append(monitor)
    if monitor.type in PERIODIC:
        _again(station, monitor)
    streams.begin(station, monitor.id, asked.periodic_event_stream)
    return v2.SetMonitoringStatus.Accepted, monitor.id


def _why_not(
    station: Station, asked: v2.SetMonitoringData, place: Place
) -> v2.SetMonitoringStatus | None:
    status, watch = v2.SetMonitoringStatus, station.memory(Watch)
    found = find(station, place)
    if found is None:
        is_known = has_component(station, place)
        return status.UnknownVariable if is_known else status.UnknownComponent
    is_numeric = found.kind in (Kind.INTEGER, Kind.DECIMAL)
    if not found.is_monitorable or (asked.type in THRESHOLDS | TARGETS and not is_numeric):
        return status.UnsupportedMonitorType
    if asked.type in TARGETS and found.bounds is None:
        return status.UnsupportedMonitorType
    too_low = found.lowest is not None and asked.value < found.lowest
    too_high = found.highest is not None and asked.value > found.highest
    if asked.type in THRESHOLDS and (too_low or too_high):  # N04.FR.06
        return status.Rejected
    if asked.value < 0 and asked.type is v2.Monitor.Delta:  # N04.FR.14
        return status.Rejected
    return _why_not_instead(asked, place, watch.monitors)


def _why_not_instead(
    asked: v2.SetMonitoringData, place: Place, monitors: Sequence[Installed]
) -> v2.SetMonitoringStatus | None:
    """N04.FR.10, FR.13, FR.16, FR.18."""
    if asked.id is not None:
        former = next((each for each in monitors if each.id == asked.id), None)
        is_other = former is None or not same_place(former.place, place)
        is_fixed = former is not None and former.origin is HARD_WIRED
        if is_other or is_fixed:
            return v2.SetMonitoringStatus.Rejected
    for each in monitors:
        is_same = same_place(each.place, place) and each.type is asked.type
        if is_same and each.severity == asked.severity and each.id != asked.id:
            return v2.SetMonitoringStatus.Duplicate
    return None


def _again(station: Station, monitor: Installed) -> None:
    """N08.FR.06, FR.07"""
    interval = timedelta(seconds=float(monitor.value))
    wait = interval
    if monitor.type is v2.Monitor.PeriodicClockAligned:
        wait = interval - (station.now - EPOCH) % interval

    def ring() -> None:
        if monitor.is_gone:
            return
        found = find(station, monitor.place)
        is_due = monitor.is_enabled and _is_at_work(station, monitor)
        if found is not None and found.value is not None and is_due:
            _tell(station, monitor, found.value, v2.EventTrigger.Periodic)
        _again(station, monitor)

    station.later(wait, ring)


def clear_monitoring(station: Station, request: v2.ClearVariableMonitoringRequest) -> Payload:
    results = [
        v2.ClearMonitoringResult(id=number, status=_cleared(station, number))
        for number in request.id
    ]
    return v2.ClearVariableMonitoringResponse(clear_monitoring_result=results)


def _cleared(station: Station, number: int) -> v2.ClearMonitoringStatus:
    watch = station.memory(Watch)
    monitor = next((each for each in watch.monitors if each.id == number), None)
    if monitor is None:
        return v2.ClearMonitoringStatus.NotFound
    if monitor.origin is HARD_WIRED:
        return v2.ClearMonitoringStatus.Rejected  # N06.FR.03
    monitor.is_gone = True
    watch.monitors.remove(monitor)
    streams.end(station, number)  # N13.FR.05
    return v2.ClearMonitoringStatus.Accepted


def set_base(station: Station, request: v2.SetMonitoringBaseRequest) -> Payload:
    """N03.FR.03–FR.05"""
    watch, base = station.memory(Watch), request.monitoring_base
    if base is not v2.MonitoringBase.All:
        for monitor in watch.monitors:
            monitor.is_gone = monitor.is_gone or monitor.origin is CUSTOM
        watch.monitors = [each for each in watch.monitors if each.origin is not CUSTOM]
        known = {each.id for each in watch.monitors}
        watch.monitors += [each for each in factory_monitors() if each.id not in known]
    for monitor in watch.monitors:
        is_off = base is v2.MonitoringBase.HardWiredOnly and monitor.origin is PRECONFIGURED
        monitor.is_enabled = not is_off
    station.settings.values["monitoring_base"] = base.value
    return v2.SetMonitoringBaseResponse(status=v2.GenericDeviceModelStatus.Accepted)


def set_level(station: Station, request: v2.SetMonitoringLevelRequest) -> Payload:
    if not 0 <= request.severity <= 9:
        return v2.SetMonitoringLevelResponse(status=v2.GenericStatus.Rejected)  # N05.FR.02
    station.settings.values["monitoring_level"] = str(request.severity)
    return v2.SetMonitoringLevelResponse(status=v2.GenericStatus.Accepted)


# Reports


def report_monitors(station: Station, request: v2.GetMonitoringReportRequest) -> Payload:
    criteria, wanted = request.monitoring_criteria, request.component_variable
    types = frozenset[v2.Monitor]().union(*(CRITERIA[each] for each in criteria or ()))
    found = [
        each
        for each in station.memory(Watch).monitors
        if each.is_enabled
        and (not criteria or each.type in types)
        and (not wanted or any(matches(each.place, choice) for choice in wanted))
    ]
    if not found:  # N02.FR.10
        return v2.GetMonitoringReportResponse(status=v2.GenericDeviceModelStatus.EmptyResultSet)
    size = station.settings.integer("report_items")
    parts = [found[begin : begin + size] for begin in range(0, len(found), size)]
    for seq_no, part in enumerate(parts):
        station.ask(
            v2.NotifyMonitoringReportRequest(
                request_id=request.request_id,
                generated_at=station.clock,
                monitor=[_monitoring_data(station, each) for each in part],
                tbc=seq_no < len(parts) - 1,
                seq_no=seq_no,
            )
        )
    return v2.GetMonitoringReportResponse(status=v2.GenericDeviceModelStatus.Accepted)


def _monitoring_data(station: Station, monitor: Installed) -> v2.MonitoringData:
    has_origin = station.dialect.has_unanswered_calls  # it came with 2.1, as those did
    return v2.MonitoringData(
        component=component_for(monitor.place),
        variable=v2.Variable(name=monitor.place.variable, instance=monitor.place.instance),
        variable_monitoring=[
            v2.VariableMonitoring(
                id=monitor.id,
                transaction=monitor.during_transaction,
                value=monitor.value,
                type=monitor.type,
                severity=monitor.severity,
                event_notification_type=monitor.origin if has_origin else None,
            )
        ],
    )


def renumber(station: Station) -> None:
    """For tests: after a boot the numbers may be others. N04.FR.19"""
    for monitor in station.memory(Watch).monitors:
        if monitor.origin is CUSTOM:
            station.memory(Watch).last_id += 1
            monitor.id = station.memory(Watch).last_id


SETTINGS = (
    replace(
        number("monitoring_level", 8, None, "MonitoringCtrlr.ActiveMonitoringLevel"), highest=9
    ),
    replace(
        limit("monitoring_base", 0, None, "MonitoringCtrlr.ActiveMonitoringBase"),
        value="All",
        kind=Kind.OPTION,
    ),
    number("offline_severity", 4, None, "MonitoringCtrlr.OfflineQueuingSeverity"),
    limit("monitor_items", 3, None, "MonitoringCtrlr.ItemsPerMessage[SetVariableMonitoring]"),
    limit("monitor_bytes", 8_000, None, "MonitoringCtrlr.BytesPerMessage[SetVariableMonitoring]"),
    limit("clear_items", 2, None, "MonitoringCtrlr.ItemsPerMessage[ClearVariableMonitoring]"),
    limit("clear_bytes", 8_000, None, "MonitoringCtrlr.BytesPerMessage[ClearVariableMonitoring]"),
)
BLOCK = Block(
    "monitoring",
    commands={
        v2.SetVariableMonitoringRequest: set_monitoring,
        v2.ClearVariableMonitoringRequest: clear_monitoring,
        v2.SetMonitoringBaseRequest: set_base,
        v2.SetMonitoringLevelRequest: set_level,
        v2.GetMonitoringReportRequest: report_monitors,
    },
    settings=SETTINGS,
    variables=(variables,),
    sayings={"senses": _senses},
)
