from typing import Protocol

from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.reservations.model import Reservation


class ReservationStore(Protocol):
    async def get(self, station: StationKey, number: int) -> Reservation | None: ...

    async def held_at(self, station: StationKey, evse: EvseNumber) -> list[Reservation]: ...

    def save(self, reservation: Reservation) -> None: ...
