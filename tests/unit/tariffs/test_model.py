from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.kernel.errors import InvalidError
from ricarica.tariffs.model import (
    Cost,
    LineKind,
    Prices,
    Usage,
    check_prices,
    checked_name,
    cost_of,
    prices_from,
    prices_text,
)

D = Decimal
FREE = Prices("EUR")
NOTHING = Usage(D(0), timedelta())

prices = st.decimals(0, 100, places=6)
all_prices = st.builds(
    Prices, st.just("EUR"), prices, prices, prices, prices, st.decimals(0, 100, places=4)
)
energies = st.decimals(0, 1_000_000, places=4)
times = st.timedeltas(timedelta(), timedelta(days=30))


def cost(tariff: Prices, kwh: str = "0", minutes: int = 0, parked: int = 0) -> Cost:
    elapsed = timedelta(minutes=minutes + parked)
    return cost_of(tariff, Usage(D(kwh) * 1000, elapsed, timedelta(minutes=parked)))


# Figures of OCPI 2.3.0's examples of flat tariffs (mod_tariffs).


def test_a_quarter_for_each_kwh_and_a_tenth_of_tax() -> None:
    simple = Prices("EUR", per_kwh=D("0.25"), vat_percent=D(10))

    bill = cost(simple, kwh="20", minutes=120)

    assert (bill.excl, bill.vat, bill.incl) == (D("5.00"), D("0.50"), D("5.50"))


def test_a_quarter_for_each_kwh_and_half_an_euro_to_start() -> None:
    with_start = Prices("EUR", per_kwh=D("0.25"), per_session=D("0.50"))

    assert cost(with_start, kwh="20", minutes=120).excl == D("5.50")


def test_three_an_hour_while_it_charges_and_six_while_it_only_stands_there() -> None:
    hourly = Prices("EUR", per_minute=D("0.05"), per_idle_minute=D("0.10"), vat_percent=D(10))

    bill = cost(hourly, kwh="20", minutes=150, parked=42)

    assert [(line.kind, line.quantity, line.excl) for line in bill.lines] == [
        (LineKind.TIME, D(150), D("7.50")),
        (LineKind.PARKING, D(42), D("4.20")),
    ]
    assert bill.incl == D("12.87")


def test_a_fee_is_due_once_however_little_was_used() -> None:
    bill = cost_of(Prices("EUR", per_session=D(1)), NOTHING)

    assert bill.incl == D(1)
    assert [(line.kind, line.quantity) for line in bill.lines] == [(LineKind.SESSION, D(1))]


def test_what_is_free_has_no_lines() -> None:
    bill = cost(FREE, kwh="20", minutes=150, parked=60)

    assert bill == Cost("EUR", (), D(0), D(0), D(0))


# What is exact, and what cannot be.


def test_cents_do_not_get_lost_between_seconds_and_minutes() -> None:
    bill = cost_of(Prices("EUR", per_minute=D("0.15")), Usage(D(0), elapsed=timedelta(seconds=50)))

    assert bill.excl == D("0.125")


def test_a_third_of_a_minute_is_cut_where_no_bill_can_see_it() -> None:
    bill = cost_of(Prices("EUR", per_minute=D(1)), Usage(D(0), elapsed=timedelta(seconds=20)))

    assert abs(bill.excl * 3 - 1) < D("1e-27")


def test_a_single_watt_hour_counts() -> None:
    assert cost_of(Prices("EUR", per_kwh=D("0.25")), Usage(D(1), timedelta())).excl == D("0.00025")


@pytest.mark.parametrize(
    "usage",
    [
        Usage(D(-1000), timedelta(), timedelta()),
        Usage(D(0), timedelta(hours=-1), timedelta()),
        Usage(D(0), timedelta(), timedelta(hours=-1)),
    ],
)
def test_less_than_nothing_costs_nothing(usage: Usage) -> None:
    everything = Prices("EUR", D(1), D(1), D(1))

    assert cost_of(everything, usage).incl == 0


@given(all_prices, energies, times, times)
def test_the_lines_add_up(tariff: Prices, energy: Decimal, charging: Any, parked: Any) -> None:
    bill = cost_of(tariff, Usage(energy, charging + parked, parked))

    assert abs(sum((line.excl for line in bill.lines), D(0)) - bill.excl) < D("1e-20")
    assert abs(bill.excl + bill.vat - bill.incl) < D("1e-20")
    for line in bill.lines:
        assert abs(line.quantity * line.price - line.excl) < D("1e-15")


@given(all_prices, energies, energies, st.lists(times, min_size=4, max_size=4))
def test_more_never_costs_less(
    tariff: Prices, energy: Decimal, more_energy: Decimal, spans: list[timedelta]
) -> None:
    charging, more_charging, parked, more_parked = spans
    less = cost_of(tariff, Usage(energy, charging + parked, parked))
    longer_parked = parked + more_parked
    more = cost_of(
        tariff,
        Usage(energy + more_energy, charging + more_charging + longer_parked, longer_parked),
    )

    assert more.excl >= less.excl
    assert more.incl >= less.incl


@given(all_prices)
def test_prices_come_back_from_their_text(tariff: Prices) -> None:
    assert prices_from(prices_text(tariff)) == tariff


@given(all_prices)
def test_sensible_prices_are_accepted(tariff: Prices) -> None:
    check_prices(tariff)


@pytest.mark.parametrize(
    "wrong",
    [
        {"currency": "eur"},
        {"currency": "EURO"},
        {"currency": "EU"},
        {"currency": "€€€"},
        {"currency": "E1R"},
        {"per_kwh": D("-0.01")},
        {"per_minute": D("-0.01")},
        {"per_idle_minute": D("-1")},
        {"per_session": D("-1")},
        {"per_session": D("1000000.01")},
        {"per_kwh": D("NaN")},
        {"per_kwh": D("Infinity")},
        {"per_kwh": D("0.0000001")},
        {"vat_percent": D("-1")},
        {"vat_percent": D("100.1")},
    ],
)
def test_senseless_prices_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidError, match=next(iter(wrong))):
        check_prices(replace(FREE, **wrong))


@pytest.mark.parametrize(
    "right",
    [
        {"currency": "CHF"},
        {"per_kwh": D("0.000001")},
        {"per_session": D(1_000_000)},
        {"vat_percent": D(100)},
    ],
)
def test_unusual_prices_are_accepted(right: dict[str, Any]) -> None:
    check_prices(replace(FREE, **right))


def test_a_name_has_something_in_it_and_an_end() -> None:
    assert checked_name("  Day ") == "Day"
    assert checked_name("x" * 200) == "x" * 200
    for wrong in ("", "   ", "x" * 201):
        with pytest.raises(InvalidError):
            checked_name(wrong)
