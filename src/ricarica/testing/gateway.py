"""For tests of the stations' door: time that stands still, and a core that does as it is told."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.link.letters import (
    Admission,
    Answer,
    Closed,
    Delivered,
    Knock,
    Noted,
    Opened,
    Reply,
    Verdict,
)

T = TypeVar("T")
PATIENCE_S = 10.0  # real seconds after which a test has failed


async def soon(awaited: Awaitable[T]) -> T:
    """Wait for what must happen, but not for ever."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaited


class _Alarm:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Hourglass:
    """A clock, and alarms by it. Time passes only in `turn`."""

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = start
        self._elapsed_s = 0.0
        self._alarms: list[_Alarm] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed_s)

    def monotonic(self) -> float:
        return self._elapsed_s

    def call_at(self, at: float, callback: Callable[[], None]) -> _Alarm:
        alarm = _Alarm(at, callback)
        self._alarms.append(alarm)
        return alarm

    def turn(self, seconds: float) -> None:
        """Let time pass, and ring every alarm at its moment."""
        end = self._elapsed_s + seconds
        while due := [alarm for alarm in self._waiting() if alarm.at <= end]:
            first = min(due, key=lambda alarm: alarm.at)
            self._alarms.remove(first)
            self._elapsed_s = max(self._elapsed_s, first.at)
            first.callback()
        self._elapsed_s = end

    def _waiting(self) -> list[_Alarm]:
        self._alarms = [alarm for alarm in self._alarms if not alarm.cancelled]
        return self._alarms


class ScriptedCore:
    """`Decisions` that records every letter and answers as the test says.

    By default everyone is welcome with the first subprotocol offered, authenticated when a
    password came and known from before, and every message is answered at once with `{}`.
    """

    def __init__(self) -> None:
        self.knocks: list[Knock] = []
        self.turned_away: list[str] = []  # for what, as the door tells afterwards
        self.letters: list[Opened | Closed] = []
        self.noted: list[Noted] = []
        self.delivered: asyncio.Queue[tuple[Delivered, Callable[[Reply], None]]] = asyncio.Queue()
        self.admit_as: Callable[[Knock], Awaitable[Admission] | Admission] = welcome
        self.answer_as: Callable[[Delivered], Reply | None] = lambda _: Answer(b"{}")
        self.open_as: Callable[[Opened], int] = lambda _: self._next_epoch()
        self._epoch = 0
        self._changed = asyncio.Event()

    # -- Decisions

    async def admit(self, knock: Knock) -> Admission:
        if knock.turned_away:
            self.turned_away.append(knock.turned_away)
            return Admission(Verdict.UNAUTHORIZED)
        self.knocks.append(knock)
        admission = self.admit_as(knock)
        return admission if isinstance(admission, Admission) else await admission

    async def open(self, opened: Opened) -> int:
        epoch = self.open_as(opened)
        self._record(self.letters, opened)
        return epoch

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        self.delivered.put_nowait((delivered, reply))
        answer = self.answer_as(delivered)
        if answer is not None and delivered.wants_answer:
            reply(answer)

    def close(self, closed: Closed) -> None:
        self._record(self.letters, closed)

    def note(self, noted: Noted) -> None:
        self._record(self.noted, noted)

    # -- for tests

    async def next_delivered(self) -> Delivered:
        return (await soon(self.delivered.get()))[0]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the letters so far fulfil a condition."""
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    @property
    def opened(self) -> list[Opened]:
        return [letter for letter in self.letters if isinstance(letter, Opened)]

    @property
    def closed(self) -> list[Closed]:
        return [letter for letter in self.letters if isinstance(letter, Closed)]

    def kinds(self) -> list[str]:
        return [noted.kind for noted in self.noted]

    def _record(self, letters: list[T], letter: T) -> None:
        letters.append(letter)
        self._changed.set()

    def _next_epoch(self) -> int:
        self._epoch += 1
        return self._epoch


def welcome(knock: Knock) -> Admission:
    return Admission(
        Verdict.WELCOME,
        key=StationKey(TenantId(knock.tenant), StationId(knock.identity)),
        subprotocol=knock.subprotocols[0] if knock.subprotocols else "ocpp1.6",
        authenticated=knock.password is not None,
        introduced=True,
    )
