"""Reservations as stations keep them: an EVSE, or one of them, held for a token for a while."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from ricarica.authorization.model import TokenRef
from ricarica.kernel.ids import EvseNumber, StationKey, TransactionId


class ReservationState(StrEnum):
    ASKED = "asked"  # the station has not answered (yet)
    HELD = "held"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    USED = "used"
    EXPIRED = "expired"  # nobody came
    REMOVED = "removed"  # the station could not keep it, e.g. for a fault
    UNUSED = "unused"  # its driver came, and no transaction followed. 2.1


OPEN = frozenset({ReservationState.ASKED, ReservationState.HELD})


@dataclass(frozen=True, slots=True)
class Reservation:
    """`evse` 0: any of the station's; `connector_type` narrows that down. `detail`: the
    station's own word where it refused."""

    station: StationKey
    number: int
    token: TokenRef
    made_at: datetime
    expires_at: datetime
    evse: EvseNumber = EvseNumber(0)
    connector_type: str | None = None
    group: str | None = None
    state: ReservationState = ReservationState.ASKED
    changed_at: datetime | None = None
    transaction: TransactionId | None = None
    detail: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def state_at(self, at: datetime) -> ReservationState:
        """What people are shown: some stations never tell that a time is over."""
        is_over = self.is_open and self.expires_at <= at
        return ReservationState.EXPIRED if is_over else self.state


def moved(
    reservation: Reservation, state: ReservationState, at: datetime, detail: str | None = None
) -> Reservation:
    """To another state; from one that ended it there is no way back, except into use."""
    if not reservation.is_open and state is not ReservationState.USED:
        return reservation
    return replace(reservation, state=state, changed_at=at, detail=detail)
