"""What the engine counts, for the metrics. Only ever counted up, except what waits."""

from collections import Counter
from dataclasses import dataclass, field

from ricarica.kernel.histogram import Histogram

FAILURES = ("unavailable", "conflict", "fault")  # of a commit
SIZES = (1, 2, 5, 10, 20, 50, 100, 200)
LATENESS_S = (1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0)
COMMAND_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)


@dataclass(slots=True)
class BatchCounts:
    batches: int = 0
    jobs: int = 0
    put_aside: int = 0
    failed: Counter[str] = field(default_factory=Counter)  # commits, by why
    sizes: Histogram = field(default_factory=lambda: Histogram(SIZES))
    commit_s: Histogram = field(default_factory=Histogram)


@dataclass(slots=True)
class CallCounts:
    """Of stations' calls. `duration_s`: from the message's arrival to its answer."""

    by_outcome: dict[tuple[str, str], int] = field(default_factory=dict)
    flags: Counter[str] = field(default_factory=Counter)
    duration_s: Histogram = field(default_factory=Histogram)

    def count(self, action: str, outcome: str) -> None:
        key = (action, outcome)
        self.by_outcome[key] = self.by_outcome.get(key, 0) + 1


@dataclass(slots=True)
class CommandCounts:
    """Of our calls, by action and how they ended, and of the commands that led to them."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)
    duration_s: Histogram = field(default_factory=lambda: Histogram(COMMAND_S))
    waiting: int = 0


@dataclass(slots=True)
class TimerCounts:
    """`late_s`: how long after its time each timer rang."""

    rung: Counter[tuple[str, str]] = field(default_factory=Counter)
    late_s: Histogram = field(default_factory=lambda: Histogram(LATENESS_S))
