from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.simulator.battery import (
    NOTHING,
    UNLIMITED,
    Battery,
    Draw,
    Limit,
    Outlet,
    Vehicle,
    draw,
    offered_a,
    offered_w,
    ramp,
    taper,
)

LATER = timedelta(minutes=5)
AC22 = Outlet(Decimal(22_080))
DC50 = Outlet(Decimal(50_000), is_dc=True)


def car(soc: int = 40, phases: int = 3, current_a: int = 16, dc_w: int | None = 100_000) -> Vehicle:
    battery = Battery(Decimal(60_000), Decimal(600) * soc)
    return Vehicle(battery, phases, Decimal(current_a), Decimal(dc_w) if dc_w else None)


@pytest.mark.parametrize("soc,share", [(0, "1"), (80, "1"), (90, "0.54"), (100, "0")])
def test_a_battery_takes_less_above_80_percent(soc: int, share: str) -> None:
    assert taper(Decimal(soc)) == Decimal(share)


def test_power_rises_over_the_first_seconds() -> None:
    whole = timedelta(seconds=10)

    assert ramp(timedelta(seconds=-1), whole) == 0
    assert ramp(timedelta(seconds=5), whole) == Decimal("0.5")
    assert ramp(timedelta(seconds=11), whole) == 1


def test_the_cars_charger_decides_on_a_strong_outlet() -> None:
    drawn = draw(car(), AC22, UNLIMITED, LATER)

    assert drawn == Draw(Decimal(11_040), Decimal(16), 3)


def test_the_outlet_decides_for_a_strong_car() -> None:
    drawn = draw(car(current_a=63), AC22, UNLIMITED, LATER)

    assert drawn == Draw(Decimal(22_080), Decimal(32), 3)


def test_a_car_with_one_phase_draws_on_one() -> None:
    drawn = draw(car(phases=1, current_a=32), AC22, UNLIMITED, LATER)

    assert drawn == Draw(Decimal(7_360), Decimal(32), 1)


def test_direct_current_goes_round_the_cars_charger() -> None:
    assert draw(car(), DC50, UNLIMITED, LATER).power_w == 50_000
    assert draw(car(dc_w=30_000), DC50, UNLIMITED, LATER).power_w == 30_000
    assert draw(car(dc_w=None), DC50, UNLIMITED, LATER).power_w == 0


@pytest.mark.parametrize("current_a,offered", [("6", "6"), ("5.9", "0"), ("40", "32")])
def test_less_than_six_ampere_is_nothing(current_a: str, offered: str) -> None:
    assert offered_a(AC22, Limit(current_a=Decimal(current_a))) == Decimal(offered)


def test_a_limit_in_watt_is_shared_by_the_phases_in_use() -> None:
    assert offered_a(AC22, Limit(power_w=Decimal(6_900))) == 10
    assert offered_a(AC22, Limit(power_w=Decimal(2_300), phases=1)) == 10
    assert offered_w(DC50, Limit(power_w=Decimal(20_000))) == 20_000


def test_a_satisfied_car_draws_nothing() -> None:
    assert draw(car(soc=100), AC22, UNLIMITED, LATER) == NOTHING


def test_a_battery_never_holds_more_than_it_can() -> None:
    assert Battery(Decimal(100), Decimal(90)).charged_with(Decimal(20)).stored_wh == 100


@given(
    soc=st.integers(0, 100),
    limit_a=st.none() | st.decimals(0, 100, places=1),
    limit_w=st.none() | st.decimals(0, 60_000, places=1),
    seconds=st.integers(0, 60),
    outlet=st.sampled_from([AC22, DC50]),
)
def test_nothing_ever_exceeds_outlet_limit_or_car(
    soc: int, limit_a: Decimal | None, limit_w: Decimal | None, seconds: int, outlet: Outlet
) -> None:
    limit = Limit(current_a=limit_a, power_w=limit_w)

    drawn = draw(car(soc), outlet, limit, timedelta(seconds=seconds))

    slack = Decimal("0.000001")  # a third of a watt-hour has no last digit
    assert 0 <= drawn.power_w <= outlet.power_w_max + slack
    assert limit_w is None or drawn.power_w <= limit_w + slack
    assert outlet.is_dc or limit_a is None or drawn.current_a <= limit_a
