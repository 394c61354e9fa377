"""Commands for stations that are away: kept until they are back, or until it is too late."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from ricarica.access.model import Actor
from ricarica.engine.forgetting import forget_older
from ricarica.engine.sayings import Saying
from ricarica.engine.sql import BULK_TARGETS, KEPT_COMMANDS
from ricarica.engine.stubborn import stubbornly
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import ConflictError, NotFoundError
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.commands import Outcome, Result
from ricarica.storage.database import Row

T = TypeVar("T")

KEPT_MAX = 50  # of one station; more would be a flood when it is back
LONGEST = timedelta(days=30)
USUAL = timedelta(hours=24)
LOST = "the server stopped, or could not store the answer"

InOrder = Callable[[StationKey, Callable[[UnitOfWork], Awaitable[T]]], Awaitable[T]]


class State(StrEnum):
    WAITING = "waiting"
    SENT = "sent"  # and not answered yet
    DONE = "done"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Kept:
    station: StationKey
    id: str
    saying: Saying
    made_by: str
    made_at: datetime
    expires_at: datetime
    state: State = State.WAITING
    outcome: Outcome | None = None
    status: str | None = None
    detail: str | None = None
    done_at: datetime | None = None
    job: str | None = None

    def state_at(self, now: datetime) -> State:
        is_late = self.state is State.WAITING and self.expires_at <= now
        return State.EXPIRED if is_late else self.state


def row_of(kept: Kept) -> Row:
    return (
        kept.station.tenant,
        kept.station.station,
        kept.id,
        kept.saying.name,
        kept.saying.text.decode(),
        kept.made_by,
        kept.made_at,
        kept.expires_at,
        kept.state,
        kept.outcome,
        kept.status,
        kept.detail,
        kept.done_at,
        kept.job,
    )


def kept_from(row: Row) -> Kept:
    tenant, station, number, name, body, made_by, made_at, expires_at, state, outcome, *rest = row
    return Kept(
        StationKey(TenantId(tenant), StationId(station)),
        number,
        Saying(name, msgspec.json.decode(body)),
        made_by,
        made_at,
        expires_at,
        State(state),
        None if outcome is None else Outcome(outcome),
        *rest,
    )


async def keep(unit: UnitOfWork, kept: Kept) -> None:
    """
    Raises:
        ConflictError: too many wait for this station already.
    """
    waiting = await _fetch(unit, kept.station, KEPT_COMMANDS.c.state == State.WAITING)
    if sum(each.expires_at > unit.slices.now for each in waiting) >= KEPT_MAX:
        raise ConflictError(f"{KEPT_MAX} commands wait for {kept.station.station} already")
    unit.work.add(KEPT_COMMANDS, row_of(kept))


async def keep_order(
    unit: UnitOfWork, actor: Actor, key: StationKey, saying: Saying, until: datetime
) -> str:
    """Keep what somebody wants said, and write down who; returns the id under which it waits.

    Raises:
        ConflictError: too many wait for this station already.
    """
    slices, number = unit.slices, unit.slices.ids.new()
    await keep(unit, Kept(key, number, saying, actor.name, slices.now, until))
    detail: dict[str, object] = {"command": saying.name}
    subject = f"station:{key.station}"
    slices.access.audit(actor, "station.keep", subject, slices.now, detail=detail)
    return number


async def cancel(unit: UnitOfWork, key: StationKey, number: str) -> None:
    """
    Raises:
        NotFoundError: there is none.
        ConflictError: it is too late.
    """
    found = await _fetch(unit, key, KEPT_COMMANDS.c.id == number)
    if not found:
        raise NotFoundError(f"no command {number} is kept for {key.station}")
    if found[0].state_at(unit.slices.now) is not State.WAITING:
        raise ConflictError(f"it is {found[0].state_at(unit.slices.now)} already")
    _change(unit, found[0], state=State.CANCELLED, done_at=unit.slices.now)
    _tell_job(unit, found[0], "cancelled", None)


async def forget_before(unit: UnitOfWork, before: datetime) -> bool:
    """Some of them; whether that was all."""
    return await forget_older(unit, KEPT_COMMANDS.c.made_at, before)


class Deliverer:
    """Says what was kept, in its order, once the station is back. One at a time."""

    def __init__(
        self,
        say: Callable[[StationKey, Saying, str], Awaitable[Result]],
        in_order: InOrder[Kept | None],
        note: InOrder[None],
    ) -> None:
        self._say = say
        self._in_order = in_order
        self._note = note

    async def deliver(self, key: StationKey) -> bool:
        """Whether that was all of it."""
        for _ in range(KEPT_MAX):
            kept = await self._in_order(key, partial(_next, key))
            if kept is None:
                return True
            result = await self._say(key, kept.saying, kept.made_by)
            await stubbornly(partial(self._note, key, partial(_done, kept, result)))
            if result.outcome is Outcome.UNREACHED:
                break
        return False


async def _next(key: StationKey, unit: UnitOfWork) -> Kept | None:
    """The oldest that waits, now on its way. What was on its way before us was lost there."""
    columns, now = KEPT_COMMANDS.c, unit.slices.now
    found = await _fetch(unit, key, columns.state.in_([State.WAITING, State.SENT]))
    for lost in (each for each in found if each.state is State.SENT):
        _end(unit, lost, Result(Outcome.UNKNOWN, detail=LOST))
    waiting = [each for each in found if each.state_at(now) is State.WAITING]
    if not waiting:
        return None
    _change(unit, waiting[0], state=State.SENT)
    return waiting[0]


async def _done(kept: Kept, result: Result, unit: UnitOfWork) -> None:
    if result.outcome is Outcome.UNREACHED:
        _change(unit, kept, state=State.WAITING)
    else:
        _end(unit, kept, result)


def _end(unit: UnitOfWork, kept: Kept, result: Result) -> None:
    _change(
        unit,
        kept,
        state=State.DONE,
        outcome=result.outcome,
        status=result.status,
        detail=result.detail,
        done_at=unit.slices.now,
    )
    _tell_job(unit, kept, result.outcome, result)


def _change(unit: UnitOfWork, kept: Kept, **values: object) -> None:
    columns = KEPT_COMMANDS.c
    mine = (*_of(kept.station), columns.id == kept.id)
    unit.work.run(sa.update(KEPT_COMMANDS).where(*mine).values(**values))


def _tell_job(unit: UnitOfWork, kept: Kept, state: str, result: Result | None) -> None:
    if kept.job is None:
        return
    columns = BULK_TARGETS.c
    mine = (
        columns.tenant == kept.station.tenant,
        columns.station == kept.station.station,
        columns.job == kept.job,
    )
    values = {
        "state": state,
        "status": result and result.status,
        "detail": result and result.detail,
        "at": unit.slices.now,
    }
    unit.work.run(sa.update(BULK_TARGETS).where(*mine).values(**values))


def _of(key: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    columns = KEPT_COMMANDS.c
    return columns.tenant == key.tenant, columns.station == key.station


async def _fetch(unit: UnitOfWork, key: StationKey, *where: sa.ColumnElement[bool]) -> list[Kept]:
    query = sa.select(KEPT_COMMANDS).where(*_of(key), *where).order_by(KEPT_COMMANDS.c.id)
    return [kept_from(row) for row in await unit.work.fetch(query)]
