"""/stations/{identity}/commands/{Action}: OCPP requests as they are."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ricarica.access.model import Permission
from ricarica.api.away import Away, keep
from ricarica.api.caller import Asking, Caller
from ricarica.api.commands import PATH, note_command
from ricarica.api.gate import needs
from ricarica.engine.commands import Call, Called
from ricarica.engine.orders import FROM_AFAR, check_accepted
from ricarica.engine.outbox import DECODER
from ricarica.engine.rights import check_names, check_right
from ricarica.engine.sayings import Saying, check_saying
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Outcome
from ricarica.ocpp.dialects import BY_NAME
from ricarica.stations.commands import Outcome as CommandOutcome
from ricarica.stations.commands import Wait

TIMEOUT_MAX_S = 600  # no station thinks for longer, and no proxy waits that long


class CallError(msgspec.Struct, frozen=True):
    code: str
    description: str
    details: Any


class CallReply(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it went, with the station's `response`, or its `error` if it answered with one.

    Where an answer tells of several items, one that was not accepted speaks for all of them, but
    of what is read something is enough. `unknown`: the request was sent and no answer came in
    time, which has neither, or one that makes no sense, which is the `response`. `report` is the
    number under which the parts of an answer are gathered: `GET /stations/{id}/reports/{report}`.
    `kept` is the id under which the request waits for a station that is away. `waited` tells
    behind which other request it had to wait.
    """

    outcome: CommandOutcome
    response: Any = None
    error: CallError | None = None
    report: int | None = None
    kept: str | None = None
    waited: Wait | None = None


@dataclass(frozen=True, slots=True)
class Manner:
    raw: bool
    timeout_s: float


def manner(
    raw: Annotated[bool, QueryParameter(description="Send it unchecked, for tests.")] = False,
    timeout: Annotated[float, QueryParameter(gt=0, le=TIMEOUT_MAX_S, description="Seconds.")] = 30,
) -> Manner:
    return Manner(raw, timeout)


@post(
    f"{PATH}/{{action:str}}",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Commands"],
)
async def call(
    caller: Asking,
    request: Request[Any, Any, Any],
    identity: FromPath[str],
    action: FromPath[str],
    how: NamedDependency[Manner],
    away: Away,
) -> CallReply:
    """Send any request of the station's dialect; the body is its payload.

    It is sent as given, once it is valid: 422 tells which member is not, or that the dialect has
    no such action. 404: no such station; 409: it is not connected, or is to start or stop charging
    before it was accepted.
    """
    check_right(caller.actor, action)
    key = await caller.station(identity)
    payload = await request.body() or b"{}"
    check_names(action, payload)

    async def act() -> CallReply:
        try:
            return await _called(caller, key, action, payload, raw=how.raw, timeout_s=how.timeout_s)
        except ConflictError:
            if away.keep_for is None or how.raw:
                raise
        return await _kept(caller, key, action, payload, away.keep_for)

    return await caller.once_outside(CallReply, act)


HANDLERS = (call,)


async def _kept(
    caller: Caller, key: StationKey, action: str, payload: bytes, keep_for: timedelta
) -> CallReply:
    saying = Saying(action, DECODER.decode(payload))
    station = await caller.carry_out(lambda slices: slices.stations.get(key))
    check_saying(saying, [station.dialect] if station.dialect else list(BY_NAME))
    number = await keep(caller, key, saying, keep_for)
    return CallReply(CommandOutcome.UNREACHED, kept=number)


async def _called(
    caller: Caller, key: StationKey, action: str, payload: bytes, *, raw: bool, timeout_s: float
) -> CallReply:
    _check_json(payload, raw=raw)
    if action in FROM_AFAR and not raw:
        check_accepted(await caller.carry_out(lambda slices: slices.stations.get(key)))
    called = await caller.engine.commands.call(
        key, Call(action, payload), checked=not raw, timeout_s=timeout_s, by=caller.actor.name
    )
    await note_command(caller, key, action, called.told.outcome, {"raw": raw})
    if called.told.outcome is Outcome.UNREACHED:
        raise ConflictError(f"{key.station} is not connected; nothing was sent")
    return reply_from(called)


def reply_from(called: Called) -> CallReply:
    told, result, report = called
    outcome, waited = result.outcome, result.waited
    match told.outcome:
        case Outcome.ANSWERED:
            response = msgspec.Raw(told.payload or b"{}")
            follows = report if outcome is CommandOutcome.ACCEPTED else None
            return CallReply(outcome, response=response, report=follows, waited=waited)
        case Outcome.REFUSED:
            details = msgspec.Raw(told.details or b"{}")
            error = CallError(told.code or "", told.description or "", details)
            return CallReply(outcome, error=error, waited=waited)
        case _:
            return CallReply(outcome, waited=waited)


def _check_json(payload: bytes, *, raw: bool) -> None:
    if raw:
        return
    try:
        msgspec.json.decode(payload, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidError(f"the body is the payload, a JSON object: {error}") from error
