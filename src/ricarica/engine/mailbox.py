"""Letters wait here: in order per station, fairly between stations."""

import asyncio
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey, TenantId

# A handshake, or a line in the log, does not mind. Commits of their own would make the messages
# of others wait, and hostile peers can cause any number of them.
PATIENCE_S = 0.02


@dataclass(slots=True)
class Wanted:
    """What the jobs of a batch will read, so that it is read with one query per kind."""

    stations: set[tuple[str, str]] = field(default_factory=set)
    identities: set[tuple[str, str]] = field(default_factory=set)  # as those who knock spell them
    tokens: set[tuple[str, str]] = field(default_factory=set)


class Job(Protocol):
    """A letter, and what is to become of it."""

    @property
    def tenant(self) -> TenantId: ...

    @property
    def box(self) -> Hashable:
        """Jobs of one box are carried out one after the other, in the order of arrival."""
        ...

    @property
    def connection(self) -> tuple[StationKey, int] | None:
        """Whose connection, and of which epoch, it came over; None: over none."""
        ...

    @property
    def hurries(self) -> bool:
        """Whether it is worth a commit of its own: who does not mind waits for company."""
        ...

    def prepare(self, wanted: Wanted) -> None:
        """Say what it will read. Called once, before `run`; must not raise."""
        ...

    async def run(self, unit: UnitOfWork) -> Any:
        """Decide. May be called again, in a batch of its own, when the commit failed."""
        ...

    def put_aside(self, unit: UnitOfWork, error: Exception) -> Any:
        """What is kept and answered when `run` failed by a fault of ours; may raise `error`."""
        ...

    def release(self, result: Any) -> None:
        """The effects are committed: answer."""
        ...

    def fail(self, error: BaseException) -> None:
        """Nothing was committed, and nothing will be."""
        ...


class Mailboxes:
    """FIFO per box; boxes take turns. Bounded: who posts too much is told so."""

    def __init__(self, *, per_box_max: int = 1_000, total_max: int = 200_000) -> None:
        # Per box: a station's replayed queue; in all: a minute of a large network's messages.
        self._per_box_max = per_box_max
        self._total_max = total_max
        self._next: dict[Hashable, Job] = {}  # of each box, those that waited longest first
        self._later: dict[Hashable, deque[Job]] = {}  # what comes after it, if anything does
        self._total = 0
        self._arrived = asyncio.Event()
        self._patience: asyncio.TimerHandle | None = None  # of those who do not hurry

    def __len__(self) -> int:
        return self._total

    def post(self, job: Job) -> bool:
        """Queue a job; False when it cannot be taken."""
        if self._total >= self._total_max:
            return False
        if job.box not in self._next:
            self._next[job.box] = job
        elif not self._post_later(job):
            return False
        self._total += 1
        if job.hurries:
            self._arrived.set()
        elif self._patience is None and not self._arrived.is_set():
            loop = asyncio.get_running_loop()
            self._patience = loop.call_later(PATIENCE_S, self._arrived.set)
        return True

    def _post_later(self, job: Job) -> bool:
        if len(self._later.get(job.box, ())) + 1 >= self._per_box_max:
            return False
        self._later.setdefault(job.box, deque()).append(job)
        return True

    async def wait(self) -> None:
        """Until something waits."""
        await self._arrived.wait()

    def take(self, most: int) -> list[Job]:
        """The next job of each box that has one, those that waited longest first."""
        boxes = list(islice(self._next, most))
        taken = [self._next.pop(box) for box in boxes]
        for box in boxes if self._later else ():
            if later := self._later.get(box):
                self._next[box] = later.popleft()  # it waits for the next batch
                if not later:
                    del self._later[box]
        self._total -= len(taken)
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if not self._next:
            self._arrived.clear()
        return taken
