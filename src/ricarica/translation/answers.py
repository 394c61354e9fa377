"""What an answer to a request of somebody else's words means."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.commands import Outcome, Result, outcome_of
from ricarica.translation.v2 import firmware, monitoring, settings
from ricarica.translation.v16 import settings as settings_of_v16
from ricarica.translation.v21 import tariffs

# Those that have no single word for how it went, or one that no other answer has. They are read
# as where we have asked in our own words.
READERS: Mapping[type[Payload], Callable[[Any], Result]] = {
    v16.GetConfigurationResponse: settings_of_v16.read_result_from,
    v2.ClearTariffsResponse: tariffs.cleared_result_from,
    v2.ClearVariableMonitoringResponse: monitoring.clear_result_from,
    v2.GetVariablesResponse: settings.read_result_from,
    v2.SetVariableMonitoringResponse: monitoring.set_result_from,
    v2.SetVariablesResponse: settings.write_result_from,
    v2.UnpublishFirmwareResponse: firmware.unpublish_result_from,
}


def result_from(dialect: Dialect, action: str, payload: bytes) -> Result:
    """The answer is as it came, and UNKNOWN what became of it where nobody can read that."""
    answer = _members(payload)
    expected = actions.response_type(dialect, action)
    if expected is None:  # sent unchecked, and nobody knows what its answer looks like
        status = answer.get("status")
        word = status if isinstance(status, str) else None
        return Result(outcome_of(word), word, answer=answer)
    try:
        response = wire.decode(payload, expected)
    except RemoteProtocolError as error:
        detail = f"its answer makes no sense: {error}"
        return Result(Outcome.UNKNOWN, detail=detail, answer=answer)
    read = READERS.get(expected, _plainly)(response)
    return Result(read.outcome, read.status, read.detail, answer)


def _plainly(response: Any) -> Result:
    status = getattr(response, "status", None)
    word = None if status is None else str(status)
    return Result(outcome_of(word), word)


def _members(payload: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(payload, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
