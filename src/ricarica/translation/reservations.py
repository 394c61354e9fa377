"""What every dialect tells of reservations in the same words."""

from typing import Any

from ricarica.reservations.commands import CancelReservation, Reserve
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, outcome_of
from ricarica.translation.route import Origin


async def remember_reserved(
    command: Reserve, response: Any, origin: Origin, slices: Slices
) -> None:
    status, at = str(response.status), origin.received_at
    await slices.reservations.answered(origin.station, command, status, at)


async def remember_cancelled(
    command: CancelReservation, response: Any, origin: Origin, slices: Slices
) -> None:
    is_known = outcome_of(str(response.status)) is Outcome.ACCEPTED
    station, at = origin.station, origin.received_at
    await slices.reservations.cancelled(station, command, at, is_known=is_known)
