from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ricarica.authorization.model import TokenRef
from ricarica.kernel.ids import StationKey
from ricarica.swaps.model import Battery


class Movement(StrEnum):
    IN = "in"
    OUT = "out"
    NOT_TAKEN = "not_taken"  # it was offered, and nobody took it in time


@dataclass(frozen=True, slots=True)
class BatteriesMoved:
    """Batteries were put into a station, or taken out of it. S03"""

    station: StationKey
    movement: Movement
    number: int
    token: TokenRef
    batteries: tuple[Battery, ...]
    at: datetime  # by our clock: the station does not say when
