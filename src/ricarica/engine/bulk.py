"""One command for many stations: rows that one node at a time works off, at a pace."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
import sqlalchemy as sa
import structlog

from ricarica.engine.forgetting import forget
from ricarica.engine.keeping import LOST, Kept, keep
from ricarica.engine.sayings import Saying
from ricarica.engine.selection import Selection
from ricarica.engine.sql import BULK_JOBS, BULK_TARGETS
from ricarica.engine.stubborn import stubbornly
from ricarica.engine.timers import CLOCKS_DIFFER
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError, RicaricaError
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.commands import Outcome, Result
from ricarica.storage.database import Database, Row

T = TypeVar("T")

KEY = tuple(BULK_JOBS.primary_key.columns)
LOOK_EVERY_S = 2.0
ROUND = timedelta(seconds=10)  # of a job's pace, at most: what a round is given at once
JOBS_AT_ONCE_MAX = 20  # begun in one look; the others have their turn in the next
LEASE = timedelta(minutes=2)  # whoever dies leaves its jobs to the others after that
RENEW_S = 30.0
REST_S = 5.0  # a server that stops does not wait for slow stations
BACK_WITHIN = timedelta(minutes=5)  # who lost its server is back by then
BRIEFLY = timedelta(seconds=20)  # who lost its line a moment ago, or was sent off by another node
AT_ONCE_MAX = 20  # stations that are being told something
TARGETS_MAX = 100_000
PACE_MAX = 6_000  # stations a minute
FAILURES_SAY_FROM = 10  # stations: of fewer, a share says nothing

log = structlog.get_logger("ricarica.bulk")


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # too much went wrong
    CANCELLED = "cancelled"


class TargetState(StrEnum):
    """Beside these, how a command can end."""

    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"  # it was away
    KEPT = "kept"  # it was away, and is told when it is back
    CANCELLED = "cancelled"


FAILED = frozenset({Outcome.REFUSED.value, Outcome.UNSUPPORTED.value, Outcome.UNKNOWN.value})


@dataclass(frozen=True, slots=True)
class Manner:
    """How a job goes about it.

    Args:
        pace: Stations a minute.
        failures_max: Stop after so many that did not accept.
        failures_percent: Stop when so many of those told did not accept.
        keep_until: Until when what is away may be told; None: it is skipped.
    """

    pace: int = 60
    failures_max: int | None = None
    failures_percent: int | None = None
    keep_until: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.pace <= PACE_MAX:
            raise InvalidError(f"the pace is 1 to {PACE_MAX} stations a minute")
        if self.failures_max is not None and self.failures_max < 1:
            raise InvalidError("failures_max is 1 or more")
        if self.failures_percent is not None and not 1 <= self.failures_percent <= 100:
            raise InvalidError("failures_percent is 1 to 100")


@dataclass(frozen=True, slots=True)
class Job:
    tenant: TenantId
    id: str
    saying: Saying
    selection: Mapping[str, Any]
    made_by: str
    made_at: datetime
    manner: Manner
    state: JobState = JobState.RUNNING
    why: str | None = None
    ended_at: datetime | None = None
    paced_at: datetime | None = None


def row_of(job: Job, lease_until: datetime) -> Row:
    return (
        job.tenant,
        job.id,
        job.saying.name,
        job.saying.text.decode(),
        msgspec.json.encode(job.selection).decode(),
        job.made_by,
        job.made_at,
        job.manner.pace,
        job.manner.failures_max,
        job.manner.failures_percent,
        job.manner.keep_until,
        job.state,
        job.why,
        job.ended_at,
        lease_until,
        job.paced_at,
    )


def job_from(row: Row) -> Job:
    tenant, number, name, body, selection, made_by, made_at, *manner = row[:11]
    state, why, ended_at, _, paced_at = row[11:]
    return Job(
        TenantId(tenant),
        number,
        Saying(name, msgspec.json.decode(body)),
        msgspec.json.decode(selection),
        made_by,
        made_at,
        Manner(*manner),
        JobState(state),
        why,
        ended_at,
        paced_at,
    )


def selection_as_kept(selection: Selection) -> dict[str, Any]:
    kept: dict[str, Any] = msgspec.to_builtins(selection)
    return kept


def begin(unit: UnitOfWork, job: Job, stations: Sequence[StationId]) -> None:
    """
    Raises:
        InvalidError: no station fits, or too many do.
    """
    if not stations:
        raise InvalidError("no station fits this selection")
    if len(stations) > TARGETS_MAX:
        raise InvalidError(f"{len(stations)} stations fit; a job has at most {TARGETS_MAX}")
    unit.work.add(BULK_JOBS, row_of(job, job.made_at))
    waiting = TargetState.WAITING
    rows = [(job.tenant, name, job.id, waiting, None, None, None) for name in stations]
    unit.work.add_all(BULK_TARGETS, rows)


async def cancel(unit: UnitOfWork, tenant: TenantId, number: str) -> None:
    """What is on its way is still answered.

    Raises:
        NotFoundError: there is no such job.
        ConflictError: it has ended.
    """
    mine = (BULK_JOBS.c.tenant == tenant, BULK_JOBS.c.id == number)
    found = await unit.work.fetch(sa.select(BULK_JOBS.c.state).where(*mine))
    if not found:
        raise NotFoundError(f"there is no job {number}")
    if found[0][0] != JobState.RUNNING:
        raise ConflictError(f"job {number} is {found[0][0]} already")
    _end(unit, (tenant, number), JobState.CANCELLED, None)


async def forget_before(unit: UnitOfWork, before: datetime) -> bool:
    """Some of them; whether that was all. A job goes after all its targets have gone."""
    old = BULK_JOBS.c.made_at < before
    targets = sa.tuple_(BULK_TARGETS.c.tenant, BULK_TARGETS.c.job)
    if not await forget(unit, BULK_TARGETS, targets.in_(sa.select(*KEY).where(old))):
        return False
    return await forget(unit, BULK_JOBS, old)


def allowed(pace: int, paced_at: datetime, now: datetime) -> tuple[int, datetime]:
    """How many stations may be told now, and until when that uses the pace up.

    A job that nobody worked on for a while goes on at its pace, and does not catch up.
    """
    each = timedelta(minutes=1) / pace
    # A clock that was ahead, and is right again, has used nothing up.
    begun = max(min(paced_at, now), now - max(ROUND, each))
    number = max((now - begun) // each, 0)
    return number, begun + number * each


def reason_to_stop(manner: Manner, failed: int, told: int) -> str | None:
    if manner.failures_max is not None and failed >= manner.failures_max:
        return f"{failed} stations did not accept it"
    share = manner.failures_percent
    if share is not None and told >= FAILURES_SAY_FROM and failed * 100 >= share * told:
        return f"{failed} of {told} stations did not accept it"
    return None


class CarryOut(Protocol):
    def __call__(
        self, tenant: TenantId, work: Callable[[UnitOfWork], Awaitable[T]], /
    ) -> Awaitable[T]:
        """Do it in one unit of work."""
        ...


@dataclass(frozen=True, slots=True)
class Around:
    """What a runner needs of the engine."""

    database: Database
    clock: Clock
    say: Callable[[StationKey, Saying, str], Awaitable[Result]]
    is_there: Callable[[StationKey], Awaitable[bool]]
    carry_out: CarryOut
    bring: Callable[[StationKey], None]


class Runner:
    """Works off jobs. Any number of nodes may run one: a job is taken by its lease."""

    def __init__(self, around: Around) -> None:
        self._around = around
        self._rounds: set[asyncio.Task[None]] = set()
        self._begun_s, self._begun_at = around.clock.monotonic(), around.clock.now()
        self._is_ending = False

    @property
    def is_resting(self) -> bool:
        return not self._rounds

    async def rest(self) -> None:
        """Until every round that was begun is over."""
        while self._rounds:
            await asyncio.wait(self._rounds)

    async def drain(self) -> None:
        """Tell nobody else, and wait for a while for those that are being told."""
        self._is_ending = True
        if self._rounds:
            await asyncio.wait(self._rounds, timeout=REST_S)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await self._attempt()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._rounds:
                task.cancel()

    async def _attempt(self) -> None:
        try:
            await self.look()
        except (RicaricaError, RuntimeError) as error:
            # A statement that went wrong must not cost the stations their sockets.
            log.warning("bulk.failed", error=str(error))

    async def look(self) -> None:
        """Take the jobs that nobody works on, and begin a round of each."""
        if self._is_ending:
            return
        now, columns = self._around.clock.now(), BULK_JOBS.c
        is_left = (columns.lease_until <= now) | (columns.lease_until > now + LEASE + CLOCKS_DIFFER)
        is_free = (columns.state == JobState.RUNNING, is_left)
        if not await self._around.database.fetch(sa.select(columns.id).where(*is_free).limit(1)):
            return
        longest = sa.select(*KEY).where(*is_free).order_by(columns.lease_until)
        some = longest.limit(JOBS_AT_ONCE_MAX).with_for_update(skip_locked=True)
        take = sa.update(BULK_JOBS).where(sa.tuple_(*KEY).in_(some))
        take = take.values(lease_until=now + LEASE)
        for row in await self._around.database.take(take.returning(*columns)):
            task = asyncio.ensure_future(self._round(job_from(row)))
            self._rounds.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._rounds.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("bulk.round_failed", exc_info=error)

    async def _round(self, job: Job) -> None:
        """Tell some stations, note what became of it, and leave the job to the next look."""
        renewing = asyncio.ensure_future(self._renew(job))
        try:
            # The first is told at once.
            paced_at = job.paced_at or job.made_at - timedelta(minutes=1) / job.manner.pace
            number, paced_at = allowed(job.manner.pace, paced_at, self._around.clock.now())
            stations = await self._some(job, number)
            await self._note_sent(job, stations, paced_at)
            one_of_few = asyncio.Semaphore(AT_ONCE_MAX)

            async def tell(station: StationKey) -> None:
                async with one_of_few:
                    await self._tell(job, station)

            ends = await asyncio.gather(*map(tell, stations), return_exceptions=True)
            if wrong := [end for end in ends if end is not None]:
                raise wrong[0]
            await self._conclude(job)
        except RicaricaError as error:
            log.warning("bulk.round_broke_off", job=job.id, error=str(error))
        finally:
            renewing.cancel()

    async def _renew(self, job: Job) -> None:
        """Stations may take their time, and no other node is to begin meanwhile."""
        mine = (BULK_JOBS.c.tenant == job.tenant, BULK_JOBS.c.id == job.id)

        async def renew(unit: UnitOfWork) -> None:
            until = unit.slices.now + LEASE
            unit.work.run(sa.update(BULK_JOBS).where(*mine).values(lease_until=until))

        while True:
            await asyncio.sleep(RENEW_S)
            with suppress(RicaricaError):
                await self._around.carry_out(job.tenant, renew)

    async def _tell(self, job: Job, station: StationKey) -> None:
        is_there = partial(self._around.is_there, station)
        if self._is_ending or not await stubbornly(is_there):
            await self._leave(job, station)
            return
        result = await self._around.say(station, job.saying, job.made_by)
        if result.outcome is Outcome.UNREACHED:
            await self._leave(job, station)
            return
        await self._note(job, station, result.outcome, result)

    async def _leave(self, job: Job, station: StationKey) -> None:
        """It is away, or about to be sent off with all the others."""
        until = job.manner.keep_until
        if self._is_ending or (until is None and await self._is_expected_back(station)):
            await self._note(job, station, TargetState.WAITING)
            return
        if until is None:
            await self._note(job, station, TargetState.SKIPPED)
            return

        async def leave(unit: UnitOfWork) -> None:
            now = unit.slices.now
            number = unit.slices.ids.new()
            kept = Kept(station, number, job.saying, job.made_by, now, until, job=job.id)
            if await unit.work.fetch(sa.select(BULK_TARGETS.c.station).where(*_sent(job, station))):
                await keep(unit, kept)
                _mark(unit, job, station, TargetState.KEPT)

        try:
            await stubbornly(partial(self._around.carry_out, job.tenant, leave))
        except ConflictError as error:
            await self._note(
                job, station, TargetState.SKIPPED, Result(Outcome.UNREACHED, detail=str(error))
            )
            return
        self._around.bring(station)  # lest it has come back in between

    async def _is_expected_back(self, key: StationKey) -> bool:
        """It was here a moment ago, or before the server itself was away."""

        async def look(unit: UnitOfWork) -> datetime | None:
            return (await unit.slices.stations.get(key)).connection_changed_at

        try:
            changed_at = await stubbornly(partial(self._around.carry_out, key.tenant, look))
        except NotFoundError:
            return False
        if changed_at is None:
            return False
        clock = self._around.clock
        has_just_begun = clock.monotonic() - self._begun_s < BACK_WITHIN.total_seconds()
        if has_just_begun and changed_at < self._begun_at:
            return True
        return abs(clock.now() - changed_at) < BRIEFLY

    async def _some(self, job: Job, number: int) -> list[StationKey]:
        columns = BULK_TARGETS.c
        waiting = sa.select(columns.station).where(
            *_targets_of(job), columns.state == TargetState.WAITING
        )
        # Whoever was away has its next turn after all the others.
        by_turn = waiting.order_by(columns.at.nulls_first(), columns.station)
        rows = await self._fetch(job, by_turn.limit(number))
        return [StationKey(job.tenant, StationId(name)) for (name,) in rows]

    async def _counts(self, job: Job) -> dict[str, int]:
        columns = BULK_TARGETS.c
        query = sa.select(columns.state, sa.func.count()).where(*_targets_of(job))
        rows = await self._fetch(job, query.group_by(columns.state))
        return {state: int(count) for state, count in rows}

    async def _fetch(self, job: Job, query: sa.Select[Any]) -> list[Row]:
        return await self._around.carry_out(job.tenant, lambda unit: unit.work.fetch(query))

    async def _note_sent(
        self, job: Job, stations: Sequence[StationKey], paced_at: datetime
    ) -> None:
        """Who is marked so when a job is taken was being told by a process that is no more."""
        columns, names = BULK_TARGETS.c, [key.station for key in stations]

        async def note(unit: UnitOfWork) -> None:
            lost = sa.update(BULK_TARGETS).where(
                *_targets_of(job), columns.state == TargetState.SENT, columns.station.not_in(names)
            )
            unit.work.run(lost.values(state=Outcome.UNKNOWN, detail=LOST, at=unit.slices.now))
            sent = sa.update(BULK_TARGETS).where(*_targets_of(job), columns.station.in_(names))
            unit.work.run(sent.values(state=TargetState.SENT, at=unit.slices.now))
            mine = (BULK_JOBS.c.tenant == job.tenant, BULK_JOBS.c.id == job.id)
            unit.work.run(sa.update(BULK_JOBS).where(*mine).values(paced_at=paced_at))

        await stubbornly(partial(self._around.carry_out, job.tenant, note))

    async def _note(
        self, job: Job, station: StationKey, state: str, result: Result | None = None
    ) -> None:
        async def note(unit: UnitOfWork) -> None:
            _mark(unit, job, station, state, result)

        await stubbornly(partial(self._around.carry_out, job.tenant, note))

    async def _conclude(self, job: Job) -> None:
        counts = await self._counts(job)
        waiting = counts.get(TargetState.WAITING, 0)
        failed = sum(count for state, count in counts.items() if state in FAILED)
        skipped = counts.get(TargetState.SKIPPED, 0) + counts.get(TargetState.KEPT, 0)
        told = sum(counts.values()) - waiting - skipped
        why = reason_to_stop(job.manner, failed, told)

        async def conclude(unit: UnitOfWork) -> None:
            if waiting and why:
                _end(unit, (job.tenant, job.id), JobState.STOPPED, why)
            elif not waiting:
                _end(unit, (job.tenant, job.id), JobState.DONE, None)
            else:
                mine = (BULK_JOBS.c.tenant == job.tenant, BULK_JOBS.c.id == job.id)
                free = sa.update(BULK_JOBS).where(*mine)
                unit.work.run(free.values(lease_until=unit.slices.now))

        await self._around.carry_out(job.tenant, conclude)


def _targets_of(job: Job) -> tuple[sa.ColumnElement[bool], ...]:
    return BULK_TARGETS.c.tenant == job.tenant, BULK_TARGETS.c.job == job.id


def _sent(job: Job, station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    columns = BULK_TARGETS.c
    is_sent = columns.state == TargetState.SENT
    return *_targets_of(job), columns.station == station.station, is_sent


def _mark(
    unit: UnitOfWork, job: Job, station: StationKey, state: str, result: Result | None = None
) -> None:
    """Once: what was kept may have been said since."""
    values = {
        "state": state,
        "status": result and result.status,
        "detail": result and result.detail,
        "at": unit.slices.now,
    }
    unit.work.run(sa.update(BULK_TARGETS).where(*_sent(job, station)).values(**values))


def _end(unit: UnitOfWork, job: tuple[TenantId, str], state: JobState, why: str | None) -> None:
    tenant, number = job
    is_running = (
        BULK_JOBS.c.tenant == tenant,
        BULK_JOBS.c.id == number,
        BULK_JOBS.c.state == JobState.RUNNING,
    )
    ended = sa.update(BULK_JOBS).where(*is_running)
    unit.work.run(ended.values(state=state, why=why, ended_at=unit.slices.now))
    columns = BULK_TARGETS.c
    left = (columns.tenant == tenant, columns.job == number, columns.state == TargetState.WAITING)
    unit.work.run(sa.update(BULK_TARGETS).where(*left).values(state=TargetState.CANCELLED))
