"""A register that falls was reset, or glitched; neither may be billed as a whole register."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.transactions.model import RegisterPoint, energy_along

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


def points(shown_wh: Sequence[int]) -> list[RegisterPoint]:
    """One a minute."""
    return [
        RegisterPoint(NOON + timedelta(minutes=minute), Decimal(register_wh))
        for minute, register_wh in enumerate(shown_wh)
    ]


@pytest.mark.parametrize(
    ("shown_wh", "energy_wh"),
    [
        ((10_000, 10_500, 0, 10_600), 600),  # showed nothing once
        ((10_000, 10_500, 0, 300, 10_600), 600),  # showed little twice
        ((10_000, 10_500, 0, 400), 900),  # was reset, and goes on from zero
        ((500, 900, 0, 600, 1_200), 700),  # was reset, and passes where it was before
        ((10_000, 10_500, 0, 10_600, 0, 10_700), 700),  # twice
        ((1_049, 1_000, 1_049, 1_000, 1_049), 0),  # told in kWh, and in Wh
        ((1_000, 1_149, 1_000, 1_100, 1_199, 1_200, 1_249), 249),  # while it charges
        ((10_000, 10_500, 0, 449, 400, 449), 949),  # and after a reset
        ((10_000, 9_900, 9_800, 9_950), 150),  # counted down, and then up
    ],
)
def test_energy_is_counted_across_a_fall(shown_wh: tuple[int, ...], energy_wh: int) -> None:
    tally = energy_along(points(shown_wh))

    assert tally.energy_wh == energy_wh
    assert tally.backwards


@given(st.lists(st.integers(0, 2_000), min_size=1))
def test_a_register_that_ends_highest_gained_what_lies_between(shown_wh: list[int]) -> None:
    """However often it fell on the way."""
    whole = [*shown_wh, max(shown_wh)]

    assert energy_along(points(whole)).energy_wh == whole[-1] - whole[0]


@given(st.lists(st.integers(0, 2_000), min_size=1))
def test_falls_never_add_to_what_the_register_gained(shown_wh: list[int]) -> None:
    gained_wh = sum(max(later - earlier, 0) for earlier, later in pairwise(shown_wh))

    assert 0 <= energy_along(points(shown_wh)).energy_wh <= gained_wh
