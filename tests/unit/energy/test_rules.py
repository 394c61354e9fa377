"""Which charging profiles may be sent, and which not."""

from dataclasses import replace as with_changes
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from ricarica.energy.abilities import Abilities, abilities_from
from ricarica.energy.model import (
    WHOLE_STATION,
    FrequencyPoint,
    Held,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    SignalPoint,
    Unit,
)
from ricarica.energy.rules import Placing, check, faults
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey

STATION = StationKey(DEFAULT_TENANT, StationId("ROMA-1"))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = EvseNumber(1)
ANYTHING = Abilities()
CURVE = (
    FrequencyPoint(Decimal("49.8"), Decimal(-1)),
    FrequencyPoint(Decimal("50.2"), Decimal(1)),
)


def period(**members: Any) -> Period:
    return Period(**{"limit": Decimal(16), **members})


def profile(*periods: Period, unit: Unit = Unit.A, **members: Any) -> Profile:
    schedule = Schedule(unit=unit, periods=periods or (period(),), start_at=NOON)
    return Profile(**{"purpose": Purpose.TX_DEFAULT, "id": 5, "schedules": (schedule,), **members})


def placed(evse: EvseNumber = FIRST, **members: Any) -> Placing:
    return Placing(evse, **{"abilities": ANYTHING, **members})


def first_fault(wanted: Profile, placing: Placing | None = None) -> str | None:
    return next(faults(wanted, placing or placed()), None)


def test_a_plain_limit_may_be_sent() -> None:
    check(profile(), placed())


def test_what_may_not_be_sent_says_what_would_do() -> None:
    with pytest.raises(InvalidError, match="6 at least"):
        check(profile(period(limit=Decimal("5.9"))), placed())


@pytest.mark.usecase("K01")
@pytest.mark.parametrize("limit", [0, 6, 32])
def test_a_pause_and_what_a_pilot_signal_can_say_may_be_sent(limit: int) -> None:
    assert first_fault(profile(period(limit=Decimal(limit)))) is None


def test_watts_may_be_few() -> None:
    assert first_fault(profile(period(limit=Decimal(100)), unit=Unit.W)) is None


@pytest.mark.usecase("K01")
@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (profile(purpose=Purpose.EXTERNAL), "for stations to tell"),  # K01.FR.22
        (profile(purpose=Purpose.STATION_MAX), "EVSE 0"),
        (profile(transaction="7"), "only a profile of purpose transaction"),
        (profile(kind=Kind.RECURRING), "recurrence"),
        (profile(recurrence=Recurrence.DAILY), "recurrence"),
        (profile(kind=Kind.RELATIVE), "no start_at"),  # K01.FR.41
        (profile(update_interval_s=60), "only dynamic"),  # K28.FR.04
        (profile(valid_from=NOON, valid_to=NOON), "after valid_from"),
        (profile(stack_level=-1), "from 0"),
        (profile(id=2**31), "from 0"),
        (profile(period(limit=Decimal("NaN"))), "no number"),
        (profile(period(limit=Decimal("1e40"))), "no number"),
        (profile(period(start_s=5)), "starts at 0"),  # K01.FR.31
        (profile(period(), period()), "after the one before"),  # K01.FR.35
        (profile(period(phases=4)), "1, 2 or 3"),
        (profile(period(phases=3, phase=1)), "together with phases 1"),  # K01.FR.19
        (profile(period(phases=1, phase=1)), "choose the phase"),  # K01.FR.20
        (profile(Period()), "needs a limit"),
        (profile(period(limit=Decimal(-1))), "not negative"),
        (profile(period(setpoint=Decimal(1))), "has no setpoint"),  # Q02.FR.02
        (profile(period(limit_l2=Decimal(16))), "each phase"),  # K01.FR.143
        (profile(period(mode=Mode.CENTRAL_SETPOINT)), "has no limit"),  # Q03.FR.02
        (profile(Period(mode=Mode.CENTRAL_SETPOINT)), "needs a setpoint"),
        (profile(period(mode=Mode.IDLE)), "has no limit"),  # Q10.FR.01
        (profile(period(evse_sleep=True)), "mode idle"),  # K01.FR.126
        (profile(period(frequency_curve=CURVE)), "local_frequency"),
        (profile(Period(mode=Mode.LOCAL_FREQUENCY)), "two points"),  # Q08.FR.02
    ],
)
def test_what_breaks_a_rule_is_not_sent(wanted: Profile, fault: str) -> None:
    assert fault in (first_fault(wanted) or "")


def test_a_frequency_curve_is_in_watts() -> None:
    local = Period(mode=Mode.LOCAL_FREQUENCY, baseline_w=Decimal(0), frequency_curve=CURVE)

    assert "W" in (first_fault(profile(local)) or "")
    assert first_fault(profile(local, unit=Unit.W)) is None


def test_a_signal_curve_has_two_points() -> None:
    local = Period(
        mode=Mode.LOCAL_FREQUENCY,
        baseline_w=Decimal(0),
        frequency_curve=CURVE,
        signal_curve=(SignalPoint(1, Decimal(1)),),
    )

    assert "two points" in (first_fault(profile(local, unit=Unit.W)) or "")


def test_a_central_frequency_needs_a_dynamic_profile() -> None:
    central = Period(mode=Mode.CENTRAL_FREQUENCY, setpoint=Decimal(1))

    assert "dynamic" in (first_fault(profile(central)) or "")
    assert first_fault(profile(central, kind=Kind.DYNAMIC)) is None


def test_a_dynamic_profile_has_one_period() -> None:
    two = profile(period(), period(start_s=60), kind=Kind.DYNAMIC)

    assert "one period" in (first_fault(two) or "")  # K28.FR.01


def test_a_schedule_without_a_beginning_is_relative_or_dynamic() -> None:
    bare = Schedule(unit=Unit.A, periods=(period(),))

    assert "start_at" in (first_fault(profile(schedules=(bare,))) or "")  # K01.FR.40
    assert first_fault(profile(schedules=(bare,), kind=Kind.RELATIVE)) is None


def test_several_schedules_are_for_cars_that_told_their_needs() -> None:
    schedule = profile().schedules[0]
    several = profile(schedules=(schedule, schedule, schedule))

    assert "1 to 1" in (first_fault(several) or "")  # K01.FR.34
    assert first_fault(several, placed(has_needs=True)) is None
    four = profile(schedules=(schedule,) * 4)
    assert "1 to 3" in (first_fault(four, placed(has_needs=True)) or "")  # K15.FR.07


def test_a_car_of_iso_15118_may_be_offered_less_than_6_a() -> None:
    assert first_fault(profile(period(limit=Decimal(3))), placed(has_needs=True)) is None


# -- transactions


def own(**members: Any) -> Profile:
    return profile(**{"purpose": Purpose.TRANSACTION, "transaction": "7", **members})


@pytest.mark.usecase("K01", "K02")
def test_a_transactions_profile_names_one_that_runs_there() -> None:
    running = placed(running=frozenset({"7"}))

    assert first_fault(own(), running) is None
    assert "no transaction 7" in (first_fault(own()) or "")  # K01.FR.33
    assert "name the transaction" in (first_fault(own(transaction=None), running) or "")
    assert "not for EVSE 0" in (first_fault(own(), placed(WHOLE_STATION)) or "")  # K01.FR.16


@pytest.mark.usecase("K05")
def test_a_profile_that_goes_along_with_a_start_names_none() -> None:
    start = placed(with_start=True)

    assert first_fault(own(transaction=None), start) is None
    assert "no name" in (first_fault(own(), start) or "")
    assert "purpose transaction" in (first_fault(profile(), start) or "")  # K05.FR.02


def test_a_limit_for_each_phase_needs_a_car_that_knows_them() -> None:
    each = own(schedules=profile(period(limit_l2=Decimal(16))).schedules)
    running = placed(running=frozenset({"7"}), has_needs=True)

    assert "has not told" in (first_fault(each, running) or "")  # K01.FR.142
    assert first_fault(each, with_changes(running, needs_phases=True)) is None


# -- what is there already


def held(there: Profile, evse: EvseNumber = FIRST, **members: Any) -> Held:
    return Held(
        **{
            "station": STATION,
            "id": there.id,
            "evse": evse,
            "purpose": there.purpose,
            "wanted": there,
            **members,
        }
    )


@pytest.mark.usecase("K01")
def test_two_of_a_purpose_and_level_do_not_stand_at_one_evse() -> None:
    other = replace(profile(), id=6)

    assert "profile 5" in (first_fault(other, placed(others=(held(profile()),))) or "")
    assert first_fault(profile(), placed(others=(held(profile()),))) is None  # replaces itself
    assert first_fault(replace(other, stack_level=1), placed(others=(held(profile()),))) is None
    second = placed(EvseNumber(2), others=(held(profile()),))
    assert first_fault(other, second) is None


@pytest.mark.usecase("K01")
def test_a_default_for_all_does_not_stand_beside_one_of_an_evse() -> None:
    other = replace(profile(), id=6)  # K01.FR.52, K01.FR.53

    for_all = placed(WHOLE_STATION, others=(held(profile()),))
    for_one = placed(others=(held(profile(), WHOLE_STATION),))

    assert "profile 5" in (first_fault(other, for_all) or "")
    assert "profile 5" in (first_fault(other, for_one) or "")


def test_profiles_of_different_times_stand_beside_each_other() -> None:
    today = profile(valid_to=NOON)
    tomorrow = profile(id=6, valid_from=NOON, valid_to=NOON + timedelta(days=1))

    assert first_fault(tomorrow, placed(others=(held(today),))) is None


def test_what_is_to_go_is_in_nobodys_way() -> None:
    leaving = held(profile(), unwanted=True)

    assert first_fault(replace(profile(), id=6), placed(others=(leaving,))) is None


# -- what the station can

TOLD = {
    "SmartChargingCtrlr.RateUnit": "A",
    "SmartChargingCtrlr.ProfileStackLevel": "3",
    "SmartChargingCtrlr.PeriodsPerSchedule": "2",
    "SmartChargingCtrlr.MaxExternalConstraintsId": "100",
    "SmartChargingCtrlr.SupportedAdditionalPurposes": "LocalGeneration",
    "SmartChargingCtrlr.SupportsFeature#DynamicProfiles": "false",
    "SmartChargingCtrlr.SupportsFeature#UseLocalTime": "false",
    "V2XChargingCtrlr@1.SupportedOperationModes": "ChargingOnly,CentralSetpoint",
}


def limited(**members: Any) -> Placing:
    return placed(abilities=abilities_from(TOLD, 1), **members)


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (profile(unit=Unit.W, id=101), "count in W"),  # K01.FR.26
        (profile(stack_level=4, id=101), "end at 3"),
        (profile(period(), period(start_s=1), period(start_s=2), id=101), "1 to 2 periods"),
        (profile(id=100), "ids up to 100"),  # K01.FR.80
        (profile(purpose=Purpose.PRIORITY, id=101), "priority"),  # K01.FR.120
        (profile(kind=Kind.DYNAMIC, id=101), "no dynamic"),  # K01.FR.121
        (profile(Period(mode=Mode.IDLE), id=101), "mode idle"),  # K01.FR.115
    ],
)
def test_what_a_station_cannot_have_is_not_sent(wanted: Profile, fault: str) -> None:
    assert fault in (first_fault(wanted, limited()) or "")


def test_a_priority_has_no_end() -> None:
    schedule = replace(profile().schedules[0], duration_s=60)
    wanted = profile(purpose=Purpose.PRIORITY, schedules=(schedule,))

    assert "leave duration_s out" in (first_fault(wanted) or "")  # K01.FR.73


def test_the_keys_of_1_6_tell_the_same() -> None:
    told = {
        "ChargingScheduleAllowedChargingRateUnit": "Current",
        "ChargeProfileMaxStackLevel": "1",
        "MaxChargingProfilesInstalled": "nonsense",
    }

    can = abilities_from(told, 1)

    assert can.units == frozenset({Unit.A})
    assert (can.stack_level_max, can.profiles_max) == (1, None)
