from decimal import Decimal

import pytest

from ricarica.kernel.money import Money


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("EUR", "123.46"), ("CLP", "123"), ("JOD", "123.457"), ("VND", "123"), ("HUF", "123.46")],
)
def test_money_is_rounded_to_the_smallest_unit_of_its_currency(currency: str, amount: str) -> None:
    assert Money(Decimal("123.45678"), currency).rounded().amount == Decimal(amount)
