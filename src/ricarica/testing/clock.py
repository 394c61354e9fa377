"""A clock that stands still until it is told to go on."""

from datetime import UTC, datetime, timedelta

from ricarica.kernel.ids import EventId

START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = START) -> None:
        self._start = now
        self._now = now

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    def pass_time(self, time: timedelta) -> None:
        self._now += time


class CountedIds:
    """Names that a test can foresee: 1, 2, 3 …"""

    def __init__(self) -> None:
        self._last = 0

    def _next(self) -> int:
        self._last += 1
        return self._last

    def new(self) -> str:
        return f"00000000-0000-7000-8000-{self._next():012d}"

    def event(self) -> EventId:
        return EventId(self._next())

    def wire_number(self) -> int:
        return 1_000_000 + self._next()

    def secret(self) -> str:
        return f"secret-{self._next():036d}"
