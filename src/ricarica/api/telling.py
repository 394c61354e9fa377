"""Several commands to one station that are one order to whoever gave it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ricarica.api.caller import Caller
from ricarica.api.commands import CommandReply, noted
from ricarica.engine.orders import merged
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
        result = await caller.tell(key, command)
        results.append(result)
        if result.outcome in (Outcome.UNREACHED, Outcome.UNKNOWN):
            break
    said = next((each for each in results if each.outcome is not Outcome.ACCEPTED), results[0])
    waited = next((each.waited for each in results if each.waited), None)
    together = replace(said, answer=merged(each.answer for each in results), waited=waited)
    return await noted(caller, key, name, together, dict(detail))
