from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.tariffs.model import Usage
from ricarica.transactions.terms import (
    Amounts,
    CountedCost,
    LimitKind,
    Limits,
    Terms,
    differs,
    left_to_us,
    merged,
    reached,
    tighter,
    to_say,
)

D = Decimal
HOUR = timedelta(hours=1)
EVERY = frozenset(LimitKind)
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_the_tighter_of_two_is_the_lower_of_each_kind() -> None:
    one, other = Limits(cost=D(30), energy_wh=D(10)), Limits(cost=D(20), time=HOUR)

    assert tighter(one, other) == Limits(cost=D(20), energy_wh=D(10), time=HOUR)


def test_what_is_set_anew_leaves_the_others_as_they_are() -> None:
    known = Limits(cost=D(30), time=HOUR)

    assert merged(known, Limits(cost=D(50))) == Limits(cost=D(50), time=HOUR)


@pytest.mark.parametrize(
    ("usage", "cost", "soc", "kind"),
    [
        (Usage(D(9_999), HOUR - timedelta(seconds=1)), D("29.99"), D(79), None),
        (Usage(D(10_000), timedelta()), D(0), None, LimitKind.ENERGY),
        (Usage(D(0), HOUR), None, None, LimitKind.TIME),
        (Usage(D(0), timedelta()), D(30), None, LimitKind.COST),
        (Usage(D(0), timedelta()), None, D(80), LimitKind.SOC),
    ],
)
def test_a_limit_is_reached_where_it_is_met(
    usage: Usage, cost: Decimal | None, soc: Decimal | None, kind: LimitKind | None
) -> None:
    limits = Limits(cost=D(30), energy_wh=D(10_000), time=HOUR, soc_percent=80)

    assert reached(limits, usage, cost, soc) is kind


def test_what_the_station_keeps_is_not_left_to_us() -> None:
    wanted = Limits(cost=D(30), time=HOUR)

    assert left_to_us(Terms(wanted=wanted)) == wanted
    assert left_to_us(Terms(wanted=wanted, kept=Limits(time=HOUR))) == Limits(cost=D(30))


@pytest.mark.parametrize(
    ("kept", "said", "supported", "told"),
    [
        (None, None, EVERY, 30),
        (None, None, frozenset(), None),  # E16.FR.12
        (None, 30, EVERY, None),  # E16.FR.02: once
        (20, None, EVERY, None),  # E16.FR.08
        (20, 30, EVERY, None),
        (50, None, EVERY, 30),  # E16.FR.07
        (50, 30, EVERY, 30),
        (20, 20, EVERY, 30),  # ours was raised since
    ],
)
def test_a_limit_is_told_once_and_again_where_it_does_not_hold(
    kept: int | None, said: int | None, supported: frozenset[LimitKind], told: int | None
) -> None:
    def limits(cost: int | None) -> Limits | None:
        return None if cost is None else Limits(cost=D(cost))

    terms = Terms(wanted=limits(30), kept=limits(kept), said=limits(said))

    assert to_say(terms, supported) == limits(told)


@pytest.mark.parametrize(
    ("theirs", "currency", "failure", "is_other"),
    [
        ("3.40", "EUR", None, False),
        ("3.41", "EUR", None, False),
        ("3.42", "EUR", None, True),
        ("3.40", "USD", None, True),
        ("9.99", "EUR", "out of memory", False),
    ],
)
def test_amounts_differ_by_more_than_a_station_rounds(
    theirs: str, currency: str, failure: str | None, is_other: bool
) -> None:
    counted = CountedCost(NOON, currency, Amounts(incl=D(theirs)), failure=failure)

    assert differs(counted, Amounts(D("2.79"), D("3.40")), "EUR") is is_other


@pytest.mark.parametrize(("theirs", "is_other"), [("2.79", False), ("3.40", True)])
def test_who_says_it_without_the_tax_is_compared_without_it(theirs: str, is_other: bool) -> None:
    counted = CountedCost(NOON, "EUR", Amounts(excl=D(theirs)))

    assert differs(counted, Amounts(D("2.79"), D("3.40")), "EUR") is is_other
