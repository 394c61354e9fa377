from dataclasses import dataclass
from decimal import Decimal

from ricarica.kernel.ids import StationKey
from ricarica.swaps.model import SwapState


@dataclass(frozen=True, slots=True)
class SwapChanged:
    """A battery swap was asked for, began, or is over. `cost` includes tax."""

    station: StationKey
    swap: str
    state: SwapState
    token: str | None
    taken: tuple[str, ...]  # serial numbers
    given: tuple[str, ...]
    cost: Decimal | None
    currency: str | None
