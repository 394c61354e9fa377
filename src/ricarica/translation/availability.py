"""What every dialect tells of its availability in the same words."""

from typing import Any

from ricarica.slices import Slices
from ricarica.stations.commands import ChangeAvailability
from ricarica.translation.route import Origin


async def remember_availability(
    command: ChangeAvailability, response: Any, origin: Origin, slices: Slices
) -> None:
    """G03.FR.05: what is scheduled is shown until the status says that it is so."""
    status, at = str(response.status), origin.received_at
    await slices.availability.answered(origin.station, command, status, at)
