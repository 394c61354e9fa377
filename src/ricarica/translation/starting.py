"""What we remember of a start from afar, and of what it leads to, whatever the station speaks."""

from typing import Any

from ricarica.energy.commands import StartLimited
from ricarica.energy.model import WHOLE_STATION, profile_from
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, outcome_of
from ricarica.transactions.commands import StartCharging
from ricarica.transactions.facts import Recorded, TransactionFact
from ricarica.translation.route import Origin


async def expect_start(
    command: StartCharging, response: Any, origin: Origin, slices: Slices
) -> None:
    """A transaction should follow what was accepted; some stations forget it."""
    if outcome_of(str(response.status)) is Outcome.ACCEPTED:
        await slices.watching.accepted(origin.station, command.number)
        slices.expected_starts.expect(
            # Only 1.6, which takes no codes, does not say which start of ours it was.
            origin.station,
            command.number,
            command.token.shown,
            command.evse,
            origin.received_at,
        )
    else:
        await slices.watching.call_off(origin.station, command.number)


async def expect_limited(
    command: StartLimited, response: Any, origin: Origin, slices: Slices
) -> None:
    await expect_start(command.start, response, origin, slices)


async def take_profile(slices: Slices, fact: TransactionFact, recorded: Recorded) -> None:
    """K05.FR.03: what went along with the start is the transaction's own from now on."""
    arranged = recorded.arranged
    if arranged is not None and arranged.profile is not None:
        evse = arranged.evse or fact.evse or WHOLE_STATION
        profile = profile_from(arranged.profile)
        await slices.energy.begun(fact.station, evse, recorded.ref, profile, fact.received_at)
