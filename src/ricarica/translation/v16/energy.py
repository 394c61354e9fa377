"""Charging profiles in 1.6: limits in A or W, and no more."""

from decimal import ROUND_DOWN, Decimal
from typing import Any

from msgspec import to_builtins
from msgspec.structs import replace

from ricarica.energy.commands import AskComposite, ClearProfiles, SetProfile, StartLimited
from ricarica.energy.evses import Composite
from ricarica.energy.model import (
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    Unit,
)
from ricarica.energy.units import TENTH
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.translation.energy import cleared_result_from, remember_cleared
from ricarica.translation.route import Origin, Phrase, Phrases
from ricarica.translation.starting import expect_limited
from ricarica.translation.v16.phrases import remote_start_for, result_from

PURPOSE = {
    Purpose.STATION_MAX: v16.ChargingProfilePurpose.ChargePointMaxProfile,
    Purpose.TX_DEFAULT: v16.ChargingProfilePurpose.TxDefaultProfile,
    Purpose.TRANSACTION: v16.ChargingProfilePurpose.TxProfile,
}
KIND = {
    Kind.ABSOLUTE: v16.ChargingProfileKind.Absolute,
    Kind.RECURRING: v16.ChargingProfileKind.Recurring,
    Kind.RELATIVE: v16.ChargingProfileKind.Relative,
}
RECURRENCE = {
    Recurrence.DAILY: v16.RecurrencyKind.Daily,
    Recurrence.WEEKLY: v16.RecurrencyKind.Weekly,
}
UNIT = {Unit.A: v16.ChargingRateUnit.A, Unit.W: v16.ChargingRateUnit.W}

# What has words here; that a car may not give back is all that 1.6 knows anyway.
PERIOD = frozenset({"start_s", "limit", "phases", "mode"})
SCHEDULE = frozenset({"id", "unit", "periods", "start_at", "duration_s", "min_rate"})
PROFILE = frozenset(
    {
        *("id", "purpose", "kind", "stack_level", "schedules", "recurrence"),
        *("valid_from", "valid_to", "transaction"),
    }
)
SPOKEN_MODES = (None, Mode.CHARGING_ONLY)


def _unsayable(struct: Any, sayable: frozenset[str]) -> str | None:
    told = (name for name in struct.__struct_fields__ if name not in sayable)
    return next((name for name in told if getattr(struct, name) not in (None, ())), None)


def _narrowed(profile: Profile) -> Profile:
    """
    Raises:
        LocalProtocolError: it has something that 1.6 has no word for.
    """
    wrong = _unsayable(profile, PROFILE)
    for schedule in profile.schedules:
        wrong = wrong or _unsayable(schedule, SCHEDULE)
        for period in schedule.periods:
            wrong = wrong or _unsayable(period, PERIOD)
            if period.mode not in SPOKEN_MODES:
                wrong = period.mode
    if profile.purpose not in PURPOSE:
        wrong = profile.purpose
    if profile.kind not in KIND:
        wrong = profile.kind
    if len(profile.schedules) != 1:
        wrong = "more than one schedule"
    if wrong:
        raise LocalProtocolError(f"1.6 has no word for {wrong}")
    return profile


def period_for(period: Period) -> v16.ChargingSchedulePeriod:
    assert period.limit is not None, "a period that only charges has a limit"
    return v16.ChargingSchedulePeriod(
        start_period=period.start_s,
        limit=_tenths(period.limit),
        number_phases=period.phases,
    )


def _tenths(limit: Decimal) -> Decimal:
    """1.6 §7.14: one digit after the point, and none where it is not needed."""
    cut = limit.quantize(TENTH, ROUND_DOWN)
    return limit if limit == cut else cut


def schedule_for(schedule: Schedule) -> v16.ChargingSchedule:
    return v16.ChargingSchedule(
        duration=schedule.duration_s,
        start_schedule=schedule.start_at,
        charging_rate_unit=UNIT[schedule.unit],
        charging_schedule_period=[period_for(period) for period in schedule.periods],
        min_charging_rate=schedule.min_rate,
    )


def profile_for(profile: Profile) -> v16.ChargingProfile:
    said = _narrowed(profile)
    return v16.ChargingProfile(
        charging_profile_id=said.id,
        transaction_id=_number(said.transaction),
        stack_level=said.stack_level,
        charging_profile_purpose=PURPOSE[said.purpose],
        charging_profile_kind=KIND[said.kind],
        recurrency_kind=RECURRENCE[said.recurrence] if said.recurrence else None,
        valid_from=said.valid_from,
        valid_to=said.valid_to,
        charging_schedule=schedule_for(said.schedules[0]),
    )


def _number(transaction: str | None) -> int | None:
    if transaction is None:
        return None
    if not transaction.isdecimal():  # it was begun over a connection that spoke 2.x
        raise LocalProtocolError(f"1.6 has no word for transaction {transaction}, only for numbers")
    return int(transaction)


def schedule_from(schedule: v16.ChargingSchedule) -> Schedule:
    unit = next(ours for ours, theirs in UNIT.items() if theirs is schedule.charging_rate_unit)
    return Schedule(
        unit=unit,
        periods=tuple(
            Period(start_s=period.start_period, limit=period.limit, phases=period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        start_at=schedule.start_schedule,
        duration_s=schedule.duration,
        min_rate=schedule.min_charging_rate,
    )


def set_profile_for(command: SetProfile) -> v16.SetChargingProfileRequest:
    return v16.SetChargingProfileRequest(
        connector_id=command.evse, cs_charging_profiles=profile_for(command.profile)
    )


async def remember_set(
    command: SetProfile,
    response: v16.SetChargingProfileResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    result = result_from(response)
    await slices.energy.set_answered(
        origin.station, command, result.outcome, result.status, origin.received_at
    )


def start_limited_for(command: StartLimited) -> v16.RemoteStartTransactionRequest:
    return replace(remote_start_for(command.start), charging_profile=profile_for(command.profile))


def clear_profiles_for(command: ClearProfiles) -> v16.ClearChargingProfileRequest:
    purpose = command.purpose
    if purpose is not None and purpose not in PURPOSE:
        raise LocalProtocolError(f"1.6 has no word for {purpose}")
    return v16.ClearChargingProfileRequest(
        id=command.id,
        connector_id=command.evse,
        charging_profile_purpose=PURPOSE[purpose] if purpose else None,
        stack_level=command.stack_level,
    )


def ask_composite_for(command: AskComposite) -> v16.GetCompositeScheduleRequest:
    return v16.GetCompositeScheduleRequest(
        connector_id=command.evse,
        duration=command.duration_s,
        charging_rate_unit=UNIT[command.unit] if command.unit else None,
    )


def composite_result_from(response: v16.GetCompositeScheduleResponse) -> Result:
    result = result_from(response)
    schedule = response.charging_schedule
    if schedule is None:
        return result
    told = to_builtins(_composite(response, schedule))
    return Result(result.outcome, result.status, answer={"schedule": told})


def _composite(
    response: v16.GetCompositeScheduleResponse, schedule: v16.ChargingSchedule
) -> Schedule:
    told = schedule_from(schedule)
    return replace(told, start_at=response.schedule_start or told.start_at)


async def remember_composite(
    command: AskComposite,
    response: v16.GetCompositeScheduleResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if response.charging_schedule is None:
        return
    told = _composite(response, response.charging_schedule)
    schedule = replace(told, start_at=told.start_at or origin.received_at)
    composite = Composite(
        at=origin.received_at,
        duration_s=command.duration_s,
        schedule=schedule,
        unit=schedule.unit,
    )
    await slices.energy.composed(origin.station, command.evse, composite)


PHRASES: Phrases = {
    SetProfile: Phrase("SetChargingProfile", set_profile_for, result_from, remember=remember_set),
    StartLimited: Phrase(
        "RemoteStartTransaction", start_limited_for, result_from, remember=expect_limited
    ),
    ClearProfiles: Phrase(
        "ClearChargingProfile", clear_profiles_for, cleared_result_from, remember=remember_cleared
    ),
    AskComposite: Phrase(
        "GetCompositeSchedule",
        ask_composite_for,
        composite_result_from,
        remember=remember_composite,
    ),
}
