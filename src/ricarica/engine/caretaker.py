"""Looks after the stations whose connections this node decides for."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import dropwhile, islice
from typing import Protocol, TypeVar

import structlog

from ricarica.engine.live import LiveStations
from ricarica.engine.timers import CLOCKS_DIFFER
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.engine.upkeep import (
    Anew,
    Standing,
    Standings,
    State,
    Upkeep,
    after_telling,
    begun,
    digest_of,
    is_worth_telling,
)
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import NotFoundError, RicaricaError
from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome, Result
from ricarica.stations.model import Acceptance

T = TypeVar("T")

REST_S = 5.0  # a server that stops does not wait for slow stations
LOOK_EVERY_S = 5.0  # nobody waits for upkeep to the second
NEVER_BOOTS = timedelta(seconds=60)  # after that, a station that came back will not boot
LOOK_AGAIN = timedelta(days=1)  # what a station that stays connected forgot is noticed by then
ONCE_MORE = timedelta(minutes=1)  # when nothing could be stored, or said: a passing trouble
LET_OTHERS = timedelta(seconds=5)  # while somebody else is telling the station something
AT_ONCE_MAX = 20  # stations; each has one command in flight
BEGUN_AT_ONCE_MAX = 100  # in one look: after a storm all have their turn within the hour
BUSY_FROM = 50  # letters that wait: whoever sent them comes first
STEPS_MAX = 1_000  # in a row: more chunks than the longest list has

EVERYTHING = ""
"""As a kind: all there are."""

log = structlog.get_logger("ricarica.upkeep")


@dataclass(frozen=True, slots=True)
class Plan:
    """When to look after a station, and after what. `anew`: by kind, also what was in vain."""

    at: datetime
    kinds: frozenset[str]
    anew: Mapping[str, Anew] = field(default_factory=dict)
    boots: bool = False  # it has just been accepted

    def and_also(self, other: "Plan") -> "Plan":
        return Plan(
            min(self.at, other.at),
            self.kinds | other.kinds,
            {
                kind: max(self.anew.get(kind, Anew.NOTHING), other.anew.get(kind, Anew.NOTHING))
                for kind in {*self.anew, *other.anew}
            },
            self.boots or other.boots,
        )


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a caretaker needs of the engine."""

    live: LiveStations
    clock: Clock
    tell: Callable[[StationKey, object], Awaitable[Result]]
    is_busy: Callable[[StationKey], bool]  # somebody is telling it something
    waiting: Callable[[], int]  # letters
    # Before any upkeep: what was kept for the station while it was away.
    deliver: Callable[[StationKey], Awaitable[bool]]


class CarryOut(Protocol):
    def __call__(
        self, key: StationKey, work: Callable[[UnitOfWork], Awaitable[T]], /
    ) -> Awaitable[T]:
        """Do it in one unit of work, in the station's order."""
        ...


class Caretaker:
    """In a cluster, each node cares for the stations it decides for, and for no others."""

    def __init__(
        self,
        upkeeps: Sequence[Upkeep],
        around: Surrounding,
        carry_out: CarryOut,
        after_boot: timedelta = timedelta(),
    ) -> None:
        """`after_boot`: whoever installs a station, or waits before it, has the first word."""
        self._after_boot = after_boot
        self._upkeeps = upkeeps
        self._around = around
        self._carry_out = carry_out
        self._kinds = frozenset(upkeep.kind for upkeep in upkeeps)
        self._plans: dict[StationKey, Plan] = {}
        self._due: deque[StationKey] = deque()  # of this look
        self._running: dict[StationKey, asyncio.Task[None]] = {}
        # A look reads much, and whatever is decided together with it waits for it.
        self._one_decides = asyncio.Lock()

    # -- what is heard

    def came(self, key: StationKey) -> None:
        """It is connected. If it is about to boot, its boot comes first."""
        self._plan(key, Plan(self._around.clock.now() + NEVER_BOOTS, self._kinds))

    def booted(self, key: StationKey) -> None:
        """It was accepted, and its answer is on its way."""
        anew = dict.fromkeys(self._kinds, Anew.REFUSED)
        self._plan(key, Plan(self._around.clock.now(), self._kinds, anew, boots=True))

    def bring(self, key: StationKey, kind: str = EVERYTHING, *, anew: bool = False) -> None:
        """Something else is wanted, or somebody wants it tried again. If it is away, when it is
        back."""
        if self._around.live.get(key) is None:
            return
        kinds = frozenset({kind}) if kind else self._kinds
        again = dict.fromkeys(kinds, Anew.ALL) if anew else {}
        self._plan(key, Plan(self._around.clock.now(), kinds, again))

    def _plan(self, key: StationKey, plan: Plan) -> None:
        known = self._plans.get(key)
        self._plans[key] = known.and_also(plan) if known else plan
        if plan.at <= self._around.clock.now() and self._is_free():
            self._begin(key)

    # -- looking after

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                self.look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._running.values():
                task.cancel()

    def look(self) -> None:
        """Begin with those whose time has come, unless there is more urgent work."""
        now = self._around.clock.now()
        # No plan reaches further, but one by a clock that was ahead, and is right again.
        furthest = now + LOOK_AGAIN + self._after_boot + CLOCKS_DIFFER
        due = (key for key, plan in self._plans.items() if not now < plan.at <= furthest)
        self._due = deque(islice(due, BEGUN_AT_ONCE_MAX))
        self._go_on()

    def _go_on(self) -> None:
        while self._due and self._is_free():
            key = self._due.popleft()
            if key in self._plans:
                self._begin(key)

    def _is_free(self) -> bool:
        return len(self._running) < AT_ONCE_MAX and self._around.waiting() < BUSY_FROM

    @property
    def is_resting(self) -> bool:
        return not self._running

    async def rest(self) -> None:
        """Until nothing is being done. Who is asked and does not answer is told again another
        day."""
        if self._running:
            _, asked = await asyncio.wait(self._running.values(), timeout=REST_S)
            for task in asked:
                task.cancel()

    def _begin(self, key: StationKey) -> None:
        if key in self._running:
            return  # what was planned meanwhile is begun with when that is done
        plan = self._plans.pop(key)
        if self._around.live.get(key) is None:
            return
        task = asyncio.ensure_future(self._look_after(key, plan))
        self._running[key] = task
        task.add_done_callback(lambda done: self._done(key, done))

    def _done(self, key: StationKey, task: "asyncio.Task[None]") -> None:
        del self._running[key]
        if not task.cancelled() and (error := task.exception()):
            log.error("upkeep.failed", station=str(key), exc_info=error)
            self._plan(key, Plan(self._around.clock.now() + LOOK_AGAIN, self._kinds))
        if task.cancelled():
            return
        plan = self._plans.get(key)
        if plan and plan.at <= self._around.clock.now():
            self._begin(key)
        self._go_on()

    async def _look_after(self, key: StationKey, plan: Plan) -> None:
        try:
            if not await self._around.deliver(key):
                at = self._around.clock.now() + ONCE_MORE
                self._plan(key, replace(plan, at=at, boots=False))
            if plan.boots and self._after_boot:
                at = self._around.clock.now() + self._after_boot
                self._plan(key, Plan(at, plan.kinds, plan.anew))
            else:
                await self._mend(key, plan)
        except RicaricaError as error:
            # Nothing could be stored, which ends the connections of those alone that say something.
            log.warning("upkeep.broke_off", station=str(key), error=str(error))
            self._plan(key, replace(plan, at=self._around.clock.now() + ONCE_MORE))

    async def _mend(self, key: StationKey, plan: Plan) -> None:
        left = [upkeep for upkeep in self._upkeeps if upkeep.kind in plan.kinds]
        anew, again = dict(plan.anew), set[datetime]()
        for _ in range(STEPS_MAX):
            if self._around.is_busy(key):
                at = self._around.clock.now() + LET_OTHERS
                self._plan(key, Plan(at, plan.kinds, anew))
                return
            async with self._one_decides:
                choice = await self._carry_out(key, partial(_choose, key, left, anew))
            again |= choice.again_at
            if choice.command is None:
                again.add(self._around.clock.now() + LOOK_AGAIN)
                self._plan(key, Plan(min(again), self._kinds))
                return
            result = await self._around.tell(key, choice.command)
            next_at = await self._carry_out(key, partial(_note, key, choice, result))
            if result.outcome is Outcome.UNREACHED:
                at = self._around.clock.now() + ONCE_MORE  # if it is still here then
                self._plan(key, Plan(at, plan.kinds, anew))
                return
            anew.pop(choice.kind, None)
            left = _from(choice.kind, left)
            # Of a kind it has no word for, whatever is worth telling is something else.
            if result.outcome not in (Outcome.ACCEPTED, Outcome.UNSUPPORTED):
                left = left[1:]
                again |= {next_at} if next_at else set()
        log.warning("upkeep.endless", station=str(key))


def _from(kind: str, upkeeps: Iterable[Upkeep]) -> list[Upkeep]:
    return list(dropwhile(lambda upkeep: upkeep.kind != kind, upkeeps))


@dataclass(frozen=True, slots=True)
class Choice:
    """What to tell a station now, of which kind; and when other kinds have waited for long
    enough."""

    command: object | None = None
    kind: str = ""
    again_at: frozenset[datetime] = frozenset()


async def _choose(
    key: StationKey, upkeeps: Sequence[Upkeep], anew: Mapping[str, Anew], unit: UnitOfWork
) -> Choice:
    """The first thing that is missing and worth telling."""
    if not await _is_ready(unit, key):
        return Choice()
    standings, now = Standings(unit.work), unit.slices.now
    await standings.load(key, [upkeep.kind for upkeep in upkeeps])
    waits: set[datetime] = set()
    for upkeep in upkeeps:
        command = await upkeep.step(unit.slices, key)
        standing = await standings.get(key, upkeep.kind)
        if command is None:
            if standing is not None and standing.state is not State.IN_STEP:
                standings.put(Standing(key, upkeep.kind, State.IN_STEP, now))
        elif is_worth_telling(
            standing,
            digest_of(command),
            now,
            anew=anew.get(upkeep.kind, Anew.NOTHING),
            is_piecemeal=upkeep.is_piecemeal,
        ):
            started = begun(standing, key, upkeep.kind, now)
            if started != standing:
                standings.put(started)
            return Choice(command, upkeep.kind, frozenset(waits))
        elif standing and standing.next_at:
            rests_until = standing.rests_until
            waits.add(rests_until if rests_until and rests_until > now else standing.next_at)
    return Choice(again_at=frozenset(waits))


async def _is_ready(unit: UnitOfWork, key: StationKey) -> bool:
    try:
        return (await unit.slices.stations.get(key)).acceptance is Acceptance.ACCEPTED
    except NotFoundError:
        return False


async def _note(
    key: StationKey, choice: Choice, result: Result, unit: UnitOfWork
) -> datetime | None:
    """When to try again, after a refusal."""
    standings, now = Standings(unit.work), unit.slices.now
    standing = begun(await standings.get(key, choice.kind), key, choice.kind, now)
    told = after_telling(standing, digest_of(choice.command), result, now)
    standings.put(told)
    return told.next_at
