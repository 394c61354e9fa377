"""Several commands to one station that are one order to whoever gave it."""

from collections.abc import Mapping, Sequence
from typing import Any

from ricarica.api.caller import Caller
from ricarica.api.commands import CommandReply, note_command
from ricarica.engine.orders import merged
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome, Result


async def tell_all(
    caller: Caller,
    key: StationKey,
    name: str,
    commands: Sequence[object],
    detail: Mapping[str, Any],
) -> CommandReply:
    """One after the other; the first that was not accepted speaks for all.

    Args:
        detail: What the audit log keeps of it.

    Raises:
        ConflictError: the station is not connected.
    """
    results: list[Result] = []
    for command in commands:
        result = await caller.engine.commands.tell(key, command, caller.actor.name)
        results.append(result)
        if result.outcome in (Outcome.UNREACHED, Outcome.UNKNOWN):
            break
    said = next((each for each in results if each.outcome is not Outcome.ACCEPTED), results[0])
    await note_command(caller, key, name, said.outcome, dict(detail))
    if said.outcome is Outcome.UNREACHED:
        raise ConflictError(f"{key.station} is not connected; nothing was sent")
    return CommandReply(
        said.outcome, said.status, said.detail, merged(each.answer for each in results)
    )
