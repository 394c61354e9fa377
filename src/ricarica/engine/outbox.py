"""Committed events, to whoever watches now and to whoever comes back for what was missed."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

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

QUEUE_MAX = 1_000  # events that a watcher may lag behind; then it has to come back


@dataclass(frozen=True, slots=True)
class Told:
    """An event as programs outside see it."""

    id: EventId
    kind: str
    at: datetime
    station: str | None
    body: dict[str, Any]


def told_from(announced: Announced) -> Told:
    station = announced.event.station
    return Told(
        announced.id,
        announced.kind,
        announced.at,
        station.station if station else None,
        DECODER.decode(ENCODER.encode(announced.event)),
    )


class Watch:
    """One watcher's view of a tenant's events; ends when it lags too far behind."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Announced | None] = asyncio.Queue(QUEUE_MAX + 1)

    def offer(self, announced: Announced) -> None:
        if self._queue.qsize() < QUEUE_MAX:
            self._queue.put_nowait(announced)
        elif self._queue.qsize() == QUEUE_MAX:
            self._queue.put_nowait(None)

    @property
    def behind(self) -> int:
        """Events that wait for this watcher."""
        return self._queue.qsize()

    def end(self) -> None:
        if not self._queue.full():
            self._queue.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[Announced]:
        while (announced := await self._queue.get()) is not None:
            yield announced


class Events:
    """What was announced, live and from the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches: dict[TenantId, set[Watch]] = {}
        self.published = 0  # since the start

    @contextmanager
    def subscribe(self, tenant: TenantId) -> Iterator[Watch]:
        watch = Watch()
        watches = self._watches.setdefault(tenant, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)

    def publish(self, announced: Iterable[Announced]) -> None:
        for each in announced:
            self.published += 1
            for watch in self._watches.get(each.tenant, ()):
                watch.offer(each)

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
