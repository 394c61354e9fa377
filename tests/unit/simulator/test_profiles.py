from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from ricarica.simulator.battery import UNLIMITED, Limit
from ricarica.simulator.profiles import (
    Criteria,
    Occasion,
    Period,
    Profile,
    composite,
    in_unit,
    installed,
    limit_on,
    tightest,
)

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RUNNING = Occasion(1, NOON, "tx", NOON - 5 * MINUTE)


def default(limit: int, *, evse: int = 0, level: int = 0) -> Profile:
    return Profile(
        id=level * 10 + evse,
        evse=evse,
        stack_level=level,
        purpose="TxDefaultProfile",
        kind="Absolute",
        unit="A",
        periods=(Period(timedelta(0), Decimal(limit)),),
    )


def ampere(limit: int | str) -> Limit:
    return Limit(current_a=Decimal(limit))


def test_without_profiles_nothing_is_limited() -> None:
    assert limit_on((), RUNNING) == UNLIMITED


def test_the_highest_stack_level_counts_and_the_evses_own_beats_the_stations() -> None:
    assert limit_on((default(10), default(20, level=1)), RUNNING) == ampere(20)
    assert limit_on((default(10), default(16, evse=1)), RUNNING) == ampere(16)
    assert limit_on((default(10), default(16, evse=2)), RUNNING) == ampere(10)


def test_a_profile_of_the_transaction_goes_before_the_default() -> None:
    own = replace(default(24, evse=1), id=7, purpose="TxProfile", transaction="tx")

    assert limit_on((default(10), own), RUNNING) == ampere(24)
    assert limit_on((default(10), own), replace(RUNNING, transaction="other")) == ampere(10)


def test_the_maximum_of_the_station_holds_beside_all_others() -> None:
    for purpose in ("ChargePointMaxProfile", "ChargingStationMaxProfile"):
        cap = replace(default(8), id=7, purpose=purpose)
        assert limit_on((default(10), cap), RUNNING) == ampere(8)
        assert limit_on((default(6), cap), RUNNING) == ampere(6)


def test_a_relative_schedule_counts_from_the_start_of_the_transaction() -> None:
    steps = (Period(timedelta(0), Decimal(8)), Period(5 * MINUTE, Decimal(12)))
    profile = replace(default(0), kind="Relative", periods=steps)

    assert limit_on((profile,), RUNNING) == ampere(12)
    earlier = replace(RUNNING, at=NOON - MINUTE)
    assert limit_on((profile,), earlier) == ampere(8)


def test_a_profile_holds_only_while_it_is_valid_and_lasts() -> None:
    valid = replace(default(8), valid_from=NOON, valid_to=NOON + MINUTE)
    short = replace(default(8), start=NOON, duration=MINUTE)

    for profile in (valid, short):
        assert limit_on((profile,), RUNNING) == ampere(8)
        assert limit_on((profile,), replace(RUNNING, at=NOON + MINUTE)) == UNLIMITED
        assert limit_on((profile,), replace(RUNNING, at=NOON - MINUTE)) == UNLIMITED


def test_a_daily_profile_comes_back_every_day() -> None:
    night = replace(
        default(20),
        start=NOON - timedelta(days=3),
        duration=MINUTE,
        recurs_every=timedelta(days=1),
    )

    assert limit_on((night,), RUNNING) == ampere(20)
    assert limit_on((night,), replace(RUNNING, at=NOON + MINUTE)) == UNLIMITED


def test_limits_of_several_kinds_all_hold() -> None:
    watts = Limit(power_w=Decimal(5_000), phases=1)

    assert tightest([ampere(10), watts, ampere(20)]) == Limit(Decimal(10), Decimal(5_000), 1)


def test_a_new_profile_replaces_one_of_its_id_or_of_its_place() -> None:
    old = (default(10), default(20, evse=1))

    assert installed(old, replace(default(11), id=99)) == (old[1], replace(default(11), id=99))
    assert installed(old, default(12, evse=1)) == (old[0], default(12, evse=1))


def test_criteria_match_by_id_alone_or_by_all_that_is_said() -> None:
    profile = default(10, evse=1, level=3)

    assert Criteria().match(profile)
    assert Criteria(id=31, purpose="TxProfile").match(profile)
    assert Criteria(evse=1, stack_level=3).match(profile)
    assert not Criteria(evse=1, stack_level=2).match(profile)


def test_the_composite_schedule_has_one_step_for_each_change() -> None:
    steps = (Period(timedelta(0), Decimal(8)), Period(10 * MINUTE, Decimal(8)))
    profile = replace(default(0), start=NOON, periods=steps, duration=20 * MINUTE)

    ahead = list(composite((profile,), RUNNING, 60 * MINUTE))

    assert ahead == [(timedelta(0), ampere(8)), (20 * MINUTE, UNLIMITED)]


def test_a_limit_is_said_in_the_unit_asked_for() -> None:
    assert in_unit(ampere(10), "W", Decimal(22_080), 3) == 6_900
    assert in_unit(Limit(power_w=Decimal(6_900)), "A", Decimal(22_080), 3) == 10
    assert in_unit(UNLIMITED, "A", Decimal(22_080), 3) == 32
