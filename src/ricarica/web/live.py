"""/live: one stream for each page. It says what changed, never how; the page asks for the rest."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
from litestar import get
from litestar.response import Stream

from ricarica.access.model import SESSION_COOKIE, Permission
from ricarica.alerts.events import AlertChanged, AlertOpened
from ricarica.configuration.events import SettingsChanged
from ricarica.diagnostics.events import LogProgressed
from ricarica.energy import events as energy_events
from ricarica.engine.outbox import Told, Watch
from ricarica.engine.queries.messages import MessageQueries, NetworkMessages
from ricarica.firmware.events import (
    CampaignChanged,
    CampaignHalted,
    FirmwareImageChanged,
    FirmwareProgressed,
)
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationId, StationKey
from ricarica.monitoring.events import (
    EventAcknowledged,
    StationNoticed,
    StreamAdvanced,
    StreamChanged,
)
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
ON_ITS_WAY = timedelta(seconds=3)  # from making a page to its first word on the stream
TOPICS_MAX = 20  # a page has two or three

STATION_EVENTS = frozenset(
    kind.__name__
    for kind in (
        StationRegistered,
        StationChanged,
        StationBooted,
        StationConnected,
        StationDisconnected,
        ConnectorStatusChanged,
    )
)
INBOX_EVENTS = STATION_EVENTS - {ConnectorStatusChanged.__name__}
FIRMWARE_EVENTS = frozenset(
    kind.__name__
    for kind in (FirmwareProgressed, FirmwareImageChanged, CampaignChanged, CampaignHalted)
)
TRANSACTION_EVENTS = frozenset(
    kind.__name__ for kind in (TransactionStarted, TransactionProgressed, TransactionEnded)
)


ENERGY_EVENTS = frozenset(
    kind.__name__
    for kind in (
        energy_events.ChargingProfileChanged,
        energy_events.ChargingProfilesReported,
        energy_events.ChargingLimitChanged,
        energy_events.ChargingNeedsTold,
        energy_events.CarScheduleReceived,
        energy_events.CompositeTold,
        energy_events.PriorityChargingChanged,
        energy_events.DerControlChanged,
        energy_events.DerControlRan,
        energy_events.DerAlarmChanged,
    )
)


ALERT_EVENTS = frozenset({AlertOpened.__name__, AlertChanged.__name__})
NOTICED_EVENTS = ALERT_EVENTS | {StationNoticed.__name__, EventAcknowledged.__name__}
STREAM_EVENTS = frozenset({StreamAdvanced.__name__, StreamChanged.__name__})


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
    pause = LOOK_S if messages.are_watched else HEARTBEAT_S
    said_at = time.monotonic()
    await messages.new()  # what is there already is on the page
    with visitor.house.engine.events.subscribe(visitor.tenant) as watch:
        yield b": welcome\n\n" + _frames(await _missed(visitor), topics)
        async with aclosing(gathered(watch, GATHER_S, pause)) as bursts:
            async for happened in bursts:
                found = {change for told in happened for change in _of(told)}
                frames = _frames(found | await messages.new(), topics)
                is_time = time.monotonic() - said_at >= HEARTBEAT_S
                if frames or is_time:
                    yield frames or b": still here\n\n"
                if is_time:
                    said_at = time.monotonic()
                    if not await _is_still_welcome(visitor):
                        return


def _frames(changes: Iterable[Change], topics: frozenset[str]) -> bytes:
    return b"".join(sorted(change.frame for change in changes if change.topics & topics))


async def _missed(visitor: Visitor) -> set[Change]:
    """What happened while the page was on its way to the browser."""
    lately = await visitor.house.engine.events.lately(visitor.tenant, visitor.now - ON_ITS_WAY)
    return {change for told in lately for change in _of(told)}


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
        self._visitor = visitor
        self._everywhere = NetworkMessages(visitor.database) if "network" in topics else None
        self._known: dict[StationKey, int | None] = {}
        self._newest: int | None = None
        self._looked_at = 0.0

    @property
    def are_watched(self) -> bool:
        return bool(self.stations or self._everywhere)

    async def new(self) -> set[Change]:
        now = time.monotonic()
        if not self.are_watched or now - self._looked_at < LOOK_S:
            return set()
        self._looked_at = now
        latest = {key: await self._queries.latest(key) for key in self.stations}
        fresh = [key for key in self.stations if self._known.get(key, latest[key]) != latest[key]]
        self._known = latest
        changes = {_messages_change(key.station) for key in fresh}
        return changes | {NETWORK} if await self._is_new_anywhere() else changes

    async def _is_new_anywhere(self) -> bool:
        if self._everywhere is None:
            return False
        visitor, before = self._visitor, self._newest
        self._newest = await self._everywhere.newest(visitor.tenant, visitor.house.now())
        return before is not None and self._newest > before


def _messages_change(station: str) -> Change:
    return Change("messages", frozenset({f"messages:{station}"}), (("station", station),))


def changes_of(kind: str, station: str | None, transaction: str | None) -> Iterator[Change]:
    """What an event of this kind changes on pages."""
    if kind in TRANSACTION_EVENTS and station and transaction:
        topics = {"transactions", f"transaction:{transaction}", "stations", f"station:{station}"}
        data = (("id", transaction), ("station", station))
        yield Change("transaction", frozenset(topics), data)
        yield OVERVIEW
    elif kind in STATION_EVENTS and station:
        topics = {"stations", f"station:{station}"}
        yield Change("station", frozenset(topics), (("id", station),))
        yield OVERVIEW
        if kind in INBOX_EVENTS:
            yield PENDING
    elif kind in ENERGY_EVENTS and station:
        yield Change("station", frozenset({f"station:{station}"}), (("id", station),))
    elif kind == SiteChanged.__name__:
        yield OVERVIEW
    else:
        yield from _further(kind, station)


def _further(kind: str, station: str | None) -> Iterator[Change]:
    """Of what is less often looked at."""
    if kind in FIRMWARE_EVENTS:
        yield FIRMWARE
    elif kind == LogProgressed.__name__:
        yield LOGS
    elif kind in NOTICED_EVENTS:
        yield Change("events", frozenset({"events"}))
        if kind in ALERT_EVENTS:
            yield OVERVIEW
    elif kind in STREAM_EVENTS and station:
        yield Change("stream", frozenset({f"streams:{station}"}), (("station", station),))
    elif kind == SettingsChanged.__name__ and station:
        yield Change("settings", frozenset({f"settings:{station}"}), (("station", station),))


def _of(told: Told) -> Iterator[Change]:
    return changes_of(told.kind, told.station, told.body.get("transaction"))


OVERVIEW = Change("overview", frozenset({"overview"}))
PENDING = Change("pending", frozenset({"pending"}))
FIRMWARE = Change("firmware", frozenset({"firmware"}))
LOGS = Change("logs", frozenset({"logs"}))
NETWORK = Change("network", frozenset({"network"}))


async def gathered(
    watch: Watch, gather_s: float, pause_s: float
) -> AsyncGenerator[list[Told], None]:
    """Bursts of events, and nothing whenever there was none for a while; ends with the watch."""
    events = aiter(watch)
    coming = asyncio.ensure_future(anext(events))
    try:
        while True:
            burst: list[Told] = []
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
