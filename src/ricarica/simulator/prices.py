"""Sums over prices that a station was given. I07–I12"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from ricarica.ocpp.v2 import messages as v2

CENT = Decimal("0.01")


def elements(tariff: v2.Tariff) -> list[int]:
    parts = (tariff.energy, tariff.charging_time, tariff.idle_time, tariff.fixed_fee)
    return [len(part.prices) for part in parts if part is not None]


def has_conditions(tariff: v2.Tariff) -> bool:
    parts = (tariff.energy, tariff.charging_time, tariff.idle_time, tariff.fixed_fee)
    return any(price.conditions for part in parts if part for price in part.prices)


def taxed(amount: Decimal, rates: Iterable[v2.TaxRate] | None) -> Decimal:
    """Those of one stack are of the same sum; the next stack is of their result. I12.FR.13"""
    by_stack: dict[int, Decimal] = {}
    for rate in rates or ():
        by_stack[rate.stack or 0] = by_stack.get(rate.stack or 0, Decimal(0)) + rate.tax
    for stack in sorted(by_stack):
        amount *= 1 + by_stack[stack] / 100
    return amount


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


def rounded(price: v2.Price) -> v2.Price:
    return v2.Price(cents(price.excl_tax or Decimal(0)), cents(price.incl_tax or Decimal(0)))
