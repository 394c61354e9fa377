"""What a grid's operator asks of inverters: settings and curves, by default or for some time; R."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from ricarica.energy.figures import is_sound
from ricarica.energy.model import Instant
from ricarica.energy.moments import lasting, later
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationKey

ID_LENGTH_MAX = 36
POINTS_MAX = 10


class DerKind(StrEnum):
    ENTER_SERVICE = "enter_service"
    FREQ_DROOP = "freq_droop"
    FREQ_WATT = "freq_watt"
    FIXED_PF_ABSORB = "fixed_pf_absorb"
    FIXED_PF_INJECT = "fixed_pf_inject"
    FIXED_VAR = "fixed_var"
    GRADIENTS = "gradients"
    HF_MUST_TRIP = "hf_must_trip"
    HF_MAY_TRIP = "hf_may_trip"
    HV_MUST_TRIP = "hv_must_trip"
    HV_MOM_CESS = "hv_mom_cess"
    HV_MAY_TRIP = "hv_may_trip"
    LIMIT_MAX_DISCHARGE = "limit_max_discharge"
    LF_MUST_TRIP = "lf_must_trip"
    LV_MUST_TRIP = "lv_must_trip"
    LV_MOM_CESS = "lv_mom_cess"
    LV_MAY_TRIP = "lv_may_trip"
    POWER_MONITORING_MUST_TRIP = "power_monitoring_must_trip"
    VOLT_VAR = "volt_var"
    VOLT_WATT = "volt_watt"
    WATT_PF = "watt_pf"
    WATT_VAR = "watt_var"


class DerUnit(StrEnum):
    NOT_APPLICABLE = "not_applicable"
    PCT_MAX_W = "pct_max_w"
    PCT_MAX_VAR = "pct_max_var"
    PCT_W_AVAIL = "pct_w_avail"
    PCT_VAR_AVAIL = "pct_var_avail"
    PCT_EFFECTIVE_V = "pct_effective_v"


class Setting(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What one kind of control consists of."""


class Point(Setting, frozen=True, kw_only=True):
    x: Decimal
    y: Decimal


class Hysteresis(Setting, frozen=True, kw_only=True):
    high: Decimal | None = None
    low: Decimal | None = None
    delay_s: Decimal | None = None
    gradient: Decimal | None = None


class Reactive(Setting, frozen=True, kw_only=True):
    """Of a curve from voltage to reactive power."""

    v_ref: Decimal | None = None
    autonomous_v_ref: bool | None = None
    autonomous_v_ref_time_s: Decimal | None = None


class Voltage(Setting, frozen=True, kw_only=True):
    hv10_mean: Decimal | None = None
    hv10_trip_delay_s: Decimal | None = None
    during_cessation: str | None = None  # active or reactive power


class Curve(Setting, frozen=True, kw_only=True):
    """`priority` and times are those of a curve within another control; its own go beside it."""

    points: tuple[Point, ...]
    y_unit: DerUnit
    response_s: Decimal | None = None
    hysteresis: Hysteresis | None = None
    reactive: Reactive | None = None
    voltage: Voltage | None = None
    priority: int | None = None
    start_at: Instant | None = None
    duration_s: Decimal | None = None


class EnterService(Setting, frozen=True, kw_only=True):
    high_voltage: Decimal
    low_voltage: Decimal
    high_freq_hz: Decimal
    low_freq_hz: Decimal
    delay_s: Decimal | None = None
    random_delay_s: Decimal | None = None
    ramp_rate: Decimal | None = None


class FixedPowerFactor(Setting, frozen=True, kw_only=True):
    displacement: Decimal
    excitation: bool


class FixedVar(Setting, frozen=True, kw_only=True):
    setpoint: Decimal
    unit: DerUnit


class FreqDroop(Setting, frozen=True, kw_only=True):
    over_freq_hz: Decimal
    under_freq_hz: Decimal
    over_droop: Decimal
    under_droop: Decimal
    response_s: Decimal


class Gradient(Setting, frozen=True, kw_only=True):
    gradient: Decimal
    soft_gradient: Decimal


class LimitMaxDischarge(Setting, frozen=True, kw_only=True):
    percent: Decimal | None = None
    power_monitoring: Curve | None = None


# R04.FR.16: every other kind is a curve.
MEMBER = {
    DerKind.ENTER_SERVICE: "enter_service",
    DerKind.FREQ_DROOP: "freq_droop",
    DerKind.FIXED_PF_ABSORB: "fixed_pf",
    DerKind.FIXED_PF_INJECT: "fixed_pf",
    DerKind.FIXED_VAR: "fixed_var",
    DerKind.GRADIENTS: "gradient",
    DerKind.LIMIT_MAX_DISCHARGE: "limit_max_discharge",
}
CURVE = "curve"
MEMBERS = (CURVE, *dict.fromkeys(MEMBER.values()))
ONLY_DEFAULT = frozenset({DerKind.ENTER_SERVICE, DerKind.GRADIENTS})  # R04.FR.14


class DerControl(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One setting or curve: the least `priority` prevails. `id` empty: we choose one."""

    kind: DerKind
    id: str = ""
    priority: int = 0
    is_default: bool = False
    start_at: Instant | None = None
    duration_s: Decimal | None = None
    curve: Curve | None = None
    enter_service: EnterService | None = None
    fixed_pf: FixedPowerFactor | None = None
    fixed_var: FixedVar | None = None
    freq_droop: FreqDroop | None = None
    gradient: Gradient | None = None
    limit_max_discharge: LimitMaxDischarge | None = None

    @property
    def member(self) -> str:
        return MEMBER.get(self.kind, CURVE)

    @property
    def ends_at(self) -> datetime | None:
        if self.start_at is None or self.duration_s is None:
            return None
        return later(self.start_at, lasting(self.duration_s))

    def is_over(self, now: datetime) -> bool:
        """R04.FR.10: the station has deleted it."""
        ends_at = self.ends_at
        return ends_at is not None and ends_at <= now


class HeldControl(msgspec.Struct, frozen=True, kw_only=True):
    """A control of one station. `started`: it is being followed, as far as was told."""

    station: StationKey
    control: DerControl
    held: bool = False  # the station accepted or reported it
    superseded: bool = False
    unwanted: bool = False
    outcome: str | None = None
    detail: str | None = None
    started: bool | None = None
    state_at: datetime | None = None
    told_at: datetime | None = None
    reported_at: datetime | None = None


class DerAlarm(msgspec.Struct, frozen=True, kw_only=True):
    """R05: the station deviates from its schedule, because a control makes it."""

    station: StationKey
    kind: DerKind
    at: datetime
    fault: str | None = None
    info: str | None = None
    ended_at: datetime | None = None


def faults(control: DerControl) -> Iterator[str]:
    if not is_sound(control):
        yield "a number in it is none"
        return
    if len(control.id) > ID_LENGTH_MAX:
        yield f"a control's id has {ID_LENGTH_MAX} characters at most"
    if control.priority < 0:
        yield "0 is the highest priority"
    given = [name for name in MEMBERS if getattr(control, name) is not None]
    if given != [control.member]:  # R04.FR.16
        yield f"a control of kind {control.kind} has {control.member}, and nothing else"
    elif control.curve is not None and not 1 <= len(control.curve.points) <= POINTS_MAX:
        yield f"a curve has 1 to {POINTS_MAX} points"
    has_times = control.start_at is not None or control.duration_s is not None
    if control.is_default and has_times:  # R04.FR.12
        yield "a default has neither start_at nor duration_s"
    if control.is_default:
        return
    if control.kind in ONLY_DEFAULT:  # R04.FR.14
        yield f"{control.kind} is only ever a default"
    elif control.start_at is None or control.duration_s is None:
        yield "what is no default has start_at and duration_s"


def check(control: DerControl) -> None:
    """
    Raises:
        InvalidError: it may not be sent; the text says what would do.
    """
    for fault in faults(control):
        raise InvalidError(fault)


DECODER: msgspec.json.Decoder[DerControl] = msgspec.json.Decoder(DerControl)


def control_from(text: str | bytes) -> DerControl:
    """
    Raises:
        InvalidError: it is no control; the text names the member.
    """
    try:
        return DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidError(f"this is no DER control: {error}") from error


def as_json(control: DerControl) -> dict[str, Any]:
    built: dict[str, Any] = msgspec.to_builtins(control)
    return built
