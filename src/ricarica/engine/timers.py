"""Timers: rows with a due time, so that a restart forgets none of them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog

from ricarica.engine.counts import TimerCounts
from ricarica.engine.sql import TIMERS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from ricarica.storage.database import Database, Run

KEY = tuple(TIMERS.primary_key.columns)
DUE_MAX = 100  # timers carried out in one round
LEASE = timedelta(minutes=1)  # whoever takes a timer and dies leaves it to the others after that
CLOCKS_DIFFER = timedelta(minutes=1)  # at most, between nodes; by more, one of them was set wrong
LOOK_EVERY_S = 5.0  # nobody waits for a timer to the second

log = structlog.get_logger("ricarica.timers")

Ring = Callable[[UnitOfWork, str], Awaitable[timedelta | None]]
"""What a timer does, given its subject; returns when to ring again, or None."""
Post = Callable[[TenantId, Callable[[UnitOfWork], Awaitable[None]]], "asyncio.Future[None]"]


def set_timer(unit: UnitOfWork, kind: str, subject: str, due_at: datetime) -> None:
    """Ring once. One that is set already for this subject stays as it is."""
    unit.work.add(TIMERS, (unit.tenant, kind, subject, due_at), if_new=True)


async def take_turn(database: Database, kind: str, now: datetime, lease: timedelta) -> bool:
    """Whether this process is to do now what one does at a time, outside a unit of work.

    Its timer was begun, and is in no table of rings. Who dies over it leaves it to the others when
    the lease is over.
    """
    due_at = TIMERS.c.due_at
    is_due = (due_at <= now) | (due_at > now + lease + CLOCKS_DIFFER)
    is_free = (TIMERS.c.tenant == DEFAULT_TENANT, TIMERS.c.kind == kind, is_due)
    if not await database.fetch(sa.select(*KEY).where(*is_free)):
        return False
    take = sa.update(TIMERS).where(*is_free).values(due_at=now + lease)
    return bool(await database.take(take.returning(*KEY)))


async def end_turn(database: Database, kind: str, due_at: datetime) -> None:
    """The next one is due then."""
    mine = (TIMERS.c.tenant == DEFAULT_TENANT, TIMERS.c.kind == kind)
    await database.commit([Run(sa.update(TIMERS).where(*mine).values(due_at=due_at))])


class Timers:
    def __init__(
        self,
        database: Database,
        clock: Clock,
        post: Post,
        rings: Mapping[str, Ring],
        pauses: Mapping[str, timedelta] | None = None,
    ) -> None:
        """`pauses`: by kind, the longest after which a recurring one rings again."""
        self._database = database
        self._clock = clock
        self._post = post
        self.rings = rings
        self.pauses = pauses or {}
        self.counts = TimerCounts()

    async def begin(self, kind: str) -> None:
        """Let a recurring timer ring from now on, unless it does already."""
        at = self._clock.now()

        async def start(unit: UnitOfWork) -> None:
            set_timer(unit, kind, "", at)

        await self._post(DEFAULT_TENANT, start)

    async def touch(self) -> None:
        """Commit something that changes nothing, in turn with all else that is to be stored.

        Raises:
            StorageUnavailableError: it cannot be stored, and neither could anything else.
        """

        async def write(unit: UnitOfWork) -> None:
            unit.work.run(
                sa.update(TIMERS)
                .where(TIMERS.c.tenant == unit.tenant, TIMERS.c.subject == "")
                .values(due_at=TIMERS.c.due_at)
            )

        await self._post(DEFAULT_TENANT, write)

    async def run(self) -> None:
        while True:
            try:
                await self.ring_due()
            except (RicaricaError, RuntimeError) as error:
                # A statement that went wrong must not cost the stations their sockets.
                log.warning("timers.failed", error=str(error))
            await asyncio.sleep(LOOK_EVERY_S)

    async def ring_due(self) -> int:
        """Carry out what is due, each in a unit of work of its own; returns how many.

        Each is taken by moving it ahead, so that no two nodes ring the same.
        """
        now = self._clock.now()
        is_due = (self._is_due(now), TIMERS.c.kind.in_(self.rings))
        due = sa.select(*KEY).where(*is_due).order_by(TIMERS.c.due_at).limit(DUE_MAX)
        found = await self._database.fetch(due.add_columns(TIMERS.c.due_at))
        if not found:
            return 0
        due_at = {tuple(key): at for *key, at in found}
        take = (
            sa.update(TIMERS)
            .where(sa.tuple_(*KEY).in_(due.with_for_update(skip_locked=True)))
            .values(due_at=now + LEASE)
        )
        taken = await self._database.take(take.returning(*KEY))
        for key in sorted(taken, key=lambda key: due_at.get(key, now)):
            tenant, kind, subject = key
            late = now - min(due_at.get(key, now), now)
            self.counts.late_s.observe(late.total_seconds())
            await self._ring(TenantId(tenant), kind, subject)
        return len(taken)

    def _is_due(self, now: datetime) -> sa.ColumnElement[bool]:
        """What is due later than after its pause was set by a clock that has been put right."""
        columns = TIMERS.c
        was_ahead = (
            (columns.kind == kind) & (columns.due_at > now + pause + CLOCKS_DIFFER)
            for kind, pause in self.pauses.items()
        )
        return sa.or_(columns.due_at <= now, *was_ahead)

    async def _ring(self, tenant: TenantId, kind: str, subject: str) -> None:
        """One that fails is due again soon, and keeps none that come after it from ringing."""
        try:
            await self._post(tenant, self._errand(kind, subject))
            self.counts.rung[kind, "done"] += 1
        except RicaricaError as error:
            self.counts.rung[kind, "failed"] += 1
            log.warning("timer.failed", kind=kind, subject=subject, error=str(error))

    def _errand(self, kind: str, subject: str) -> Callable[[UnitOfWork], Awaitable[None]]:
        async def ring(unit: UnitOfWork) -> None:
            again = await self.rings[kind](unit, subject)
            mine = (
                TIMERS.c.tenant == unit.tenant,
                TIMERS.c.kind == kind,
                TIMERS.c.subject == subject,
            )
            if again is None:
                unit.work.run(sa.delete(TIMERS).where(*mine))
            else:
                due_at = unit.slices.now + again
                unit.work.run(sa.update(TIMERS).where(*mine).values(due_at=due_at))

        return ring
