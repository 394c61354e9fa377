"""Committed events, to whoever watches now and to whoever comes back for what was missed."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from ricarica.engine.sql import OUTBOX
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import EventId, TenantId
from ricarica.storage.database import Database

# Numbers stay numbers, with all their digits, on the way out and on the way back.
ENCODER = msgspec.json.Encoder(decimal_format="number")
DECODER: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(
    dict[str, Any], float_hook=Decimal
)

# What another node told a little earlier may be committed a little later than what we know.
OVERLAP = 5_000 << 20  # ids: their upper bits are milliseconds
QUEUE_MAX = 1_000  # events that a watcher may lag behind; then it has to come back
TOLD_MAX = 10_000  # ids that are remembered, so that what is read after an outage is told once


@dataclass(frozen=True, slots=True)
class Told:
    """An event as programs outside see it."""

    id: EventId
    kind: str
    at: datetime
    station: str | None
    body: dict[str, Any]


class Happening(NamedTuple):
    """An event on its way to whoever watches, here or at another node."""

    id: EventId
    tenant: TenantId
    kind: str
    at: datetime
    station: str | None
    body: bytes  # JSON

    @property
    def told(self) -> Told:
        return Told(self.id, self.kind, self.at, self.station, DECODER.decode(self.body))


def happening_from(announced: Announced) -> Happening:
    station = announced.event.station
    return Happening(
        announced.id,
        announced.tenant,
        announced.kind,
        announced.at,
        station.station if station else None,
        ENCODER.encode(announced.event),
    )


def told_from(announced: Announced) -> Told:
    return happening_from(announced).told


class Watch:
    """One watcher's view of a tenant's events; ends when it lags too far behind."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Told | None] = asyncio.Queue(QUEUE_MAX + 1)

    def offer(self, told: Told) -> None:
        if self._queue.qsize() < QUEUE_MAX:
            self._queue.put_nowait(told)
        elif self._queue.qsize() == QUEUE_MAX:
            self._queue.put_nowait(None)

    @property
    def behind(self) -> int:
        """Events that wait for this watcher."""
        return self._queue.qsize()

    def end(self) -> None:
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Told]:
        while (told := await self._queue.get()) is not None:
            yield told


class Events:
    """What was announced, live and from the outbox."""

    def __init__(
        self, database: Database, pass_on: Callable[[Happening], None] | None = None
    ) -> None:
        self._database = database
        self._pass_on = pass_on
        self._watches: dict[TenantId, set[Watch]] = {}
        self.published = 0  # since the start
        self._told: OrderedDict[EventId, None] = OrderedDict()  # lately, to those who watch here

    @contextmanager
    def subscribe(self, tenant: TenantId) -> Iterator[Watch]:
        watch = Watch()
        watches = self._watches.setdefault(tenant, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._watches.get(tenant) is watches:
                del self._watches[tenant]

    def publish(self, announced: Iterable[Announced]) -> None:
        for each in announced:
            self.published += 1
            if self._pass_on is None and each.tenant not in self._watches:
                continue
            happening = happening_from(each)
            self.receive(happening)
            if self._pass_on:
                self._pass_on(happening)

    def receive(self, happening: Happening) -> None:
        """To those who watch here; it may have happened at another node."""
        if watches := self._watches.get(happening.tenant):
            self._offer(watches, happening.told)

    def _offer(self, watches: Iterable[Watch], told: Told) -> None:
        if told.id in self._told:
            return
        self._told[told.id] = None
        if len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        for watch in watches:
            watch.offer(told)

    async def tell_since(self, at: datetime) -> None:
        """Read what other nodes may have told since then, and tell it to those who watch here."""
        last = EventId(max((int(at.timestamp() * 1_000) << 20) - OVERLAP, 0))
        for tenant, watches in list(self._watches.items()):
            after = last
            while watches and (missed := await self.since(tenant, after)):
                after = missed[-1].id
                for told in missed:
                    self._offer(watches, told)

    def behind(self) -> list[int]:
        """How many events wait for each watcher there is."""
        return [watch.behind for watches in self._watches.values() for watch in watches]

    def end(self) -> None:
        """Send every watcher away: the process stops."""
        for watches in self._watches.values():
            for watch in watches:
                watch.end()

    async def since(self, tenant: TenantId, last: EventId, most: int = 1_000) -> list[Told]:
        """What was kept after an event, oldest first."""
        return await self._kept(most, OUTBOX.c.tenant == tenant, OUTBOX.c.id > last)

    def behind_which_all_is_known(self, last: EventId) -> EventId:
        """From where to read on, so that nothing is missed; some may then come once more."""
        return EventId(max(last - OVERLAP, 0)) if self._pass_on else last

    async def lately(self, tenant: TenantId, since: datetime, most: int = 1_000) -> list[Told]:
        """What was kept from a moment on, oldest first."""
        return await self._kept(most, OUTBOX.c.tenant == tenant, OUTBOX.c.at >= since)

    async def _kept(self, most: int, *where: sa.ColumnElement[bool]) -> list[Told]:
        rows = await self._database.fetch(
            sa.select(OUTBOX).where(*where).order_by(OUTBOX.c.id).limit(most)
        )
        return [
            Told(EventId(id), kind, at, station, DECODER.decode(body))
            for _, id, at, kind, station, body in rows
        ]
