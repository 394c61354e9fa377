"""Controls of the grid, at a station that can give energy back. (2.1 R)"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import Block, Station
from ricarica.simulator.settings import Described, Kind, Place

PAGE = 3  # controls in one report
KIND = v2.DERControl
UNSUPPORTED = frozenset({KIND.WattPF})
ONLY_DEFAULT = frozenset({KIND.EnterService, KIND.Gradients})

# R04.FR.16: what is set, and how it is reported. Every other kind is a curve.
MEMBER = {
    KIND.EnterService: "enter_service",
    KIND.FreqDroop: "freq_droop",
    KIND.FixedPFAbsorb: "fixed_pf_absorb",
    KIND.FixedPFInject: "fixed_pf_inject",
    KIND.FixedVar: "fixed_var",
    KIND.Gradients: "gradient",
    KIND.LimitMaxDischarge: "limit_max_discharge",
}
MEMBERS = ("curve", *MEMBER.values())


@dataclass
class Control:
    id: str
    kind: v2.DERControl
    is_default: bool
    member: Any
    is_superseded: bool = False
    started: bool = False

    @property
    def start(self) -> datetime | None:
        found: datetime | None = getattr(self.member, "start_time", None)
        return found

    @property
    def lasts(self) -> timedelta:
        return timedelta(seconds=int(getattr(self.member, "duration", None) or 0))


@dataclass
class Der:
    controls: dict[str, Control] = field(default_factory=dict)


def _set(station: Station, request: v2.SetDERControlRequest) -> Payload:
    words = v2.DERControlStatus
    if request.control_type in UNSUPPORTED:  # R04.FR.01
        return v2.SetDERControlResponse(status=words.NotSupported)
    given = [name for name in MEMBERS if getattr(request, name) is not None]
    name = MEMBER.get(request.control_type, "curve")
    if given != [name] or _is_misplaced(request, getattr(request, name)):
        return v2.SetDERControlResponse(status=words.Rejected)  # R04.FR.13, 15, 17
    member = getattr(request, name)
    control = Control(request.control_id, request.control_type, request.is_default, member)
    superseded = _superseded_by(station, control)
    station.memory(Der).controls[control.id] = control
    _schedule(station, control)
    return v2.SetDERControlResponse(status=words.Accepted, superseded_ids=superseded or None)


def _is_misplaced(request: v2.SetDERControlRequest, member: Any) -> bool:
    has_times = getattr(member, "start_time", None) or getattr(member, "duration", None)
    if request.is_default:
        return bool(has_times)
    return request.control_type in ONLY_DEFAULT


def _superseded_by(station: Station, new: Control) -> list[str]:
    """R04.FR.03, R04.FR.06, R04.FR.08: the least priority prevails, but for what runs already."""
    superseded = []
    for other in station.memory(Der).controls.values():
        if (other.kind, other.is_default) != (new.kind, new.is_default) or other.id == new.id:
            continue
        if other.member.priority > new.member.priority and not other.started:
            other.is_superseded = True
            superseded.append(other.id)
        elif other.member.priority < new.member.priority:
            new.is_superseded = True
            superseded.append(new.id)
    return superseded


def _schedule(station: Station, control: Control) -> None:
    if control.start is None:
        return
    wait = max(control.start - station.now, timedelta())
    station.later(wait, lambda: _begin(station, control))
    station.later(wait + control.lasts, lambda: _end(station, control))


def _begin(station: Station, control: Control) -> None:
    """R04.FR.20, R04.FR.21"""
    controls = station.memory(Der).controls
    if controls.get(control.id) is not control or control.is_superseded:
        return
    before = [
        other
        for other in controls.values()
        if other.kind == control.kind and other.started and other is not control
    ]
    for other in before:
        other.is_superseded, other.started = True, False
    control.started = True
    _tell(station, control, started=True, superseded=[other.id for other in before])


def _end(station: Station, control: Control) -> None:
    """R04.FR.10, R04.FR.22"""
    controls = station.memory(Der).controls
    if controls.get(control.id) is not control:
        return
    del controls[control.id]
    if control.started:
        _tell(station, control, started=False, superseded=[])


def _tell(station: Station, control: Control, *, started: bool, superseded: list[str]) -> None:
    station.ask(
        v2.NotifyDERStartStopRequest(
            control_id=control.id,
            started=started,
            timestamp=station.clock,
            superseded_ids=superseded or None,
        )
    )


def _get(station: Station, request: v2.GetDERControlRequest) -> Payload:
    words = v2.DERControlStatus
    if request.control_type in UNSUPPORTED:  # R04.FR.36
        return v2.GetDERControlResponse(status=words.NotSupported)
    found = [
        control
        for control in station.memory(Der).controls.values()
        if request.is_default in (None, control.is_default)
        and request.control_type in (None, control.kind)
        and request.control_id in (None, control.id)
    ]
    if not found:
        return v2.GetDERControlResponse(status=words.NotFound)  # R04.FR.30
    for start in range(0, len(found), PAGE):
        is_last = start + PAGE >= len(found)
        page = found[start : start + PAGE]
        station.ask(_report(request.request_id, page, tbc=None if is_last else True))
    return v2.GetDERControlResponse(status=words.Accepted)


def _report(number: int, page: list[Control], tbc: bool | None) -> Payload:
    members: dict[str, Any] = {}
    for control in page:
        name = MEMBER.get(control.kind, "curve")
        members.setdefault(name, []).append(_as_got(control, name))
    return v2.ReportDERControlRequest(request_id=number, tbc=tbc, **members)


GOT: dict[str, tuple[type[Payload], str]] = {
    "curve": (v2.DERCurveGet, "curve"),
    "enter_service": (v2.EnterServiceGet, "enter_service"),
    "fixed_pf_absorb": (v2.FixedPFGet, "fixed_pf"),
    "fixed_pf_inject": (v2.FixedPFGet, "fixed_pf"),
    "fixed_var": (v2.FixedVarGet, "fixed_var"),
    "freq_droop": (v2.FreqDroopGet, "freq_droop"),
    "gradient": (v2.GradientGet, "gradient"),
    "limit_max_discharge": (v2.LimitMaxDischargeGet, "limit_max_discharge"),
}


def _as_got(control: Control, name: str) -> Payload:
    kind, inner = GOT[name]
    told: dict[str, Any] = {inner: control.member, "id": control.id}
    if control.kind not in ONLY_DEFAULT:
        told |= {"is_default": control.is_default, "is_superseded": control.is_superseded}
    if name == "curve":
        told["curve_type"] = control.kind
    return kind(**told)


def _clear(station: Station, request: v2.ClearDERControlRequest) -> Payload:
    words = v2.DERControlStatus
    controls = station.memory(Der).controls
    if request.control_type in UNSUPPORTED:  # R04.FR.43
        return v2.ClearDERControlResponse(status=words.NotSupported)
    found = [
        control
        for control in controls.values()
        if control.is_default is request.is_default
        and request.control_type in (None, control.kind)
        and request.control_id in (None, control.id)
    ]
    is_particular = request.control_id is not None or request.control_type is not None
    if not found and is_particular:
        return v2.ClearDERControlResponse(status=words.NotFound)  # R04.FR.41, R04.FR.42
    for control in found:
        del controls[control.id]
    return v2.ClearDERControlResponse(status=words.Accepted)


# -- what it says by itself


def alarm(
    station: Station,
    kind: str = "HVMustTrip",
    fault: str | None = "OverVoltage",
    *,
    ended: bool = False,
) -> None:
    """R05"""
    station.ask(
        v2.NotifyDERAlarmRequest(
            control_type=v2.DERControl(kind),
            grid_event_fault=v2.GridEventFault(fault) if fault else None,
            alarm_ended=ended or None,
            timestamp=station.clock,
        )
    )


def _say_alarm(
    station: Station, kind: str = "HVMustTrip", fault: str = "OverVoltage", ended: str = "false"
) -> None:
    alarm(station, kind, fault, ended=ended == "true")


def _variables(station: Station) -> Iterator[Described]:
    """R01.FR.01: what its inverters can do, of stations that speak 2.1."""
    if not station.dialect.has_unanswered_calls:
        return
    modes = ",".join(kind.value for kind in KIND if kind not in UNSUPPORTED)
    for evse in station.evses.values():
        component = "DCDERCtrlr" if evse.outlet.is_dc else "ACDERCtrlr"
        place = Place(component, "ModesSupported", evse=evse.number)
        yield Described(place, modes, Kind.MEMBERS)


BLOCK = Block(
    "der",
    commands={
        v2.SetDERControlRequest: _set,
        v2.GetDERControlRequest: _get,
        v2.ClearDERControlRequest: _clear,
    },
    variables=(_variables,),
    sayings={"der_alarm": _say_alarm},
)
