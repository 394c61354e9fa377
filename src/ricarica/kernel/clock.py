"""Time is handed in: nothing else asks the operating system what time it is."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # a station's clock that shows less was never set
AHEAD_MAX = timedelta(hours=24)  # further ahead of ours, a clock is wrong rather than fast


def is_plausible(at: datetime, received_at: datetime) -> bool:
    """Whether a station's time can be reckoned with, by when we heard of it."""
    return EARLIEST <= at <= received_at + AHEAD_MAX


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant by the wall clock: aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back. For time-outs only."""
        ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
