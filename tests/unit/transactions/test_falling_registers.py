"""A register that falls was reset, or glitched; neither may be billed as a whole register."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.transactions.model import RegisterPoint, energy_along

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("shown_wh", "energy_wh"),
    [
        ((10_000, 10_500, 0, 10_600), 600),  # showed nothing once
        ((10_000, 10_500, 0, 300, 10_600), 900),  # what it counted from zero is kept
        ((10_000, 10_500, 0, 400), 900),  # was reset, and goes on from zero
        ((500, 900, 0, 600, 1_200), 1_300),  # was reset, and passes where it was before
        ((10_000, 10_500, 0, 10_600, 0, 10_700), 700),  # twice
    ],
)
def test_energy_is_counted_across_a_fall(shown_wh: tuple[int, ...], energy_wh: int) -> None:
    points = [
        RegisterPoint(NOON + timedelta(minutes=minute), Decimal(register_wh))
        for minute, register_wh in enumerate(shown_wh)
    ]

    tally = energy_along(points)

    assert tally.energy_wh == energy_wh
    assert tally.backwards
