"""The log of messages: what was said, by whom, what came back and how soon."""

from datetime import datetime

import msgspec

from ricarica.engine.redaction import redacted
from ricarica.engine.sql import MESSAGES
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey

TEXT_MAX = 64 * 1024  # characters of one message that are kept; a longer one is cut


class Logged(msgspec.Struct, frozen=True, gc=False):
    """One CALL and what it led to. `response`: a payload, or an error's description."""

    key: StationKey
    at: datetime
    from_station: bool
    message_id: str
    action: str
    request: bytes
    response: bytes | None
    outcome: str  # answered, withheld, unreached, unknown, or an error code
    duration_ms: int
    flags: tuple[str, ...] = ()


def stage(unit: UnitOfWork, logged: Logged) -> None:
    key, action, response = logged.key, logged.action, logged.response
    hides = unit.slices.stations.policy.hides_tokens
    unit.work.add(
        MESSAGES,
        (
            key.tenant,
            key.station,
            unit.slices.ids.event(),
            logged.at,
            logged.from_station,
            logged.message_id,
            action,
            _text(redacted(action, logged.request, hides_tokens=hides)),
            None if response is None else _text(redacted(action, response, hides_tokens=hides)),
            logged.outcome,
            logged.duration_ms,
            ",".join(logged.flags) if logged.flags else "",
        ),
    )


def _text(payload: bytes) -> str:
    return payload[:TEXT_MAX].decode(errors="replace")
