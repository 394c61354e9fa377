"""Monitors, and what they tell of, in 2.0.1 and 2.1."""

from collections.abc import Iterator
from typing import Any

from ricarica.configuration.facts import ReportPart
from ricarica.configuration.templates import MonitorType, StreamRate, WantedMonitor
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.monitoring.commands import (
    ActivateMonitors,
    ClearMonitors,
    ReportMonitors,
    SetMonitoringLevel,
    SetMonitors,
)
from ricarica.monitoring.facts import (
    EventsNoticed,
    LevelSet,
    MonitoringToldOff,
    MonitorsActivated,
    MonitorsReported,
    MonitorsSet,
    Noticed,
)
from ricarica.monitoring.model import ActiveMonitors, Monitor, MonitorCriterion, Origin, Trigger
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.stations.facts import StatusReported
from ricarica.translation.route import Origin as From
from ricarica.translation.route import Part, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.settings import (
    choice_for,
    component_for,
    place_from,
    place_of,
    report_result_from,
    variable_for,
)
from ricarica.translation.v2.words import CONNECTOR_STATUS, detail_from

MONITOR_TYPE = {
    MonitorType.UPPER: v2.Monitor.UpperThreshold,
    MonitorType.LOWER: v2.Monitor.LowerThreshold,
    MonitorType.DELTA: v2.Monitor.Delta,
    MonitorType.PERIODIC: v2.Monitor.Periodic,
    MonitorType.CLOCK_ALIGNED: v2.Monitor.PeriodicClockAligned,
    MonitorType.TARGET_DELTA: v2.Monitor.TargetDelta,
    MonitorType.TARGET_DELTA_RELATIVE: v2.Monitor.TargetDeltaRelative,
}
TYPE_OF = {word: kind for kind, word in MONITOR_TYPE.items()}
ORIGIN = {
    v2.EventNotification.HardWiredNotification: Origin.NOTIFICATION,
    v2.EventNotification.HardWiredMonitor: Origin.HARD_WIRED,
    v2.EventNotification.PreconfiguredMonitor: Origin.PRECONFIGURED,
    v2.EventNotification.CustomMonitor: Origin.CUSTOM,
}
TRIGGER = {
    v2.EventTrigger.Alerting: Trigger.ALERTING,
    v2.EventTrigger.Delta: Trigger.DELTA,
    v2.EventTrigger.Periodic: Trigger.PERIODIC,
}
BASE = {
    ActiveMonitors.ALL: v2.MonitoringBase.All,
    ActiveMonitors.FACTORY: v2.MonitoringBase.FactoryDefault,
    ActiveMonitors.HARD_WIRED: v2.MonitoringBase.HardWiredOnly,
}
MONITOR_CRITERION = {
    MonitorCriterion.THRESHOLD: v2.MonitoringCriterion.ThresholdMonitoring,
    MonitorCriterion.DELTA: v2.MonitoringCriterion.DeltaMonitoring,
    MonitorCriterion.PERIODIC: v2.MonitoringCriterion.PeriodicMonitoring,
}
UNSUPPORTED = frozenset(
    {
        v2.SetMonitoringStatus.UnknownComponent,
        v2.SetMonitoringStatus.UnknownVariable,
        v2.SetMonitoringStatus.UnsupportedMonitorType,
    }
)
STATUSES = {word.value: status for word, status in CONNECTOR_STATUS.items()}


# -- events


def status_from(event: v2.EventData, origin: From) -> StatusReported | None:
    """G01: availability as an event of the device model."""
    if event.variable.name != "AvailabilityState" or event.actual_value not in STATUSES:
        return None
    evse = event.component.evse
    return StatusReported(
        origin.station,
        evse=EvseNumber(evse.id if evse else 0),
        connector=ConnectorNumber((evse.connector_id or 0) if evse else 0),
        status=STATUSES[event.actual_value],
        at=event.timestamp,
        received_at=origin.received_at,
        error=event.tech_code,
        detail=event.tech_info,
    )


def is_mere_status(event: v2.EventData) -> bool:
    """A status is kept with its connector; a row for each would be one for every car."""
    is_fault = event.actual_value == v2.ConnectorStatus.Faulted.value
    return not is_fault and event.tech_code is None and not event.cleared


def noticed_from(event: v2.EventData) -> Noticed:
    return Noticed(
        str(place_from(event.component, event.variable, None)),
        event.actual_value,
        event.timestamp,
        event.severity,
        cleared=bool(event.cleared),
        trigger=TRIGGER[event.trigger],
        origin=ORIGIN[event.event_notification_type],
        number=event.event_id,
        cause=event.cause,
        code=event.tech_code,
        info=event.tech_info,
        transaction=event.transaction_id,
        monitor=event.variable_monitoring_id,
    )


async def notify_event(
    req: v2.NotifyEventRequest, origin: From, slices: Slices
) -> v2.NotifyEventResponse:
    noticed: list[Noticed] = []
    for event in req.event_data:
        status = status_from(event, origin)
        if status is not None:
            await slices.stations.report_status(status)
        if status is None or not is_mere_status(event):
            noticed.append(noticed_from(event))
    if noticed:
        await slices.monitoring.notice(
            EventsNoticed(origin.station, tuple(noticed), origin.received_at)
        )
    return v2.NotifyEventResponse()  # N07.FR.03


# -- monitors


def monitors_from(data: v2.MonitoringData, origin: From) -> Iterator[Monitor]:
    name = str(place_from(data.component, data.variable, None))
    for told in data.variable_monitoring:
        kind = told.event_notification_type
        yield Monitor(
            origin.station,
            told.id,
            name,
            TYPE_OF[told.type],
            told.value,
            told.severity,
            origin.received_at,
            told.transaction,
            ORIGIN[kind] if kind else None,
        )


async def notify_monitoring_report(
    req: v2.NotifyMonitoringReportRequest, origin: From, slices: Slices
) -> v2.NotifyMonitoringReportResponse:
    monitors = tuple(each for data in req.monitor or () for each in monitors_from(data, origin))
    part = ReportPart(req.request_id, req.seq_no, is_last=not req.tbc)
    await slices.monitoring.report(
        MonitorsReported(origin.station, monitors, origin.received_at, part)
    )
    if origin.dialect.has_unanswered_calls:
        await slices.streams.name(origin.station, monitors)
    return v2.NotifyMonitoringReportResponse()


def part_of(req: v2.NotifyMonitoringReportRequest) -> Part:
    return Part("GetMonitoringReport", req.request_id, req.seq_no, is_last=not req.tbc)


def report_monitors_for(command: ReportMonitors) -> v2.GetMonitoringReportRequest:
    return v2.GetMonitoringReportRequest(
        request_id=command.number,
        monitoring_criteria=[MONITOR_CRITERION[each] for each in command.criteria] or None,
        component_variable=[choice_for(place) for place in command.places] or None,
    )


async def remember_report(
    command: ReportMonitors,
    response: v2.GetMonitoringReportResponse,
    origin: From,
    slices: Slices,
) -> None:
    match response.status:
        case v2.GenericDeviceModelStatus.Accepted:
            return
        case v2.GenericDeviceModelStatus.EmptyResultSet:
            await slices.monitoring.none_to_report(
                origin.station, command.number, origin.received_at
            )
        case _:
            told_off = MonitoringToldOff(
                origin.station, "report", origin.received_at, command.number
            )
            await slices.monitoring.told_off(told_off)


def set_monitors_for(command: SetMonitors) -> v2.SetVariableMonitoringRequest:
    return v2.SetVariableMonitoringRequest(
        set_monitoring_data=[
            set_monitor_for(monitor, command.replaced_by(place))
            for place, monitor in enumerate(command.monitors)
        ]
    )


def set_monitor_for(monitor: WantedMonitor, replaces: int | None) -> v2.SetMonitoringData:
    place = place_of(monitor.name)
    return v2.SetMonitoringData(
        id=replaces,
        transaction=monitor.during_transaction or None,
        value=monitor.value,
        type=MONITOR_TYPE[monitor.type],
        severity=monitor.severity,
        component=component_for(place),
        variable=variable_for(place),
        periodic_event_stream=rate_for(monitor.stream) if monitor.stream else None,
    )


def rate_for(rate: StreamRate) -> v2.PeriodicEventStreamParams:
    return v2.PeriodicEventStreamParams(interval=rate.interval_s, values=rate.values_max)


def one_result_from(result: v2.SetMonitoringResult) -> Result:
    status, detail = result.status, detail_from(result.status_info)
    if status is v2.SetMonitoringStatus.Accepted:
        return Result(Outcome.ACCEPTED, status, detail)
    outcome = Outcome.UNSUPPORTED if status in UNSUPPORTED else Outcome.REFUSED
    return Result(outcome, status, detail)


def set_result_from(response: v2.SetVariableMonitoringResponse) -> Result:
    """The first that was not accepted speaks for all of them; each is in the answer."""
    each = [(result, one_result_from(result)) for result in response.set_monitoring_result]
    refused = [one for _, one in each if one.outcome is not Outcome.ACCEPTED]
    said = refused[0] if refused else each[0][1]
    monitors = [
        {
            "name": str(place_from(result.component, result.variable, None)),
            "type": TYPE_OF[result.type].value,
            "severity": result.severity,
            "number": result.id,
            "outcome": one.outcome,
            "status": one.status,
        }
        for result, one in each
    ]
    return Result(said.outcome, said.status, said.detail, {"monitors": monitors})


async def remember_set(
    command: SetMonitors,
    response: v2.SetVariableMonitoringResponse,
    origin: From,
    slices: Slices,
) -> None:
    asked = {monitor.identity: monitor for monitor in command.monitors}
    accepted: list[Monitor] = []
    refused: list[tuple[WantedMonitor, str]] = []
    for result in response.set_monitoring_result:
        name = str(place_from(result.component, result.variable, None))
        wanted = asked.get((name.casefold(), TYPE_OF[result.type], result.severity))
        one = one_result_from(result)
        if wanted is None:
            continue  # nobody asked for it
        if one.outcome is not Outcome.ACCEPTED or result.id is None:
            refused.append((wanted, one.words))
            continue
        accepted.append(
            Monitor(
                origin.station,
                result.id,
                name,
                wanted.type,
                wanted.value,
                wanted.severity,
                origin.received_at,
                wanted.during_transaction,
                Origin.CUSTOM,
                wanted.stream,
            )
        )
    await slices.monitoring.set(
        MonitorsSet(origin.station, tuple(accepted), tuple(refused), origin.received_at)
    )
    await slices.streams.name(origin.station, [each for each in accepted if each.stream])


def clear_result_from(response: v2.ClearVariableMonitoringResponse) -> Result:
    results = response.clear_monitoring_result
    answer: dict[str, Any] = {"monitors": {str(each.id): each.status.value for each in results}}
    kept = [each for each in results if each.status is v2.ClearMonitoringStatus.Rejected]
    status = kept[0].status if kept else results[0].status
    return Result(Outcome.REFUSED if kept else Outcome.ACCEPTED, status, answer=answer)


async def remember_cleared(
    _command: ClearMonitors,
    response: v2.ClearVariableMonitoringResponse,
    origin: From,
    slices: Slices,
) -> None:
    rejected = v2.ClearMonitoringStatus.Rejected
    gone = [each.id for each in response.clear_monitoring_result if each.status is not rejected]
    await slices.monitoring.cleared(origin.station, gone)


async def remember_base(
    command: ActivateMonitors,
    response: v2.SetMonitoringBaseResponse,
    origin: From,
    slices: Slices,
) -> None:
    if response.status is v2.GenericDeviceModelStatus.Accepted:
        await slices.monitoring.base_set(
            MonitorsActivated(origin.station, command.base, origin.received_at)
        )
    else:
        told_off = MonitoringToldOff(origin.station, "base", origin.received_at)
        await slices.monitoring.told_off(told_off)


async def remember_level(
    command: SetMonitoringLevel,
    response: v2.SetMonitoringLevelResponse,
    origin: From,
    slices: Slices,
) -> None:
    if response.status is v2.GenericStatus.Accepted:
        await slices.monitoring.level_set(
            LevelSet(origin.station, command.severity, origin.received_at)
        )
    else:
        told_off = MonitoringToldOff(origin.station, "level", origin.received_at)
        await slices.monitoring.told_off(told_off)


ROUTES = (
    Route(
        "NotifyEvent",
        v2.NotifyEventRequest,
        notify_event,
        answer_when_put_aside=lambda _: v2.NotifyEventResponse(),
    ),
    Route(
        "NotifyMonitoringReport",
        v2.NotifyMonitoringReportRequest,
        notify_monitoring_report,
        answer_when_put_aside=lambda _: v2.NotifyMonitoringReportResponse(),
        part_of=part_of,
    ),
)
PHRASES: Phrases = {
    SetMonitors: Phrase(
        "SetVariableMonitoring", set_monitors_for, set_result_from, remember=remember_set
    ),
    ClearMonitors: Phrase(
        "ClearVariableMonitoring",
        lambda command: v2.ClearVariableMonitoringRequest(id=list(command.numbers)),
        clear_result_from,
        remember=remember_cleared,
    ),
    ActivateMonitors: Phrase(
        "SetMonitoringBase",
        lambda command: v2.SetMonitoringBaseRequest(monitoring_base=BASE[command.base]),
        result_from,
        remember=remember_base,
    ),
    SetMonitoringLevel: Phrase(
        "SetMonitoringLevel",
        lambda command: v2.SetMonitoringLevelRequest(severity=command.severity),
        result_from,
        remember=remember_level,
    ),
    ReportMonitors: Phrase(
        "GetMonitoringReport",
        report_monitors_for,
        report_result_from,
        timeout_s=60,
        remember=remember_report,
    ),
}
