"""/live: one stream for each page. It says what changed, never how; the page asks for the rest."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import msgspec
from litestar import get
from litestar.response import Stream

from ricarica.access.model import SESSION_COOKIE, Permission
from ricarica.engine.outbox import Watch
from ricarica.engine.queries import MessageQueries
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.events import Announced, Event
from ricarica.kernel.ids import StationId, StationKey
from ricarica.stations.events import (
    ConnectorStatusChanged,
    SiteChanged,
    StationBooted,
    StationChanged,
    StationConnected,
    StationDisconnected,
    StationRegistered,
)
from ricarica.transactions.events import (
    TransactionEnded,
    TransactionProgressed,
    TransactionStarted,
)
from ricarica.web.sessions import needs
from ricarica.web.visitor import Visiting, Visitor

GATHER_S = 0.25  # events of a burst become one
LOOK_S = 1.0  # between looks at the log of messages, which announces nothing
HEARTBEAT_S = 15.0  # proxies close what is silent for 30 s or more
TOPICS_MAX = 20  # a page has two or three

STATION_EVENTS = (
    StationRegistered,
    StationChanged,
    StationBooted,
    StationConnected,
    StationDisconnected,
    ConnectorStatusChanged,
)
INBOX_EVENTS = tuple(kind for kind in STATION_EVENTS if kind is not ConnectorStatusChanged)
TRANSACTION_EVENTS = (TransactionStarted, TransactionProgressed, TransactionEnded)


@dataclass(frozen=True, slots=True)
class Change:
    """What a page is told. `topics`: it concerns those who watch any of them."""

    kind: str
    topics: frozenset[str] = field(compare=False)
    data: tuple[tuple[str, str], ...] = ()

    @property
    def frame(self) -> bytes:
        body = msgspec.json.encode(dict(self.data))
        return b"event: %b\ndata: %b\n\n" % (self.kind.encode(), body)


@get("/live", opt=needs(Permission.READ), media_type="text/event-stream")
async def live(visitor: Visiting) -> Stream:
    topics = frozenset(visitor.asked("watch"))
    if len(topics) > TOPICS_MAX:
        raise InvalidError(f"a page watches at most {TOPICS_MAX} topics")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(_stream(visitor, topics), media_type="text/event-stream", headers=headers)


HANDLERS = (live,)


async def _stream(visitor: Visitor, topics: frozenset[str]) -> AsyncIterator[bytes]:
    """Until the page is left, its session ends, or it lags too far behind."""
    messages = Messages(visitor, topics)
    pause = LOOK_S if messages.stations else HEARTBEAT_S
    said_at = time.monotonic()
    await messages.new()  # what is there already is on the page
    with visitor.house.engine.events.subscribe(visitor.tenant) as watch:
        yield b": welcome\n\n"
        async for announced in gathered(watch, GATHER_S, pause):
            found = {change for each in announced for change in changes_of(each.event)}
            found |= await messages.new()
            frames = b"".join(sorted(each.frame for each in found if each.topics & topics))
            now = time.monotonic()
            if frames:
                yield frames
            elif now - said_at >= HEARTBEAT_S:
                yield b": still here\n\n"
            if now - said_at >= HEARTBEAT_S:
                said_at = now
                if not await _is_still_welcome(visitor):
                    return


async def _is_still_welcome(visitor: Visitor) -> bool:
    token = visitor.request.cookies.get(SESSION_COOKIE, "")
    return await visitor.house.authentication.by_session(token) is not None


class Messages:
    """New lines in the logs that a page watches: they are looked for."""

    def __init__(self, visitor: Visitor, topics: frozenset[str]) -> None:
        self._queries = MessageQueries(visitor.database)
        names = (topic.partition(":") for topic in topics)
        self.stations = [
            StationKey(visitor.tenant, StationId(station))
            for kind, _, station in names
            if kind == "messages"
        ]
        self._known: dict[StationKey, int | None] = {}
        self._looked_at = 0.0

    async def new(self) -> set[Change]:
        now = time.monotonic()
        if not self.stations or now - self._looked_at < LOOK_S:
            return set()
        self._looked_at = now
        latest = {key: await self._queries.latest(key) for key in self.stations}
        fresh = [key for key in self.stations if self._known.get(key, latest[key]) != latest[key]]
        self._known = latest
        return {_messages_change(key.station) for key in fresh}


def _messages_change(station: str) -> Change:
    return Change("messages", frozenset({f"messages:{station}"}), (("station", station),))


def changes_of(event: Event) -> Iterator[Change]:
    """What an event changes on pages."""
    if isinstance(event, TRANSACTION_EVENTS):
        station, transaction = event.station.station, event.transaction
        topics = frozenset(
            {"transactions", f"transaction:{transaction}", "stations", f"station:{station}"}
        )
        yield Change("transaction", topics, (("id", transaction), ("station", station)))
        yield OVERVIEW
    elif isinstance(event, STATION_EVENTS):
        station = event.station.station
        yield Change("station", frozenset({"stations", f"station:{station}"}), (("id", station),))
        yield OVERVIEW
        if isinstance(event, INBOX_EVENTS):
            yield PENDING
    elif isinstance(event, SiteChanged):
        yield OVERVIEW


OVERVIEW = Change("overview", frozenset({"overview"}))
PENDING = Change("pending", frozenset({"pending"}))


async def gathered(watch: Watch, gather_s: float, pause_s: float) -> AsyncIterator[list[Announced]]:
    """Bursts of events, and nothing whenever there was none for a while; ends with the watch."""
    events = aiter(watch)
    coming = asyncio.ensure_future(anext(events))
    try:
        while True:
            burst: list[Announced] = []
            until = time.monotonic() + pause_s
            while (left := until - time.monotonic()) > 0:
                done, _ = await asyncio.wait({coming}, timeout=left)
                if not done:
                    break
                if not burst:
                    until = time.monotonic() + gather_s
                burst.append(coming.result())
                coming = asyncio.ensure_future(anext(events))
            yield burst
    except StopAsyncIteration:
        return
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
