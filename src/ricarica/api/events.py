"""/events: what happens, as it happens."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from ricarica.access.model import Permission
from ricarica.api.caller import Asking
from ricarica.api.gate import needs
from ricarica.api.ports import Events, Watch
from ricarica.api.replies import ENCODER
from ricarica.engine.outbox import Told
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EventId, TenantId
from ricarica.storage.pages import id_in

HEARTBEAT_S = 15.0  # proxies close what is silent for 30 s or more
SENT_MAX = 2_000  # ids of what was missed; more than can wait to be told once more
REPLAY = 500  # events read at once for one who comes back


@dataclass(frozen=True, slots=True)
class Interest:
    """Empty or None: everything."""

    station: str | None = None
    kinds: frozenset[str] = frozenset()

    def covers(self, told: Told) -> bool:
        if self.kinds and told.kind not in self.kinds:
            return False
        return self.station is None or (told.station or "").casefold() == self.station.casefold()


@get(
    "/events",
    opt=needs(Permission.READ),
    tags=["Events"],
    media_type="text/event-stream",
)
async def events(
    caller: Asking,
    station: Annotated[str | None, QueryParameter(description="Only of this station.")] = None,
    kind: Annotated[
        str | None,
        QueryParameter(description="Only these, e.g. `TransactionStarted,StationBooted`."),
    ] = None,
    last_event_id: Annotated[
        str | None, HeaderParameter(name="Last-Event-ID", description="Go on after this one.")
    ] = None,
) -> Stream:
    """A stream of server-sent events: `event` is the kind, `data` a JSON object.

    `announced_at` is when it was told, by our clock; `at`, where there is one, when it happened.

    A client that comes back with `Last-Event-ID` gets what it missed, as long as that is kept;
    where there are several servers, it may get what it had last once more, with the same `id`.
    Every 15 s without an event there is a comment, so that nobody takes silence for a loss.
    """
    kinds = frozenset(filter(None, (kind or "").split(",")))
    lines = stream(
        caller.engine.events, caller.tenant, Interest(station, kinds), _place(last_event_id)
    )
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(lines, media_type="text/event-stream", headers=headers)


HANDLERS = (events,)


def _place(last_event_id: str | None) -> EventId | None:
    if not last_event_id:
        return None
    id_ = id_in(last_event_id)
    if id_ is None:
        raise InvalidError("Last-Event-ID is the id of an event of ours")
    return EventId(id_)


async def stream(
    source: Events,
    tenant: TenantId,
    interest: Interest,
    last: EventId | None,
    heartbeat_s: float = HEARTBEAT_S,
) -> AsyncIterator[bytes]:
    """First what was missed, then what happens; watching from before the first look back."""
    with source.subscribe(tenant) as watch:
        yield b": welcome\n\n"
        sent: OrderedDict[EventId, None] = OrderedDict()
        async for told in _missed(source, tenant, last):
            sent[told.id] = None
            if len(sent) > SENT_MAX:
                sent.popitem(last=False)
            if interest.covers(told):
                yield frame(told)
        async for live in _with_heartbeat(watch, heartbeat_s):
            if live is None:
                yield b": still here\n\n"
            elif live.id not in sent and interest.covers(live):
                yield frame(live)


def frame(told: Told) -> bytes:
    body: dict[str, Any] = {
        **told.body,
        "id": str(told.id),  # as text: 63 bits are more than JavaScript can count
        "kind": told.kind,
        "announced_at": told.at,
        "station": told.station,
    }
    data = ENCODER.encode(body)
    return b"id: %d\nevent: %b\ndata: %b\n\n" % (told.id, told.kind.encode(), data)


async def _missed(source: Events, tenant: TenantId, last: EventId | None) -> AsyncIterator[Told]:
    if last is not None:
        last = source.behind_which_all_is_known(last)
    while last is not None:
        page = await source.since(tenant, last, REPLAY)
        for told in page:
            yield told
        last = page[-1].id if len(page) == REPLAY else None


async def _with_heartbeat(watch: Watch, heartbeat_s: float) -> AsyncIterator[Told | None]:
    """Events, and None whenever there was none for a while; ends when the watch ends."""
    events = aiter(watch)
    coming = asyncio.ensure_future(anext(events))
    try:
        while True:
            done, _ = await asyncio.wait({coming}, timeout=heartbeat_s)
            if not done:
                yield None
                continue
            try:
                announced = coming.result()
            except StopAsyncIteration:
                return
            coming = asyncio.ensure_future(anext(events))
            yield announced
    finally:
        coming.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await coming
