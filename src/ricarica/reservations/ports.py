from datetime import datetime
from typing import Protocol

from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.reservations.model import Reservation


class ReservationStore(Protocol):
    async def get(self, station: StationKey, number: int) -> Reservation | None: ...

    async def open_at(
        self, station: StationKey, evse: EvseNumber, at: datetime
    ) -> list[Reservation]:
        """Held, or asked for and not over yet."""
        ...

    def save(self, reservation: Reservation) -> None: ...
