"""Charging profiles as a server of 2.0.1 or 2.1 says them."""

from datetime import timedelta
from decimal import Decimal

from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.profiles import Period, Profile

RECURS = {
    v2.RecurrencyKind.Daily: timedelta(days=1),
    v2.RecurrencyKind.Weekly: timedelta(days=7),
}
IDLE = v2.OperationMode.Idle


def profile_from(given: v2.ChargingProfile, evse: int) -> Profile:
    """Of the schedules that ISO 15118 may offer, the first is what the station follows."""
    schedule = given.charging_schedule[0]
    return Profile(
        id=given.id,
        evse=evse,
        stack_level=given.stack_level,
        purpose=given.charging_profile_purpose.value,
        kind=given.charging_profile_kind.value,
        unit=schedule.charging_rate_unit.value,
        periods=tuple(
            Period(timedelta(seconds=period.start_period), most(period), period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        start=schedule.start_schedule,
        duration=timedelta(seconds=schedule.duration) if schedule.duration else None,
        recurs_every=RECURS[given.recurrency_kind] if given.recurrency_kind else None,
        valid_from=given.valid_from,
        valid_to=given.valid_to,
        transaction=given.transaction_id,
        said=given,
    )


def most(period: v2.ChargingSchedulePeriod) -> Decimal | None:
    """What a car may draw; a setpoint below zero lets it draw nothing."""
    if period.operation_mode is IDLE:
        return Decimal(0)
    if period.setpoint is not None:
        return max(period.setpoint, Decimal(0))
    return period.limit
