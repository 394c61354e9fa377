"""What all profiles together come to."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ricarica.energy.composite import Ceiling, Occasion, Placed, ceiling_at, composite
from ricarica.energy.model import (
    WHOLE_STATION,
    Kind,
    Mode,
    Period,
    Profile,
    Purpose,
    Recurrence,
    Schedule,
    SocLimit,
    Unit,
)
from ricarica.energy.moments import zone_from
from ricarica.kernel.ids import EvseNumber

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FIRST = EvseNumber(1)
RUNNING = Occasion(evse=FIRST, transaction="7", started_at=NOON)


OF_SCHEDULES = ("limit_at_soc", "randomized_delay_s", "local_time")


def placed(
    limit: int | None,
    purpose: Purpose = Purpose.TX_DEFAULT,
    evse: EvseNumber = WHOLE_STATION,
    **members: Any,
) -> Placed:
    unit = members.pop("unit", Unit.A)
    amount = None if limit is None else Decimal(limit)
    period = members.pop("period", Period(limit=amount))
    schedule = Schedule(
        unit=unit,
        periods=members.pop("periods", (period,)),
        start_at=members.pop("start_at", NOON - DAY),
        duration_s=members.pop("duration_s", None),
        **{name: members.pop(name) for name in OF_SCHEDULES if name in members},
    )
    return Placed(Profile(purpose=purpose, schedules=(schedule,), **members), evse)


def limit_at(*profiles: Placed, occasion: Occasion = RUNNING, at: datetime = NOON) -> object:
    ceiling = ceiling_at(profiles, occasion, at)
    return None if ceiling.in_a() is None else ceiling.in_a()


def test_without_profiles_nothing_limits() -> None:
    assert ceiling_at((), RUNNING, NOON) == Ceiling()


@pytest.mark.usecase("K08")
def test_the_least_of_all_purposes_holds() -> None:
    profiles = (
        placed(32, Purpose.STATION_MAX),
        placed(20, Purpose.EXTERNAL),
        placed(16),
    )

    assert limit_at(*profiles) == 16
    assert limit_at(*profiles[:2]) == 20


@pytest.mark.usecase("K01", "K02")
def test_a_transactions_own_profile_goes_before_the_default_even_if_it_allows_more() -> None:
    own = placed(25, Purpose.TRANSACTION, FIRST, transaction="7")

    assert limit_at(placed(10), own) == 25
    assert limit_at(placed(10), placed(25, Purpose.TRANSACTION, FIRST, transaction="8")) == 10


@pytest.mark.usecase("K01")
def test_the_highest_level_leads_as_long_as_it_has_a_period() -> None:
    low, high = placed(10), placed(20, stack_level=1, duration_s=3600, start_at=NOON)

    assert limit_at(low, high) == 20
    assert limit_at(low, high, at=NOON + timedelta(hours=1)) == 10  # K01.FR.13


@pytest.mark.usecase("K21")
def test_who_has_priority_follows_that_profile() -> None:
    first = Occasion(evse=FIRST, transaction="7", started_at=NOON, has_priority=True)
    profiles = (placed(10), placed(30, Purpose.PRIORITY))

    assert limit_at(*profiles) == 10
    assert limit_at(*profiles, occasion=first) == 30


@pytest.mark.usecase("K27")
def test_what_is_generated_on_the_spot_comes_on_top() -> None:
    assert limit_at(placed(10), placed(5, Purpose.LOCAL_GENERATION)) == 15
    assert limit_at(placed(5, Purpose.LOCAL_GENERATION)) is None


STEPS = (Period(limit=Decimal(16)), Period(start_s=3600, limit=Decimal(8)))
ROME = ZoneInfo("Europe/Rome")


@pytest.mark.usecase("K01")
def test_from_a_state_of_charge_on_a_car_gets_less() -> None:
    profile = placed(16, limit_at_soc=SocLimit(80, Decimal(7)))

    full = ceiling_at([profile], replace(RUNNING, soc_percent=Decimal(80)), NOON)
    almost = ceiling_at([profile], replace(RUNNING, soc_percent=Decimal(79)), NOON)

    assert (full.in_a(), full.less_from_soc) == (Decimal(7), None)  # K01.FR.100
    assert (almost.in_a(), almost.less_from_soc) == (Decimal(16), 80)
    assert ceiling_at([profile], RUNNING, NOON) == almost


@pytest.mark.usecase("K01", "K08")
def test_what_a_station_delays_by_chance_is_said() -> None:
    profile = placed(None, periods=STEPS, start_at=NOON, randomized_delay_s=600)
    resting = Occasion(evse=FIRST)

    spans = composite([profile], RUNNING, NOON, timedelta(hours=2))

    assert [span.ceiling.in_a() for span in spans] == [16, 8]
    assert [span.ceiling.delay_s for span in spans] == [None, 600]
    spans = composite([profile], resting, NOON, timedelta(hours=2))
    assert [span.ceiling.delay_s for span in spans] == [None, None]  # K08.FR.06


@pytest.mark.usecase("K01")
def test_a_schedule_may_go_by_the_stations_clock() -> None:
    at_one = datetime(2026, 11, 21, 13, tzinfo=UTC)  # whatever zone is said: 13:00 in Rome
    profile = placed(None, periods=STEPS, start_at=at_one, local_time=True)
    daily = replace(profile.profile, kind=Kind.RECURRING, recurrence=Recurrence.DAILY)

    spans = composite([Placed(daily, FIRST)], replace(RUNNING, zone=ROME), NOON, DAY / 2)

    assert [span.at for span in spans] == [NOON, NOON + timedelta(hours=1)]
    assert [span.ceiling.in_a() for span in spans] == [16, 8]
    assert not any(span.ceiling.by_unknown_clock for span in spans)
    assert ceiling_at([Placed(daily, FIRST)], RUNNING, NOON).by_unknown_clock
    assert limit_at(Placed(daily, FIRST)) == 8  # 23 hours after 13:00 UTC


@pytest.mark.usecase("K01")
def test_by_the_stations_clock_a_day_in_autumn_has_25_hours() -> None:
    night = datetime(2026, 10, 25, 0, tzinfo=UTC)
    periods = (Period(limit=Decimal(6)), Period(start_s=7 * 3600, limit=Decimal(16)))
    profile = placed(None, periods=periods, start_at=night, local_time=True)

    spans = composite([profile], replace(RUNNING, zone=ROME), night - timedelta(hours=2), DAY)

    assert spans[-1].at == datetime(2026, 10, 25, 6, tzinfo=UTC)  # K01.FR.91: 07:00 CET


def test_a_zone_is_named_or_an_offset() -> None:
    assert zone_from("Europe/Rome", "+05:00") == ROME
    assert zone_from("Nowhere/Else", "+05:00") == timezone(timedelta(hours=5))
    assert zone_from(None, "five") is None


def test_watts_and_amperes_are_compared() -> None:
    profiles = (placed(16), placed(6900, Purpose.STATION_MAX, unit=Unit.W))

    assert ceiling_at(profiles, RUNNING, NOON).in_w() == 6900
    assert limit_at(*profiles) == 10


def test_a_limit_of_nothing_is_a_limit() -> None:
    assert limit_at(placed(0)) == 0
    assert ceiling_at((placed(0),), RUNNING, NOON).in_w() == 0


@pytest.mark.usecase("K08")
def test_a_setpoint_keeps_to_the_limits_beside_it() -> None:
    steered = Period(mode=Mode.CENTRAL_SETPOINT, setpoint=Decimal(9000))
    own = placed(None, Purpose.TRANSACTION, FIRST, transaction="7", period=steered, unit=Unit.W)
    cap = placed(4000, Purpose.STATION_MAX, unit=Unit.W)

    assert ceiling_at((own, cap), RUNNING, NOON).setpoint_w == 4000  # K08.FR.08


def test_what_flows_back_is_the_one_nearest_to_zero() -> None:
    def giving(amount: int, purpose: Purpose, **members: Any) -> Placed:
        period = Period(limit=Decimal(1), discharge_limit=Decimal(amount))
        return placed(None, purpose, FIRST, period=period, unit=Unit.W, **members)

    profiles = (
        giving(-5000, Purpose.TRANSACTION, transaction="7"),
        giving(-3000, Purpose.EXTERNAL),
    )

    assert ceiling_at(profiles, RUNNING, NOON).discharge_w == -3000  # SC.04


@pytest.mark.usecase("K28")
def test_a_dynamic_profile_that_nobody_updates_ends() -> None:
    dynamic = placed(
        8, kind=Kind.DYNAMIC, updated_at=NOON, start_at=None, duration_s=60, stack_level=1
    )

    assert limit_at(dynamic, placed(16)) == 8
    assert limit_at(dynamic, placed(16), at=NOON + timedelta(seconds=61)) == 16  # K28.FR.13


def test_a_schedule_that_begins_later_does_not_hold_yet() -> None:
    assert limit_at(placed(8, start_at=NOON + DAY)) is None  # K01.FR.30


def test_a_day_is_shown_by_its_changes() -> None:
    periods = (
        Period(limit=Decimal(16)),
        Period(start_s=17 * 3600, limit=Decimal(8)),
        Period(start_s=20 * 3600, limit=Decimal(16)),
    )
    midnight = NOON.replace(hour=0)
    daily = placed(
        None,
        periods=periods,
        start_at=midnight - 30 * DAY,
        duration_s=86_400,
        kind=Kind.RECURRING,
        recurrence=Recurrence.DAILY,
    )

    spans = composite((daily,), RUNNING, NOON, DAY)

    assert [span.at.hour for span in spans] == [12, 17, 20]
    assert [span.ceiling.in_a() for span in spans] == [16, 8, 16]


def test_where_no_transaction_runs_it_is_as_if_one_began_now() -> None:
    periods = (Period(limit=Decimal(16)), Period(start_s=600, limit=Decimal(8)))
    relative = placed(None, periods=periods, kind=Kind.RELATIVE, start_at=None)

    spans = composite((relative,), Occasion(evse=FIRST), NOON, timedelta(hours=1))

    assert [span.at - NOON for span in spans] == [timedelta(), timedelta(minutes=10)]  # K08.FR.06


def test_an_absurd_duration_is_no_end_of_the_calendar() -> None:
    endless = placed(8, duration_s=2**62, valid_to=datetime(9999, 12, 31, tzinfo=UTC))

    assert [span.at for span in composite((endless,), RUNNING, NOON, DAY)] == [NOON]


LIMITS = st.integers(min_value=0, max_value=63)
PURPOSES = st.sampled_from(
    [Purpose.STATION_MAX, Purpose.EXTERNAL, Purpose.TX_DEFAULT, Purpose.TRANSACTION]
)


@st.composite
def some_profile(draw: st.DrawFn) -> Placed:
    starts = sorted(draw(st.sets(st.integers(1, 20_000), max_size=4)))
    periods = tuple(Period(start_s=start, limit=Decimal(draw(LIMITS))) for start in (0, *starts))
    begun = NOON + timedelta(seconds=draw(st.integers(-30_000, 30_000)))
    return placed(
        None,
        draw(PURPOSES),
        draw(st.sampled_from([WHOLE_STATION, FIRST, EvseNumber(2)])),
        periods=periods,
        start_at=begun,
        duration_s=draw(st.none() | st.integers(1, 40_000)),
        stack_level=draw(st.integers(0, 3)),
    )


@given(profiles=st.lists(some_profile(), max_size=6), seconds=st.integers(0, 86_399))
def test_the_schedule_says_at_each_moment_what_holds_then(
    profiles: list[Placed], seconds: int
) -> None:
    at = NOON + timedelta(seconds=seconds)

    spans = composite(profiles, RUNNING, NOON, DAY)

    current = [span for span in spans if span.at <= at][-1]
    assert current.ceiling == ceiling_at(profiles, RUNNING, at)


@given(profiles=st.lists(some_profile(), max_size=6), another=some_profile())
def test_one_more_cap_never_allows_more(profiles: list[Placed], another: Placed) -> None:
    cap = Placed(
        Profile(purpose=Purpose.STATION_MAX, schedules=another.profile.schedules), WHOLE_STATION
    )
    others = [each for each in profiles if each.profile.purpose is not Purpose.STATION_MAX]

    before = ceiling_at(others, RUNNING, NOON).in_w()
    after = ceiling_at([*others, cap], RUNNING, NOON).in_w()

    assert before is None or (after is not None and after <= before)


@given(profiles=st.lists(some_profile(), max_size=6))
def test_changes_come_in_order_and_each_is_one(profiles: list[Placed]) -> None:
    spans = composite(profiles, RUNNING, NOON, DAY)

    assert spans[0].at == NOON
    assert [span.at for span in spans] == sorted({span.at for span in spans})
    assert all(one.ceiling != other.ceiling for one, other in pairwise(spans))
