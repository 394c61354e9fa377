"""Quantities of charging: Wh, W, A per phase, V. Exact, so never `float`."""

from decimal import Decimal

ZERO = Decimal(0)
WH_PER_KWH = Decimal(1000)


def kwh_from(energy_wh: Decimal) -> Decimal:
    return energy_wh / WH_PER_KWH
