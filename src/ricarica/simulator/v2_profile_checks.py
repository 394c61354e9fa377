"""Why a simulated station does not take a charging profile, in the words of K01."""

from collections.abc import Callable

from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import Station
from ricarica.simulator.profiles import EXTERNAL, PRIORITY, STATION_MAX, TX, TX_DEFAULT

DYNAMIC = v2.ChargingProfileKind.Dynamic
MODE = v2.OperationMode

Check = Callable[[Station, v2.ChargingProfile, int], str | None]


def complaint(
    station: Station, given: v2.ChargingProfile, evse: int, features: frozenset[str]
) -> str | None:
    """`features` of 2.1 that the station has."""
    found = filter(None, (check(station, given, evse) for check in CHECKS))
    return next(found, None) or _feature_complaint(given, features)


def _place_complaint(_station: Station, given: v2.ChargingProfile, evse: int) -> str | None:
    purpose = given.charging_profile_purpose.value
    if purpose == EXTERNAL:
        return "InvalidProfile"  # K01.FR.22
    if purpose in STATION_MAX and evse != 0:
        return "InvalidProfile"
    if purpose == TX and evse == 0:
        return "InvalidProfile"  # K01.FR.16
    return None


def _double_complaint(station: Station, given: v2.ChargingProfile, evse: int) -> str | None:
    """K01.FR.52, K01.FR.53"""
    if given.charging_profile_purpose.value != TX_DEFAULT:
        return None
    for other in station.profiles:
        is_same = (other.purpose, other.stack_level) == (TX_DEFAULT, given.stack_level)
        is_elsewhere = other.evse != evse and 0 in (evse, other.evse)
        if is_same and is_elsewhere and other.id != given.id:
            return "DuplicateProfile"
    return None


def _schedule_complaint(station: Station, given: v2.ChargingProfile, _evse: int) -> str | None:
    units = station.settings["rate_unit"].split(",")
    for schedule in given.charging_schedule:
        periods = schedule.charging_schedule_period
        if schedule.charging_rate_unit.value not in units:
            return "UnsupportedRateUnit"  # K01.FR.26
        if periods[0].start_period != 0 or len(periods) > station.settings.integer("periods_max"):
            return "InvalidSchedule"
        if any(_is_odd(period) for period in periods):
            return "InvalidSchedule"
        if given.charging_profile_purpose.value == PRIORITY and schedule.duration is not None:
            return "InvalidSchedule"  # K01.FR.70
    return None


def _is_odd(period: v2.ChargingSchedulePeriod) -> bool:
    """Q08.FR.04, Q10.FR.02"""
    told = (period.limit, period.discharge_limit, period.setpoint, period.setpoint_reactive)
    has_amounts = any(amount is not None for amount in told)
    return period.operation_mode in (MODE.Idle, MODE.LocalFrequency) and has_amounts


def _feature_complaint(given: v2.ChargingProfile, features: frozenset[str]) -> str | None:
    is_single = len(given.charging_schedule) == 1
    is_single = is_single and len(given.charging_schedule[0].charging_schedule_period) == 1
    if given.charging_profile_kind is DYNAMIC:
        if "DynamicProfiles" not in features:
            return "UnsupportedKind"  # K01.FR.121
        return None if is_single else "InvalidSchedule"  # K28.FR.03
    if given.dyn_update_interval is not None:
        return "InvalidProfile"  # K28.FR.04
    return None


CHECKS: tuple[Check, ...] = (_place_complaint, _double_complaint, _schedule_complaint)
