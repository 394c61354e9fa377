"""Virtual time: an event loop in which an hour passes as soon as nobody has anything to do."""

import asyncio
import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any, TypeVarTuple, Unpack

from ricarica.kernel.ids import EventId

Ts = TypeVarTuple("Ts")
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class StuckError(Exception):
    """Everyone waits for something that nobody is going to do."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs one callback at a time, in an order that depends on nothing but the program.

    Callbacks of one moment run in the order in which they were asked for.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._due: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._order = count()
        self.steps = 0
        self.before_step: Callable[[], None] | None = None
        self._ready: Any  # the queue of what is to run now, as our parent class fills it
        self._stopping: bool

    def time(self) -> float:
        return self._seconds

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._due, (when, next(self._order), timer))
        return timer

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """It is passed over when its moment comes."""

    def _run_once(self) -> None:
        ready = self._ready
        if not ready and not self._stopping:
            self._pass_time()
        while self._due and self._due[0][0] <= self._seconds:
            ready.append(heapq.heappop(self._due)[2])
        if ready:
            self.steps += 1
            if self.before_step:
                self.before_step()
            handle = ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _pass_time(self) -> None:
        while self._due and self._due[0][2].cancelled():
            heapq.heappop(self._due)
        if not self._due:
            raise StuckError
        self._seconds = max(self._seconds, self._due[0][0])

    def _process_events(self, _events: object) -> None:
        """There are no sockets."""

    def _write_to_self(self) -> None:
        """There are no other threads."""


@contextmanager
def virtual_loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    try:
        yield loop
    finally:
        _put_an_end_to(loop)
        loop.close()


def _put_an_end_to(loop: VirtualLoop) -> None:
    """Whoever still waits for something is sent home, so that nothing is left to be collected."""
    loop.before_step = None
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.wait(tasks))


class ServerClock:
    """The clock of one machine: its wall clock may be set, its monotonic one may not."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.ahead = timedelta()

    def now(self) -> datetime:
        return self.true_now() + self.ahead

    def true_now(self) -> datetime:
        """By the clock that nobody has."""
        return START + timedelta(seconds=self._loop.time())

    def monotonic(self) -> float:
        return self._loop.time()


class SeededIds:
    """As `RandomIds`, with dice that fall the same way each time."""

    def __init__(self, rng: Random, clock: ServerClock, wire_numbers_max: int) -> None:
        self._rng = rng
        self._clock = clock
        self._wire_numbers_max = wire_numbers_max
        self._last_event = 0

    def new(self) -> str:
        digits = f"{self._now_ms():012x}{self._rng.getrandbits(80):020x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def event(self) -> EventId:
        self._last_event = max(self._last_event + 1, self._now_ms() << 20)
        return EventId(self._last_event)

    def wire_number(self) -> int:
        return self._rng.randint(1, self._wire_numbers_max)

    def secret(self) -> str:
        return f"{self._rng.getrandbits(256):064x}"[:43]

    def _now_ms(self) -> int:
        return int(self._clock.now().timestamp() * 1000)
