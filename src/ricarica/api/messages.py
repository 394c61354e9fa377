"""/messages and /stations/{identity}/messages: what was said, in both directions."""

import csv
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, OfStation, require
from ricarica.api.gate import needs
from ricarica.api.replies import ENCODER, Instant, Page, PageWanted, page_from, zoned
from ricarica.engine.queries.messages import (
    Heard,
    LoggedMessage,
    MessageFilter,
    MessageQueries,
    NetworkMessages,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import TransactionId
from ricarica.storage.pages import LIMIT_MAX, Wanted, id_in
from ricarica.transactions.queries.listing import TransactionQueries

Direction = Literal["from-station", "to-station"]
Format = Literal["csv", "jsonl"]
EXPORT_MAX = 100_000  # messages; some hundred megabytes at most
AROUND = timedelta(minutes=5)  # a transaction: what led to it, and what came after
AFTER_MAX = 500  # messages; who follows asks again at once
AGAIN = 5_000 << 20  # numbers are milliseconds: what was committed late is told once more


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
    zoned(since=since, until=until)
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


class HeardReply(MessageReply, frozen=True):
    station: str


def network_filter(
    of_station: OfStation,
    direction: FromQuery[Direction | None] = None,
    action: FromQuery[str | None] = None,
    outcome: FromQuery[str | None] = None,
    q: Annotated[str | None, QueryParameter(description="In the request or its answer.")] = None,
) -> MessageFilter:
    from_station = None if direction is None else direction == "from-station"
    return MessageFilter(action, from_station, outcome, None, None, q, of_station)


@get(
    "/messages",
    opt=needs(Permission.READ),
    tags=["Messages"],
    dependencies={"which": Provide(network_filter, sync_to_thread=False)},
)
async def network_messages(
    caller: Asking,
    which: NamedDependency[MessageFilter],
    page: PageWanted,
    since: FromQuery[Instant | None] = None,
    until: FromQuery[Instant | None] = None,
) -> Page[HeardReply]:
    """The log of all stations, the latest first; of the last day, unless `since` says more."""
    chosen = _within(which, since, until)
    log = NetworkMessages(caller.database)
    return page_from(await log.messages(caller.tenant, chosen, caller.now(), page), heard_reply)


@get(
    "/messages/after",
    opt=needs(Permission.READ),
    tags=["Messages"],
    dependencies={"which": Provide(network_filter, sync_to_thread=False)},
)
async def messages_after(
    caller: Asking,
    which: NamedDependency[MessageFilter],
    id: Annotated[
        str | None, QueryParameter(description="Of the last that was seen; none: from now on.")
    ] = None,
) -> Page[HeardReply]:
    """What was logged after a message, the oldest first; for those who follow the log.

    Several nodes commit out of step: some messages come twice, with the same `id`. `next` is
    what to ask for to go on.
    """
    log = NetworkMessages(caller.database)
    if id is None:
        latest = await log.latest(caller.tenant, caller.now())
        return Page([], str(latest))
    seen = id_in(id)
    if seen is None:
        raise InvalidError("`id` is that of a message")
    heard = await log.after(caller.tenant, which, max(seen - AGAIN, 0), AFTER_MAX)
    if len(heard) == AFTER_MAX:  # so much comes that nothing would be new
        heard = await log.after(caller.tenant, which, seen, AFTER_MAX)
    following = max((each.message.id for each in heard), default=seen)
    return Page([heard_reply(each) for each in heard], str(max(following, seen)))


@get(
    "/messages/export",
    opt=needs(Permission.READ),
    tags=["Messages"],
    dependencies={"which": Provide(network_filter, sync_to_thread=False)},
)
async def export_messages(
    caller: Asking,
    which: NamedDependency[MessageFilter],
    since: FromQuery[Instant | None] = None,
    until: FromQuery[Instant | None] = None,
    transaction: FromQuery[str | None] = None,
    kind: Annotated[Format, QueryParameter(name="format")] = "jsonl",
) -> Stream:
    """The same as a file, the latest first: CSV, or a JSON object a line; 100,000 at most."""
    chosen = _within(which, since, until)
    if transaction is not None:
        chosen = await around(caller, transaction)
    lines = _csv(caller, chosen) if kind == "csv" else _jsonl(caller, chosen)
    media_type = "text/csv" if kind == "csv" else "application/jsonl"
    headers = {"Content-Disposition": f'attachment; filename="messages.{kind}"'}
    return Stream(lines, media_type=media_type, headers=headers)


@get("/transactions/{transaction:str}/messages", opt=needs(Permission.READ), tags=["Messages"])
async def transaction_messages(
    caller: Asking, transaction: FromPath[str], page: PageWanted
) -> Page[HeardReply]:
    """What was said of a transaction, the latest first."""
    chosen = await around(caller, transaction)
    log = NetworkMessages(caller.database)
    return page_from(await log.messages(caller.tenant, chosen, caller.now(), page), heard_reply)


HANDLERS = (
    list_messages,
    network_messages,
    messages_after,
    export_messages,
    transaction_messages,
)


def _within(which: MessageFilter, since: datetime | None, until: datetime | None) -> MessageFilter:
    zoned(since=since, until=until)
    return replace(which, since=since, until=until)


async def around(caller: Caller, transaction: str) -> MessageFilter:
    """What names it, at its station, while it ran."""
    found = await TransactionQueries(caller.database).transaction(
        caller.tenant, TransactionId(transaction)
    )
    known = require(found, f"transaction {transaction}").view.transaction
    return MessageFilter(
        since=known.started_at - AROUND,
        until=(known.ended_at or caller.now()) + AROUND,
        text=known.ref,
        station=known.station.station,
    )


async def _pages(caller: Caller, which: MessageFilter) -> AsyncIterator[tuple[Heard, ...]]:
    log, now = NetworkMessages(caller.database), caller.now()
    after: str | None = None
    for _ in range(EXPORT_MAX // LIMIT_MAX):
        page = await log.messages(caller.tenant, which, now, Wanted(LIMIT_MAX, after))
        yield page.items
        after = page.next
        if after is None:
            return


async def _jsonl(caller: Caller, which: MessageFilter) -> AsyncIterator[bytes]:
    async for page in _pages(caller, which):
        yield b"".join(ENCODER.encode(heard_reply(each)) + b"\n" for each in page)


COLUMNS = (
    "id",
    "at",
    "station",
    "direction",
    "message_id",
    "action",
    "outcome",
    "duration_ms",
    "flags",
    "request",
    "response",
)


async def _csv(caller: Caller, which: MessageFilter) -> AsyncIterator[bytes]:
    yield (",".join(COLUMNS) + "\r\n").encode()
    async for page in _pages(caller, which):
        text = io.StringIO()
        csv.writer(text).writerows(map(_line, page))
        yield text.getvalue().encode()


def _line(heard: Heard) -> tuple[object, ...]:
    message = heard.message
    return tuple(
        _plain(each)
        for each in (
            message.id,
            message.at.isoformat(),
            heard.station,
            "from-station" if message.from_station else "to-station",
            message.message_id,
            message.action,
            message.outcome,
            message.duration_ms,
            " ".join(message.flags),
            message.request,
            message.response or "",
        )
    )


def _plain(cell: object) -> object:
    """What a spreadsheet would take for a formula is text: stations choose these words."""
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula else cell


def heard_reply(heard: Heard) -> HeardReply:
    reply = message_reply(heard.message)
    members = {name: getattr(reply, name) for name in reply.__struct_fields__}
    return HeardReply(**members, station=heard.station)


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
