"""What every dialect answers when it is asked for a log, in the same words."""

from typing import Any

from ricarica.diagnostics.commands import SendLog
from ricarica.diagnostics.facts import LogAnswered
from ricarica.slices import Slices
from ricarica.stations.commands import outcome_of
from ricarica.translation.route import Origin


async def note_log(command: SendLog, response: Any, origin: Origin, slices: Slices) -> None:
    status, at = str(response.status), origin.received_at
    await slices.diagnostics.answered(
        LogAnswered(
            origin.station, command.number, outcome_of(status), at, status, response.filename
        )
    )
