"""Alarms at a time of the injected clock, so that tests can let time pass."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ricarica.kernel.clock import Clock


class Alarm(Protocol):
    def cancel(self) -> None: ...


class Timers(Protocol):
    def call_at(self, at: float, callback: Callable[[], None]) -> Alarm:
        """Call back once `clock.monotonic()` has reached `at`."""
        ...


class LoopTimers:
    """Alarms of the running event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def call_at(self, at: float, callback: Callable[[], None]) -> Alarm:
        delay_s = max(0.0, at - self._clock.monotonic())
        return asyncio.get_running_loop().call_later(delay_s, callback)


async def pause(timers: Timers, until: float) -> None:
    """Wait until the clock has reached `until`."""
    due = asyncio.Event()
    alarm = timers.call_at(until, due.set)
    try:
        await due.wait()
    finally:
        alarm.cancel()
