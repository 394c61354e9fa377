"""Controls of the grid in 2.1; R."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ricarica.energy.commands import AskDer, ClearDer, SetDer
from ricarica.energy.der import (
    ONLY_DEFAULT,
    Curve,
    DerControl,
    DerKind,
    EnterService,
    FixedPowerFactor,
    FixedVar,
    FreqDroop,
    Gradient,
    Hysteresis,
    LimitMaxDischarge,
    Point,
    Reactive,
    Voltage,
)
from ricarica.energy.facts import DerAlarmTold, DerRan, DerReported
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Part, Phrase, Phrases, Route
from ricarica.translation.v2.energy import told_at
from ricarica.translation.v2.energy_words import DER_KIND, DER_UNIT, back
from ricarica.translation.v2.phrases import result_from

# Our members, and those of the protocol.
HYSTERESIS = {
    "high": "hysteresis_high",
    "low": "hysteresis_low",
    "delay_s": "hysteresis_delay",
    "gradient": "hysteresis_gradient",
}
REACTIVE = {
    "v_ref": "v_ref",
    "autonomous_v_ref": "autonomous_v_ref_enable",
    "autonomous_v_ref_time_s": "autonomous_v_ref_time_constant",
}
ENTER_SERVICE = {
    "high_voltage": "high_voltage",
    "low_voltage": "low_voltage",
    "high_freq_hz": "high_freq",
    "low_freq_hz": "low_freq",
    "delay_s": "delay",
    "random_delay_s": "random_delay",
    "ramp_rate": "ramp_rate",
}
FIXED_PF = {"displacement": "displacement", "excitation": "excitation"}
FREQ_DROOP = {
    "over_freq_hz": "over_freq",
    "under_freq_hz": "under_freq",
    "over_droop": "over_droop",
    "under_droop": "under_droop",
    "response_s": "response_time",
}
GRADIENT = {"gradient": "gradient", "soft_gradient": "soft_gradient"}
TIMES = {"start_at": "start_time", "duration_s": "duration"}
CESSATION = {
    "active": v2.PowerDuringCessation.Active,
    "reactive": v2.PowerDuringCessation.Reactive,
}

# Kinds whose members are said one by one: where, as what, and by which names.
SIMPLE: Mapping[DerKind, tuple[str, Callable[..., Payload], Mapping[str, str]]] = {
    DerKind.ENTER_SERVICE: ("enter_service", v2.EnterService, ENTER_SERVICE),
    DerKind.FREQ_DROOP: ("freq_droop", v2.FreqDroop, FREQ_DROOP),
    DerKind.FIXED_PF_ABSORB: ("fixed_pf_absorb", v2.FixedPF, FIXED_PF),
    DerKind.FIXED_PF_INJECT: ("fixed_pf_inject", v2.FixedPF, FIXED_PF),
    DerKind.GRADIENTS: ("gradient", v2.Gradient, GRADIENT),
}


def _ours(struct: Payload, names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: getattr(struct, theirs) for ours, theirs in names.items()}


def _theirs(struct: msgspec.Struct, names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: getattr(struct, ours) for ours, theirs in names.items()}


# -- curves


def curve_for(curve: Curve, priority: int, times: Mapping[str, Any]) -> v2.DERCurve:
    hysteresis, reactive, voltage = curve.hysteresis, curve.reactive, curve.voltage
    return v2.DERCurve(
        curve_data=[v2.DERCurvePoints(x=point.x, y=point.y) for point in curve.points],
        y_unit=DER_UNIT[curve.y_unit],
        response_time=curve.response_s,
        hysteresis=v2.Hysteresis(**_theirs(hysteresis, HYSTERESIS)) if hysteresis else None,
        reactive_power_params=v2.ReactivePowerParams(**_theirs(reactive, REACTIVE))
        if reactive
        else None,
        voltage_params=_voltage_for(voltage) if voltage else None,
        priority=priority,
        **times,
    )


def _voltage_for(voltage: Voltage) -> v2.VoltageParams:
    return v2.VoltageParams(
        hv10_min_mean_value=voltage.hv10_mean,
        hv10_min_mean_trip_delay=voltage.hv10_trip_delay_s,
        power_during_cessation=CESSATION.get(voltage.during_cessation or ""),
    )


def curve_from(curve: v2.DERCurve, *, within: bool = False) -> Curve:
    """`within` another control, it keeps a priority and times of its own."""
    hysteresis, reactive = curve.hysteresis, curve.reactive_power_params
    voltage = curve.voltage_params
    own = {"priority": curve.priority, **_ours(curve, TIMES)} if within else {}
    return Curve(
        points=tuple(Point(x=point.x, y=point.y) for point in curve.curve_data),
        y_unit=back(DER_UNIT, curve.y_unit),
        response_s=curve.response_time,
        hysteresis=Hysteresis(**_ours(hysteresis, HYSTERESIS)) if hysteresis else None,
        reactive=Reactive(**_ours(reactive, REACTIVE)) if reactive else None,
        voltage=_voltage_from(voltage) if voltage else None,
        **own,
    )


def _voltage_from(voltage: v2.VoltageParams) -> Voltage:
    cessation = voltage.power_during_cessation
    words = {theirs: ours for ours, theirs in CESSATION.items()}
    return Voltage(
        hv10_mean=voltage.hv10_min_mean_value,
        hv10_trip_delay_s=voltage.hv10_min_mean_trip_delay,
        during_cessation=words[cessation] if cessation else None,
    )


# -- saying


def set_der_for(command: SetDer) -> v2.SetDERControlRequest:
    control = command.control
    return v2.SetDERControlRequest(
        is_default=control.is_default,
        control_id=control.id,
        control_type=DER_KIND[control.kind],
        **_member_for(control),
    )


def _member_for(control: DerControl) -> dict[str, Any]:
    """R04.FR.16: the one member that belongs to the kind."""
    times, priority = _theirs(control, TIMES), control.priority
    if control.kind in SIMPLE:
        name, kind, names = SIMPLE[control.kind]
        told = _theirs(getattr(control, control.member), names)
        timed = {} if control.kind in ONLY_DEFAULT else times
        return {name: kind(priority=priority, **told, **timed)}
    if control.fixed_var:
        setpoint, unit = control.fixed_var.setpoint, DER_UNIT[control.fixed_var.unit]
        fixed_var = v2.FixedVar(priority=priority, setpoint=setpoint, unit=unit, **times)
        return {"fixed_var": fixed_var}
    if control.limit_max_discharge:
        return {"limit_max_discharge": _limit_for(control, control.limit_max_discharge)}
    assert control.curve is not None, "a control without its member was not let through"
    return {"curve": curve_for(control.curve, priority, times)}


def _limit_for(control: DerControl, limit: LimitMaxDischarge) -> v2.LimitMaxDischarge:
    within = limit.power_monitoring
    return v2.LimitMaxDischarge(
        priority=control.priority,
        pct_max_discharge_power=limit.percent,
        power_monitoring_must_trip=curve_for(
            within,
            control.priority if within.priority is None else within.priority,
            _theirs(within, TIMES),
        )
        if within
        else None,
        **_theirs(control, TIMES),
    )


def set_der_result_from(response: v2.SetDERControlResponse) -> Result:
    result = result_from(response)
    superseded = response.superseded_ids
    answer = {"superseded": superseded} if superseded else {}
    return Result(result.outcome, result.status, result.detail, answer)


async def remember_set(
    command: SetDer, response: v2.SetDERControlResponse, origin: Origin, slices: Slices
) -> None:
    result = result_from(response)
    await slices.der.answered(
        origin.station, command, result.outcome, result.detail, origin.received_at
    )
    await slices.der.superseded(origin.station, tuple(response.superseded_ids or ()))


async def remember_cleared(
    command: ClearDer, response: v2.ClearDERControlResponse, origin: Origin, slices: Slices
) -> None:
    if cleared_result_from(response).outcome is Outcome.ACCEPTED:
        await slices.der.cleared(origin.station, command)


def cleared_result_from(response: v2.ClearDERControlResponse) -> Result:
    """R04.FR.41, R04.FR.42: what is not there need not be cleared."""
    result = result_from(response)
    if response.status is v2.DERControlStatus.NotFound:
        return Result(Outcome.ACCEPTED, result.status, result.detail)
    return result


def asked_result_from(response: v2.GetDERControlResponse) -> Result:
    """R04.FR.30: that there are none is an answer too."""
    result = result_from(response)
    if response.status is v2.DERControlStatus.NotFound:
        return Result(Outcome.ACCEPTED, result.status, result.detail)
    return result


PHRASES: Phrases = {
    SetDer: Phrase("SetDERControl", set_der_for, set_der_result_from, remember=remember_set),
    AskDer: Phrase(
        "GetDERControl",
        lambda command: v2.GetDERControlRequest(
            request_id=command.number,
            is_default=command.is_default,
            control_type=DER_KIND[command.kind] if command.kind else None,
            control_id=command.id,
        ),
        asked_result_from,
    ),
    ClearDer: Phrase(
        "ClearDERControl",
        lambda command: v2.ClearDERControlRequest(
            is_default=command.is_default,
            control_type=DER_KIND[command.kind] if command.kind else None,
            control_id=command.id,
        ),
        cleared_result_from,
        remember=remember_cleared,
    ),
}


# -- reading


def controls_from(req: v2.ReportDERControlRequest) -> Iterator[tuple[DerControl, bool]]:
    """Each with whether another one supersedes it."""
    for curve in req.curve or ():
        told = {**_frame(curve), **_ours(curve.curve, TIMES), "priority": curve.curve.priority}
        kind = back(DER_KIND, curve.curve_type)
        yield DerControl(kind=kind, curve=curve_from(curve.curve), **told), curve.is_superseded
    for enter in req.enter_service or ():
        inner = EnterService(**_ours(enter.enter_service, ENTER_SERVICE))
        priority = enter.enter_service.priority
        kind = DerKind.ENTER_SERVICE
        yield _default(kind, enter.id, priority, enter_service=inner), False
    for gradient in req.gradient or ():
        steps = Gradient(**_ours(gradient.gradient, GRADIENT))
        priority = gradient.gradient.priority
        yield _default(DerKind.GRADIENTS, gradient.id, priority, gradient=steps), False
    yield from _fixed_from(req)
    yield from _limits_from(req)


def _default(kind: DerKind, id: str, priority: int, **member: Any) -> DerControl:
    """R04.FR.14: these are defaults, and say so by having no word for it."""
    return DerControl(kind=kind, id=id, priority=priority, is_default=True, **member)


def _fixed_from(req: v2.ReportDERControlRequest) -> Iterator[tuple[DerControl, bool]]:
    factors = [(DerKind.FIXED_PF_ABSORB, each) for each in req.fixed_pf_absorb or ()]
    factors += [(DerKind.FIXED_PF_INJECT, each) for each in req.fixed_pf_inject or ()]
    for kind, factor in factors:
        fixed_pf = FixedPowerFactor(**_ours(factor.fixed_pf, FIXED_PF))
        told = _timed(factor, factor.fixed_pf)
        yield DerControl(kind=kind, fixed_pf=fixed_pf, **told), factor.is_superseded
    for var in req.fixed_var or ():
        unit = back(DER_UNIT, var.fixed_var.unit)
        fixed_var = FixedVar(setpoint=var.fixed_var.setpoint, unit=unit)
        told = _timed(var, var.fixed_var)
        yield DerControl(kind=DerKind.FIXED_VAR, fixed_var=fixed_var, **told), var.is_superseded
    for each in req.freq_droop or ():
        droop = FreqDroop(**_ours(each.freq_droop, FREQ_DROOP))
        told = _timed(each, each.freq_droop)
        yield DerControl(kind=DerKind.FREQ_DROOP, freq_droop=droop, **told), each.is_superseded


def _limits_from(req: v2.ReportDERControlRequest) -> Iterator[tuple[DerControl, bool]]:
    for each in req.limit_max_discharge or ():
        limit = each.limit_max_discharge
        within = limit.power_monitoring_must_trip
        inner = LimitMaxDischarge(
            percent=limit.pct_max_discharge_power,
            power_monitoring=curve_from(within, within=True) if within else None,
        )
        kind = DerKind.LIMIT_MAX_DISCHARGE
        told = _timed(each, limit)
        yield DerControl(kind=kind, limit_max_discharge=inner, **told), each.is_superseded


def _frame(each: Any) -> dict[str, Any]:
    return {"id": each.id, "is_default": each.is_default}


def _timed(each: Any, inner: Any) -> dict[str, Any]:
    return {**_frame(each), **_ours(inner, TIMES), "priority": inner.priority}


async def report_der_control(
    req: v2.ReportDERControlRequest, origin: Origin, slices: Slices
) -> v2.ReportDERControlResponse:
    for control, superseded in controls_from(req):
        reported = DerReported(origin.station, control, superseded, origin.received_at)
        await slices.der.report(reported)
    return v2.ReportDERControlResponse()


async def notify_der_alarm(
    req: v2.NotifyDERAlarmRequest, origin: Origin, slices: Slices
) -> v2.NotifyDERAlarmResponse:
    fault = req.grid_event_fault
    await slices.der.alarm(
        DerAlarmTold(
            origin.station,
            back(DER_KIND, req.control_type),
            told_at(req.timestamp, origin),
            str(fault) if fault else None,
            req.extra_info,
            ended=bool(req.alarm_ended),
        )
    )
    return v2.NotifyDERAlarmResponse()


async def notify_der_start_stop(
    req: v2.NotifyDERStartStopRequest, origin: Origin, slices: Slices
) -> v2.NotifyDERStartStopResponse:
    await slices.der.ran(
        DerRan(
            origin.station,
            req.control_id,
            req.started,
            told_at(req.timestamp, origin),
            tuple(req.superseded_ids or ()),
        )
    )
    return v2.NotifyDERStartStopResponse()


ROUTES = (
    Route(
        "ReportDERControl",
        v2.ReportDERControlRequest,
        report_der_control,
        answer_when_put_aside=lambda _: v2.ReportDERControlResponse(),
        part_of=lambda req: Part("GetDERControl", req.request_id, -1, not req.tbc),
    ),
    Route(
        "NotifyDERAlarm",
        v2.NotifyDERAlarmRequest,
        notify_der_alarm,
        answer_when_put_aside=lambda _: v2.NotifyDERAlarmResponse(),
    ),
    Route(
        "NotifyDERStartStop",
        v2.NotifyDERStartStopRequest,
        notify_der_start_stop,
        answer_when_put_aside=lambda _: v2.NotifyDERStartStopResponse(),
    ),
)
