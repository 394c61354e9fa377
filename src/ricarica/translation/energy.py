"""What every dialect tells of charging profiles in the same words."""

from typing import Any

from ricarica.energy.commands import ClearProfiles
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin


def cleared_result_from(response: Any) -> Result:
    """K10.FR.01: what is not there need not be cleared."""
    return Result(Outcome.ACCEPTED, str(response.status))


async def remember_cleared(
    command: ClearProfiles, _response: object, origin: Origin, slices: Slices
) -> None:
    await slices.energy.cleared(origin.station, command)
