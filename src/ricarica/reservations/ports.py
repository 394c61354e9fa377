from typing import Protocol

from ricarica.kernel.ids import StationKey
from ricarica.reservations.model import Reservation


class ReservationStore(Protocol):
    async def get(self, station: StationKey, number: int) -> Reservation | None: ...

    def save(self, reservation: Reservation) -> None: ...
