"""What is wanted of a station and what it has; units; needs; controls of the grid."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.abilities import Abilities
from ricarica.energy.commands import ClearProfiles, SetProfile
from ricarica.energy.der import (
    Curve,
    DerControl,
    DerKind,
    DerUnit,
    FixedVar,
    Gradient,
    Point,
    check,
    control_from,
)
from ricarica.energy.facts import Needs, NeedsAnswer
from ricarica.energy.holding import (
    from_now,
    is_meant,
    placed_in,
    step_for,
    with_answer,
)
from ricarica.energy.model import (
    Amounts,
    ExternalLimit,
    Held,
    Kind,
    Period,
    Profile,
    Purpose,
    Schedule,
    Unit,
    flat,
    profile_from,
    same,
    with_amounts,
)
from ricarica.energy.needs import answer_to, both_allow, profile_for
from ricarica.energy.units import fitted, said_in, spared
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey

STATION = StationKey(DEFAULT_TENANT, StationId("ROMA-1"))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIRST = EvseNumber(1)
AC, BPT = EnergyTransfer.AC_THREE_PHASE, EnergyTransfer.AC_BPT


def profile(limit: int = 16, **members: Any) -> Profile:
    return flat(Purpose.TX_DEFAULT, Unit.A, Decimal(limit), **{"id": 5, **members})


def held(**members: Any) -> Held:
    return Held(
        **{
            "station": STATION,
            "id": 5,
            "evse": FIRST,
            "purpose": Purpose.TX_DEFAULT,
            "wanted": profile(),
            **members,
        }
    )


# -- steps


def test_what_is_not_there_is_set() -> None:
    assert step_for([held()]) == SetProfile(FIRST, profile())


def test_what_is_there_needs_no_step() -> None:
    assert step_for([held(held=profile())]) is None


def test_what_shall_go_goes_first() -> None:
    leaving = held(id=6, wanted=None, unwanted=True, held=profile(id=6))

    assert step_for([held(), leaving]) == ClearProfiles(6)


def test_what_was_refused_comes_after_what_was_never_tried() -> None:
    refused = held(outcome="refused")
    fresh = held(id=6, wanted=profile(id=6))

    assert step_for([refused, fresh]) == SetProfile(FIRST, profile(id=6))


def test_what_has_no_word_there_is_not_said_again() -> None:
    assert step_for([held(outcome="unsupported")]) is None


def test_what_was_told_before_a_restart_is_told_again_where_nobody_can_ask() -> None:
    told = held(held=profile(), told_at=NOON)

    assert step_for([told], since=NOON - timedelta(hours=1)) is None
    assert step_for([told], since=NOON + timedelta(hours=1)) == SetProfile(FIRST, profile())


def test_what_others_set_is_none_of_our_business() -> None:
    assert step_for([held(wanted=None, held=profile())]) is None


def test_an_accepted_profile_is_held_and_a_refused_one_is_not() -> None:
    command = SetProfile(FIRST, profile(8))

    accepted = with_answer(held(), command, "accepted", None, NOON)
    refused = with_answer(held(), command, "refused", "TxNotFound", NOON)

    assert accepted.held == profile(8)
    assert (refused.held, refused.detail) == (None, "TxNotFound")


def test_a_report_that_leaves_prices_out_is_the_same_profile() -> None:
    with_prices = replace(profile().schedules[0], price_levels={"numberOfPriceLevels": 1}, id=9)

    assert same(replace(profile(), schedules=(with_prices,)), profile())
    assert not same(profile(), profile(8))
    assert same(profile(), flat(Purpose.TX_DEFAULT, Unit.A, Decimal("16.0"), id=5))


def test_what_has_no_beginning_begins_now_without_fractions() -> None:
    begun = from_now(profile(), NOON.replace(microsecond=5))

    assert begun.schedules[0].start_at == NOON
    assert from_now(profile(kind=Kind.RELATIVE), NOON).schedules[0].start_at is None


@pytest.mark.usecase("K10")
def test_clearing_never_touches_what_others_limit() -> None:
    external = held(purpose=Purpose.EXTERNAL, source="EMS", wanted=None, held=profile())

    assert not is_meant(external, ClearProfiles(5))
    assert is_meant(held(), ClearProfiles(purpose=Purpose.TX_DEFAULT, evse=FIRST))
    assert not is_meant(held(), ClearProfiles(stack_level=3))


def test_a_limit_that_was_told_twice_counts_once() -> None:
    schedule = profile(8).schedules[0]
    limit = ExternalLimit(station=STATION, evse=FIRST, source="EMS", at=NOON, schedules=(schedule,))
    there = flat(Purpose.EXTERNAL, Unit.A, Decimal(8), id=-1)
    external = held(purpose=Purpose.EXTERNAL, held=there, wanted=None)

    assert len(placed_in([], [limit])) == 1
    assert len(placed_in([external], [limit])) == 1
    assert placed_in([], [replace(limit, cleared_at=NOON)]) == []


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    period = Period(limit=Decimal(8), discharge_limit=Decimal(-2))
    schedule = Schedule(unit=Unit.A, periods=(period,))
    dynamic = Profile(purpose=Purpose.TX_DEFAULT, kind=Kind.DYNAMIC, schedules=(schedule,))

    changed = with_amounts(dynamic, Amounts(limit=Decimal(0)), NOON)

    assert changed.period.limit == 0
    assert changed.period.discharge_limit == -2
    assert changed.updated_at == NOON


# -- units


@given(
    amount=st.integers(0, 100_000),
    phases=st.sampled_from([None, 1, 2, 3]),
    unit=st.sampled_from(Unit),
)
def test_saying_it_in_another_unit_never_allows_more(
    amount: int, phases: int | None, unit: Unit
) -> None:
    other = Unit.W if unit is Unit.A else Unit.A
    there = said_in(Decimal(amount), unit, other, phases)

    assert said_in(there, other, unit, phases) <= amount


def test_a_profile_is_said_in_what_the_station_counts_in() -> None:
    watts = flat(Purpose.TX_DEFAULT, Unit.W, Decimal(11_000))

    [schedule] = fitted(watts, {Unit.A}).schedules

    assert (schedule.unit, schedule.periods[0].limit) == (Unit.A, Decimal("15.9"))
    assert fitted(watts, None) is watts


def test_a_station_that_ends_at_nothing_is_given_the_least_there_is() -> None:
    assert spared(profile(0)).schedules[0].periods[0].limit == 6
    assert spared(profile(16)) == profile(16)


# -- what cars ask for


def needs(**members: Any) -> Needs:
    return Needs(**{"transfer": AC, **members})


@pytest.mark.usecase("K15", "K18", "K19", "Q01")
@pytest.mark.parametrize(
    ("asked", "allowed", "can_be_given", "answer"),
    [
        (needs(), None, True, NeedsAnswer.ACCEPTED),
        (needs(), None, False, NeedsAnswer.REJECTED),  # K15.FR.04
        (needs(is_bidirectional_protocol=True), None, False, NeedsAnswer.NO_PROFILE),  # K18.FR.04
        (needs(transfer=BPT), (AC,), True, NeedsAnswer.REJECTED),  # Q01.FR.04
        (needs(transfer=BPT), (AC, BPT), True, NeedsAnswer.ACCEPTED),
    ],
)
def test_needs_are_answered(
    asked: Needs, allowed: Any, can_be_given: bool, answer: NeedsAnswer
) -> None:
    assert answer_to(asked, allowed, can_be_given=can_be_given) is answer


def test_a_car_never_gets_more_than_it_asked_for() -> None:
    asked = needs(charge_w_max=Decimal(7_400), phases=1)

    given_ = profile_for(asked, Decimal(11_000), "7", 3, Abilities())
    in_amperes = profile_for(asked, Decimal(11_000), "7", 3, Abilities(units=frozenset({Unit.A})))

    assert given_.schedules[0].periods[0].limit == 7_400
    assert in_amperes.schedules[0].periods[0].limit == Decimal("32.1")


def test_what_token_and_station_both_allow_may_flow() -> None:
    assert both_allow((), None) is None
    assert both_allow((), (AC,)) == (AC,)
    assert both_allow((AC, BPT), None) == (AC, BPT)
    assert both_allow((AC, BPT), (BPT,)) == (BPT,)


# -- what people write


def test_a_profile_is_read_from_what_people_write() -> None:
    read = profile_from('{"purpose": "tx_default", "schedules": [{"unit": "A", "periods": []}]}')

    assert (read.kind, read.stack_level) == (Kind.ABSOLUTE, 0)


@pytest.mark.parametrize("text", ["", "[]", '{"purpose": "tx_default", "limits": []}'])
def test_what_is_no_profile_says_why(text: str) -> None:
    with pytest.raises(InvalidError, match="no charging profile"):
        profile_from(text)


# -- controls of the grid


CURVE = Curve(points=(Point(x=Decimal(0), y=Decimal(1)),), y_unit=DerUnit.PCT_MAX_W)


@pytest.mark.usecase("R04")
@pytest.mark.parametrize(
    ("control", "fault"),
    [
        (DerControl(kind=DerKind.VOLT_VAR, is_default=True), "has curve"),  # R04.FR.16
        (
            DerControl(
                kind=DerKind.FIXED_VAR,
                is_default=True,
                curve=CURVE,
                fixed_var=FixedVar(setpoint=Decimal(1), unit=DerUnit.PCT_MAX_VAR),
            ),
            "nothing else",
        ),
        (
            DerControl(kind=DerKind.VOLT_VAR, is_default=True, curve=CURVE, start_at=NOON),
            "neither",  # R04.FR.12
        ),
        (DerControl(kind=DerKind.VOLT_VAR, curve=CURVE), "start_at and duration_s"),
        (
            DerControl(
                kind=DerKind.GRADIENTS,
                gradient=Gradient(gradient=Decimal(1), soft_gradient=Decimal(1)),
            ),
            "only ever a default",  # R04.FR.14
        ),
        (DerControl(kind=DerKind.VOLT_VAR, is_default=True, curve=CURVE, priority=-1), "highest"),
        (
            DerControl(kind=DerKind.VOLT_VAR, is_default=True, curve=CURVE, id="x" * 37),
            "36 characters",
        ),
    ],
)
def test_a_control_that_breaks_a_rule_is_not_sent(control: DerControl, fault: str) -> None:
    with pytest.raises(InvalidError, match=fault):
        check(control)


def test_a_control_is_over_when_its_time_is() -> None:
    control = control_from(
        '{"kind": "volt_var", "start_at": "2026-11-22T12:00:00Z", "duration_s": 60,'
        ' "curve": {"y_unit": "pct_max_var", "points": [{"x": 1, "y": 2}]}}'
    )

    assert not control.is_over(NOON + timedelta(seconds=59))
    assert control.is_over(NOON + timedelta(seconds=60))


def test_a_control_that_lasts_longer_than_the_calendar_is_not_over() -> None:
    control = DerControl(
        kind=DerKind.VOLT_VAR, curve=CURVE, start_at=NOON, duration_s=Decimal(10) ** 20
    )

    assert not control.is_over(NOON)
