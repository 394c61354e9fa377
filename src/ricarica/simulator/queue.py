"""Transaction messages that wait for the server, kept in order until it has taken them."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ricarica.simulator.journal import Entry
from ricarica.simulator.transaction import EventKind, TransactionEvent

QUEUE_MAX = 5_000  # messages; a real station's flash holds about as many


@dataclass(slots=True, eq=False)
class Waiting:
    """A message to deliver, and how often that failed."""

    event: TransactionEvent
    failures: int = 0
    entry: Entry | None = None
    message_id: str | None = None


@dataclass(frozen=True, slots=True)
class RetryRule:
    """After how many refusals a message is given up, and how long to wait meanwhile."""

    attempts: int
    interval: timedelta


@dataclass(slots=True)
class TransactionQueue:
    """Only the head is ever sent, so what follows it stays in order."""

    waiting: deque[Waiting] = field(default_factory=deque)
    not_before: datetime | None = None

    def __len__(self) -> int:
        return len(self.waiting)

    def add(self, event: TransactionEvent) -> None:
        self.waiting.append(Waiting(event))
        if len(self.waiting) > QUEUE_MAX:
            self._make_room()

    def next(self, now: datetime) -> Waiting | None:
        if not self.waiting or (self.not_before is not None and now < self.not_before):
            return None
        return self.waiting[0]

    def delivered(self) -> None:
        self.waiting.popleft()
        self.not_before = None

    def refused(self, now: datetime, rule: RetryRule) -> Waiting | None:
        """Wait longer after each refusal; returns the message if it is given up. (E13.FR.02-04)"""
        head = self.waiting[0]
        head.failures += 1
        if head.failures >= rule.attempts:
            self.delivered()
            return head
        self.not_before = now + rule.interval * head.failures
        return None

    def unanswered(self, now: datetime, rule: RetryRule) -> None:
        """Silence may mean that the server is down: keep the message and try again."""
        self.not_before = now + min(rule.interval, timedelta(seconds=10))

    def reconnected(self) -> None:
        self.not_before = None

    def _make_room(self) -> None:
        """Readings in between may be lost, starts and ends may not. (E04.FR.04)"""
        spare = next(
            (kept for kept in list(self.waiting)[1:] if kept.event.kind is EventKind.UPDATED), None
        )
        if spare is not None:
            self.waiting.remove(spare)
