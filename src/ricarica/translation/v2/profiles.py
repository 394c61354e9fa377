"""Charging profiles in 2.0.1 and 2.1, both ways."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ricarica.energy.model import (
    AMOUNTS,
    Amounts,
    FrequencyPoint,
    Period,
    Profile,
    Schedule,
    SignalPoint,
    SocLimit,
)
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.translation.v2.energy_words import KIND, MODE, PURPOSE, RECURRENCE, UNIT, back

P = TypeVar("P", bound=Payload)

# Our names, and those of the protocol where they differ.
PERIOD = {
    **{name: name for name in AMOUNTS},
    "start_s": "start_period",
    "phases": "number_phases",
    "phase": "phase_to_use",
    "preconditioning": "preconditioning_request",
    "evse_sleep": "evse_sleep",
    "baseline_w": "v2x_baseline",
}
SCHEDULE = {
    "id": "id",
    "start_at": "start_schedule",
    "duration_s": "duration",
    "min_rate": "min_charging_rate",
    "power_tolerance": "power_tolerance",
    "local_time": "use_local_time",
    "randomized_delay_s": "randomized_delay",
    "signature_id": "signature_id",
    "digest": "digest_value",
}
PRICES: Mapping[str, tuple[str, type[Payload]]] = {
    "sales_tariff": ("sales_tariff", v2.SalesTariff),
    "absolute_prices": ("absolute_price_schedule", v2.AbsolutePriceSchedule),
    "price_levels": ("price_level_schedule", v2.PriceLevelSchedule),
}
PROFILE = {
    "id": "id",
    "stack_level": "stack_level",
    "valid_from": "valid_from",
    "valid_to": "valid_to",
    "transaction": "transaction_id",
    "max_offline_s": "max_offline_duration",
    "invalid_after_offline": "invalid_after_offline_duration",
    "update_interval_s": "dyn_update_interval",
    "updated_at": "dyn_update_time",
    "price_signature": "price_schedule_signature",
}


def _ours(struct: Payload, names: Mapping[str, str]) -> dict[str, Any]:
    return {ours: getattr(struct, theirs) for ours, theirs in names.items()}


def _theirs(struct: msgspec.Struct, names: Mapping[str, str]) -> dict[str, Any]:
    return {theirs: getattr(struct, ours) for ours, theirs in names.items()}


def as_told(payload: Payload | None) -> dict[str, Any] | None:
    """An object of ISO 15118, as it came."""
    return None if payload is None else msgspec.to_builtins(payload)


def as_said(kind: type[P], given: dict[str, Any] | None) -> P | None:
    if given is None:
        return None
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise LocalProtocolError(f"this is no {kind.__name__}: {error}") from error


# -- reading


def period_from(period: v2.ChargingSchedulePeriod) -> Period:
    return Period(
        **_ours(period, PERIOD),
        mode=back(MODE, period.operation_mode) if period.operation_mode else None,
        frequency_curve=tuple(
            FrequencyPoint(point.frequency, point.power)
            for point in period.v2x_freq_watt_curve or ()
        ),
        signal_curve=tuple(
            SignalPoint(point.signal, point.power) for point in period.v2x_signal_watt_curve or ()
        ),
    )


def schedule_from(schedule: v2.ChargingSchedule) -> Schedule:
    soc = schedule.limit_at_soc
    return Schedule(
        **_ours(schedule, SCHEDULE),
        unit=back(UNIT, schedule.charging_rate_unit),
        periods=tuple(map(period_from, schedule.charging_schedule_period)),
        limit_at_soc=SocLimit(soc.soc, soc.limit) if soc else None,
        sales_tariff=as_told(schedule.sales_tariff),
        absolute_prices=as_told(schedule.absolute_price_schedule),
        price_levels=as_told(schedule.price_level_schedule),
    )


def profile_from(profile: v2.ChargingProfile) -> Profile:
    recurrence = profile.recurrency_kind
    return Profile(
        **_ours(profile, PROFILE),
        purpose=back(PURPOSE, profile.charging_profile_purpose),
        kind=back(KIND, profile.charging_profile_kind),
        recurrence=back(RECURRENCE, recurrence) if recurrence else None,
        schedules=tuple(map(schedule_from, profile.charging_schedule)),
    )


def composite_from(schedule: v2.CompositeSchedule) -> Schedule:
    return Schedule(
        unit=back(UNIT, schedule.charging_rate_unit),
        start_at=schedule.schedule_start,
        duration_s=schedule.duration,
        periods=tuple(map(period_from, schedule.charging_schedule_period)),
    )


# -- saying


def period_for(period: Period) -> v2.ChargingSchedulePeriod:
    return v2.ChargingSchedulePeriod(
        **_theirs(period, PERIOD),
        operation_mode=MODE[period.mode] if period.mode else None,
        v2x_freq_watt_curve=[
            v2.V2XFreqWattPoint(frequency=point.frequency_hz, power=point.power_w)
            for point in period.frequency_curve
        ]
        or None,
        v2x_signal_watt_curve=[
            v2.V2XSignalWattPoint(signal=point.signal, power=point.power_w)
            for point in period.signal_curve
        ]
        or None,
    )


def schedule_for(schedule: Schedule) -> v2.ChargingSchedule:
    soc = schedule.limit_at_soc
    prices: dict[str, Any] = {
        theirs: as_said(kind, getattr(schedule, ours)) for ours, (theirs, kind) in PRICES.items()
    }
    return v2.ChargingSchedule(
        **_theirs(schedule, SCHEDULE),
        **prices,
        charging_rate_unit=UNIT[schedule.unit],
        charging_schedule_period=[period_for(period) for period in schedule.periods],
        limit_at_soc=v2.LimitAtSoC(soc=soc.soc_percent, limit=soc.limit) if soc else None,
    )


def profile_for(profile: Profile) -> v2.ChargingProfile:
    recurrence = profile.recurrence
    return v2.ChargingProfile(
        **_theirs(profile, PROFILE),
        charging_profile_purpose=PURPOSE[profile.purpose],
        charging_profile_kind=KIND[profile.kind],
        recurrency_kind=RECURRENCE[recurrence] if recurrence else None,
        charging_schedule=[schedule_for(schedule) for schedule in profile.schedules],
    )


def update_for(amounts: Amounts) -> v2.ChargingScheduleUpdate:
    return v2.ChargingScheduleUpdate(**{name: getattr(amounts, name) for name in AMOUNTS})
