"""/stations/{identity}/messages: what was said, in both directions."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from ricarica.access.model import Permission
from ricarica.api.caller import Asking
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, page_from
from ricarica.engine.queries import LoggedMessage, MessageFilter, MessageQueries

Direction = Literal["from-station", "to-station"]


class MessageReply(msgspec.Struct, frozen=True):
    """A request with what came of it. What is no JSON (any more) is given as text.

    `outcome` is `answered`, the code of the error that was answered, or what happened instead.
    `action` is empty for what never became a message.
    """

    id: str
    at: datetime
    direction: Direction
    message_id: str
    action: str
    request: Any
    response: Any
    outcome: str
    duration_ms: int
    flags: list[str]


def message_filter(
    direction: FromQuery[Direction | None] = None,
    action: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    q: Annotated[str | None, QueryParameter(description="In the request or its answer.")] = None,
    since: FromQuery[Instant | None] = None,
    until: FromQuery[Instant | None] = None,
) -> MessageFilter:
    from_station = None if direction is None else direction == "from-station"
    return MessageFilter(action, from_station, outcome, since, until, q)


@get(
    "/stations/{identity:str}/messages",
    opt=needs(Permission.READ),
    tags=["Stations"],
    dependencies={"which": Provide(message_filter, sync_to_thread=False)},
)
async def list_messages(
    caller: Asking, identity: FromPath[str], which: NamedDependency[MessageFilter], page: PageWanted
) -> Page[MessageReply]:
    """The log of messages, the latest first. Passwords and keys are left out of it."""
    key = await caller.station(identity)
    rows = await MessageQueries(caller.database).messages(key, which, page)
    return page_from(rows, message_reply)


HANDLERS = (list_messages,)


def message_reply(logged: LoggedMessage) -> MessageReply:
    return MessageReply(
        str(logged.id),
        logged.at,
        "from-station" if logged.from_station else "to-station",
        logged.message_id,
        logged.action,
        _content(logged.request),
        None if logged.response is None else _content(logged.response),
        logged.outcome,
        logged.duration_ms,
        list(logged.flags),
    )


def _content(text: str) -> Any:
    """As it was, when it is JSON, so that numbers keep their digits."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
    return msgspec.Raw(text.encode())
