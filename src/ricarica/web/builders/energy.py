"""What is known of a station's energy, as its page shows it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import msgspec

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.composite import Occasion, Span, composite
from ricarica.energy.der import DerAlarm, HeldControl
from ricarica.energy.evses import Composite, EvseEnergy
from ricarica.energy.facts import NeedsAnswer
from ricarica.energy.model import OURS, ExternalLimit, Held, Kind, Profile, Purpose, Rule, Schedule
from ricarica.energy.moments import lasting, later
from ricarica.energy.queries import StationEnergy as Known
from ricarica.energy.queries import Summary
from ricarica.energy.units import watts
from ricarica.web.views.charts import Chart, Curve, Measure
from ricarica.web.views.energy import (
    AlarmRow,
    CarRow,
    ControlRow,
    Doubts,
    EnergyRow,
    LimitRow,
    ProfileRow,
    RuleForm,
    Standing,
)
from ricarica.web.views.lists import Choice

AHEAD = timedelta(hours=24)
PERIODS_SHOWN = 4
YEARS = range(2000, 9000)
ENCODER = msgspec.json.Encoder(decimal_format="number", order="deterministic")
WATTS_PER_KILOWATT = Decimal(1000)


def energy_row_from(summary: Summary) -> EnergyRow:
    return EnergyRow(
        summary.station,
        summary.profiles,
        summary.out_of_step,
        summary.limits,
        summary.critical,
        summary.controls,
        summary.alarms,
        summary.with_priority,
        summary.needs_at,
    )


def rule_form_from(url: str, rules: Sequence[Rule], station: str | None) -> RuleForm:
    own = next((rule for rule in rules if rule.station == station), None)
    shown = own or next(iter(rules), None)
    power_w = shown.power_w if shown else None
    transfers = shown.transfers if shown else None
    return RuleForm(
        url,
        None if power_w is None else power_w / WATTS_PER_KILOWATT,
        tuple(Choice(each, each) for each in EnergyTransfer),
        frozenset(transfers or ()),
        is_own=own is not None or station is None,
        decides_transfers=transfers is not None,
    )


# -- profiles and limits


def profile_row_from(held: Held, *, may_act: bool) -> ProfileRow:
    profile = held.wanted or held.held
    return ProfileRow(
        held.id,
        held.evse,
        held.purpose,
        amounts_of(profile) if profile else "",
        profile.stack_level if profile else 0,
        _standing(held),
        held.told_at or held.reported_at,
        held.detail if held.outcome not in (None, "accepted") else None,
        held.source,
        _json(profile),
        may_remove=may_act and not held.unwanted and _is_removable(held),
        is_dynamic=profile is not None and profile.kind is Kind.DYNAMIC,
    )


def _is_removable(held: Held) -> bool:
    return held.source == OURS and held.purpose is not Purpose.EXTERNAL


def _standing(held: Held) -> Standing:
    if held.unwanted:
        return Standing.LEAVING
    if held.wanted is None:
        return Standing.FOREIGN
    if held.outcome == Standing.UNSAYABLE:
        return Standing.UNSAYABLE
    if held.is_in_step:
        return Standing.IN_STEP
    return Standing.REFUSED if held.outcome == Standing.REFUSED else Standing.WAITING


def limit_row_from(limit: ExternalLimit) -> LimitRow:
    return LimitRow(
        limit.evse,
        limit.source,
        _amounts(limit.schedules[0]) if limit.schedules else "",
        limit.at,
        limit.is_grid_critical,
        limit.is_local_generation,
        limit.cleared_at,
    )


def amounts_of(profile: Profile) -> str:
    """In one line: 16 A → 8 A."""
    return _amounts(profile.schedules[0])


def _amounts(schedule: Schedule) -> str:
    periods = schedule.periods[:PERIODS_SHOWN]
    shown = [_amount(period.setpoint, period.limit, schedule.unit) for period in periods]
    more = ["…"] if len(schedule.periods) > PERIODS_SHOWN else []
    return " → ".join([*shown, *more])


def _amount(setpoint: Decimal | None, limit: Decimal | None, unit: str) -> str:
    value = limit if setpoint is None else setpoint
    return "–" if value is None else f"{value.normalize():f} {unit}"


# -- cars


def car_row_from(each: EvseEnergy) -> CarRow:
    needs = each.needs
    return CarRow(
        each.evse,
        needs.transfer if needs else None,
        each.needs_at,
        needs.energy_wh if needs else None,
        needs.charge_w_max if needs else None,
        needs.discharge_w_max if needs else None,
        _shown(needs.departs_at) if needs else None,
        NeedsAnswer(each.answer) if each.answer else None,
        _amounts(each.plan) if each.plan else None,
        each.plan_fits,
        each.has_priority,
        each.transaction,
        _json(needs.details) if needs else None,
    )


def has_car(each: EvseEnergy) -> bool:
    return each.needs is not None or each.plan is not None or each.has_priority


# -- controls of the grid


def control_row_from(held: HeldControl) -> ControlRow:
    control = held.control
    return ControlRow(
        control.id,
        control.kind,
        control.priority,
        control.is_default,
        _control_standing(held),
        held.superseded,
        bool(held.started),
        _shown(control.start_at),
        _shown(control.ends_at),
        held.detail if held.outcome not in (None, "accepted") else None,
        _json(control),
    )


def _shown(at: datetime | None) -> datetime | None:
    """None too for what no calendar of ours can turn to a time zone."""
    return at if at and at.year in YEARS else None


def _control_standing(held: HeldControl) -> Standing:
    if held.unwanted:
        return Standing.LEAVING
    if held.held:
        return Standing.IN_STEP
    told = {each.value for each in (Standing.REFUSED, Standing.UNSAYABLE)}
    return Standing(held.outcome) if held.outcome in told else Standing.WAITING


def alarm_row_from(alarm: DerAlarm) -> AlarmRow:
    return AlarmRow(alarm.kind, alarm.fault, alarm.info, alarm.at, alarm.ended_at)


# -- what will hold


def spans_from(known: Known, occasion: Occasion, now: datetime) -> list[Span]:
    """What we believe."""
    return composite(known.placed, occasion, now, AHEAD)


def doubts_from(spans: Iterable[Span]) -> Doubts:
    ceilings = [span.ceiling for span in spans]
    return Doubts(
        max((each.delay_s for each in ceilings if each.delay_s), default=None),
        min((each.less_from_soc for each in ceilings if each.less_from_soc), default=None),
        any(each.by_unknown_clock for each in ceilings),
    )


def chart_from(ours: Sequence[Span], told: Composite | None, now: datetime) -> Chart:
    """What we believe, beside what the station itself said last."""
    theirs = _told_spans(told) if told else []
    until = now + AHEAD
    moments = {span.at for span in ours} | {at for at, _ in theirs if now <= at < until}
    times = tuple(sorted({now, until, *moments}))
    believed = tuple(_believed(ours, at) for at in times)
    said = tuple(_said(theirs, at, told) for at in times)
    curves = [Curve(Measure.LIMIT, believed)]
    if any(value is not None for value in said):
        curves.append(Curve(Measure.TOLD_LIMIT, said))
    return Chart(times, tuple(curves))


def _believed(spans: Iterable[Span], at: datetime) -> Decimal | None:
    current = [span for span in spans if span.at <= at]
    return current[-1].ceiling.in_w() if current else None


def _told_spans(told: Composite) -> list[tuple[datetime, Decimal | None]]:
    begun = told.schedule.start_at or told.at
    return [
        (
            later(begun, lasting(period.start_s)),
            None if period.limit is None else watts(period.limit, told.unit, period.phases),
        )
        for period in told.schedule.periods
    ]


def _said(
    spans: Iterable[tuple[datetime, Decimal | None]], at: datetime, told: Composite | None
) -> Decimal | None:
    if told is None or at > later(told.at, lasting(told.duration_s)):
        return None
    current = [value for begun, value in spans if begun <= at]
    return current[-1] if current else None


def _json(value: object) -> str:
    return "" if value is None else ENCODER.encode(value).decode()
