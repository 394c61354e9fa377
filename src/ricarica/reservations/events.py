from dataclasses import dataclass
from datetime import datetime

from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.reservations.model import ReservationState


@dataclass(frozen=True, slots=True)
class ReservationChanged:
    station: StationKey
    number: int
    evse: EvseNumber
    state: ReservationState
    at: datetime
    token: str
