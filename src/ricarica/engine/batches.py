"""Batches: many letters, one commit, and only then the answers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from ricarica.engine.company import Connection, Fence
from ricarica.engine.counts import BatchCounts
from ricarica.engine.mailbox import Job, Mailboxes, Wanted
from ricarica.engine.outbox import ENCODER
from ricarica.engine.sql import OUTBOX
from ricarica.engine.tracing import Tracing
from ricarica.engine.unit_of_work import Turns, UnitOfWork
from ricarica.kernel.errors import (
    ConflictError,
    FencedError,
    LostUpdateError,
    RicaricaError,
    StorageUnavailableError,
)
from ricarica.kernel.events import Announced
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Withheld
from ricarica.slices import Surroundings
from ricarica.storage.database import Database, Expect, Row
from ricarica.storage.work import Remembered, Work

AGAIN_MAX = 2  # another process that writes the same row twice in between is no accident
BUSY_FROM = 10  # jobs in the latest batch: as many will come again
BUSY_PAUSE_S = 0.002  # what they need to come; short beside the commit that follows
GATHER_S = 0.02  # at most; a turn of the event loop may bring one, and take long for others
BATCH_MAX = 200  # more gains nothing per message, and makes the first one wait for the last

log = structlog.get_logger("ricarica.engine")


@dataclass(slots=True)
class _Done:
    job: Job
    unit: UnitOfWork
    result: Any


class Batches:
    """Takes letters from the mailboxes, decides them, commits, answers, publishes."""

    def __init__(
        self,
        database: Database,
        surroundings: Surroundings,
        mailboxes: Mailboxes,
        prefetch: Callable[[Work, Wanted], Awaitable[None]],
        publish: Callable[[list[Announced], list[tuple[StationKey, object]]], None],
        fence: Fence | None = None,
    ) -> None:
        self._database = database
        self._surroundings = surroundings
        self._mailboxes = mailboxes
        self._prefetch = prefetch
        self._publish = publish
        self._fence = fence
        self.remembered = Remembered(
            surroundings.clock.monotonic,
            shared=fence is not None,
            tell=fence.company.wrote if fence else None,
        )
        self.counts = BatchCounts()
        self.tracing: Tracing | None = None
        self._latest = 0

    async def run(self) -> None:
        """Forever. While one batch is being committed, the next one gathers by itself."""
        while True:
            await self._mailboxes.wait()
            await self._gather()
            await self.once()

    async def _gather(self) -> None:
        """A commit costs by the batch, so let come along what is about to come."""
        now = asyncio.get_running_loop().time
        until = now() + GATHER_S
        if len(self._mailboxes) < self._latest >= BUSY_FROM:
            await asyncio.sleep(BUSY_PAUSE_S)
        waiting = -1
        while waiting < len(self._mailboxes) < BATCH_MAX and now() < until:
            waiting = len(self._mailboxes)
            await asyncio.sleep(0)

    async def once(self) -> None:
        """One batch of what waits now."""
        jobs = self._mailboxes.take(BATCH_MAX)
        self._latest = len(jobs)
        if jobs:
            await self._together(jobs)

    async def _together(self, jobs: list[Job], again_max: int = AGAIN_MAX) -> None:
        try:
            done = await self._commit(jobs)
        except StorageUnavailableError as error:
            self.counts.failed["unavailable"] += 1
            log.warning("storage.unavailable", waiting=len(jobs), error=str(error))
            for job in jobs:
                _fail(job, error)
        except FencedError as error:
            # Some stations went elsewhere: what they said here is theirs to repeat there.
            assert self._fence is not None, "who expects nothing is not fenced"
            self._fence.lost(_connections(jobs, error.rows))
            await self._together(jobs, again_max)
        except Exception as error:
            # One of them is at odds with the database, or met a fault of ours; the others did not.
            is_ours = not isinstance(error, RicaricaError)
            self.counts.failed["fault" if is_ours else "conflict"] += 1
            if is_ours:
                log.exception("batch.failed", jobs=len(jobs))
                self.remembered.forget_all()
            if len(jobs) > 1:
                # By halves: it is found in a few commits, and the others still share theirs.
                middle = len(jobs) // 2
                await self._together(jobs[:middle])
                await self._together(jobs[middle:])
            elif again_max and isinstance(error, LostUpdateError | ConflictError):
                # Another process was faster: what it wrote is read, and decided on, anew.
                await self._together(jobs, again_max - 1)
            else:
                await self._alone(jobs[0], error)
        else:
            self._answer(done)

    async def _commit(self, jobs: list[Job]) -> list[_Done]:
        work = Work(self._database, self.remembered)
        wanted = Wanted()
        for job in jobs:
            job.prepare(wanted)
        await self._prefetch(work, wanted)
        with Turns(self._surroundings, work) as turns:
            done = [await self._decide(job, work, turns) for job in jobs]
        begun = self._surroundings.clock.monotonic()
        await work.commit(self._expected(done))
        commit_s = self._surroundings.clock.monotonic() - begun
        if self.tracing:
            self.tracing.batch(len(jobs), commit_s)
        self.counts.commit_s.observe(commit_s)
        self.counts.sizes.observe(len(jobs))
        self.counts.batches += 1
        self.counts.jobs += len(jobs)
        return done

    def _expected(self, done: list[_Done]) -> Expect | None:
        if self._fence is None:
            return None
        heard = {
            each.job.connection
            for each in done
            if each.job.connection and not isinstance(each.result, Withheld)
        }
        return self._fence.company.expect(heard) if heard else None

    async def _decide(self, job: Job, work: Work, turns: Turns) -> _Done:
        unit = turns.next(job.tenant)
        try:
            result = await job.run(unit)
        except StorageUnavailableError:
            raise
        except Exception as error:
            work.drop()
            return self._failed(job, turns, error)
        _stage_outbox(unit)
        work.keep()
        return _Done(job, unit, result)

    def _failed(self, job: Job, turns: Turns, error: Exception) -> _Done:
        """What a job may still leave behind when its decision was dropped."""
        unit = turns.next(job.tenant)
        try:
            result = job.put_aside(unit, error)
        except RicaricaError as refused:
            unit.work.drop()
            return _Done(job, unit, refused)
        self.counts.put_aside += 1
        _stage_outbox(unit)
        unit.work.keep()
        return _Done(job, unit, result)

    async def _alone(self, job: Job, error: Exception) -> None:
        """Even alone its decision cannot be committed, so put it aside."""
        work = Work(self._database, self.remembered)
        try:
            with Turns(self._surroundings, work) as turns:
                done = self._failed(job, turns, error)
            await work.commit()
        except Exception as failure:
            _fail(job, failure)
        else:
            self._answer([done])

    def _answer(self, done: list[_Done]) -> None:
        announced: list[Announced] = []
        told: list[tuple[StationKey, object]] = []
        for each in done:
            if isinstance(each.result, RicaricaError):
                _fail(each.job, each.result)
                continue
            try:
                each.job.release(each.result)
            except Exception:  # it is committed, so whoever waits in vain will ask again
                log.exception("answer.failed")
            announced += each.unit.announced
            told += each.unit.told
        if announced or told:
            self._publish(announced, told)


def _connections(jobs: Iterable[Job], stations: Iterable[Row]) -> list[Connection]:
    """Those of some stations, given by tenant and name."""
    wanted = set(stations)
    heard = [job.connection for job in jobs if job.connection]
    return [(key, epoch) for key, epoch in heard if (key.tenant, key.station) in wanted]


def _fail(job: Job, error: BaseException) -> None:
    try:
        job.fail(error)
    except Exception:  # whoever waits for this one must not cost the others their engine
        log.exception("answer.failed")


def _stage_outbox(unit: UnitOfWork) -> None:
    for each in unit.announced:
        if getattr(each.event, "passing", False):
            continue
        station = each.event.station
        body = ENCODER.encode(each.event).decode()
        unit.work.add(
            OUTBOX,
            (each.tenant, each.id, each.at, each.kind, station and station.station, body),
        )
