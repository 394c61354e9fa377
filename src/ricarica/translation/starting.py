"""What we remember of a start from afar, whatever the station speaks."""

from typing import Any

from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, outcome_of
from ricarica.transactions.commands import StartCharging
from ricarica.translation.route import Origin


async def expect_start(
    command: StartCharging, response: Any, origin: Origin, slices: Slices
) -> None:
    """A transaction should follow what was accepted; some stations forget it."""
    if outcome_of(str(response.status)) is Outcome.ACCEPTED:
        slices.expected_starts.expect(
            origin.station, command.number, command.token.uid, command.evse, origin.received_at
        )
