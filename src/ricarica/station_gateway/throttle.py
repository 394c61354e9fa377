"""Token buckets: so many at once, so many a second."""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    per_s: float
    burst: int


class TokenBucket:
    """Time is handed in, in seconds of any clock that never goes back."""

    __slots__ = ("_at", "_rate", "_tokens")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def take(self, now: float, tokens: float = 1.0) -> float:
        """Take tokens, on credit if need be; returns the seconds until the credit is paid."""
        self._refill(now)
        self._tokens -= tokens
        return max(0.0, -self._tokens / self._rate.per_s)

    def due_in(self, now: float) -> float:
        """What `take` would return."""
        self._refill(now)
        return max(0.0, (1 - self._tokens) / self._rate.per_s)

    def empty(self, now: float) -> bool:
        self._refill(now)
        return self._tokens < 1

    def _refill(self, now: float) -> None:
        earned = (now - self._at) * self._rate.per_s
        self._tokens = min(float(self._rate.burst), self._tokens + earned)
        self._at = now


class Throttle:
    """Counts what happens by name. Names that were quiet longest are forgotten first."""

    def __init__(self, rate: Rate, names_max: int) -> None:
        self._rate = rate
        self._names_max = names_max
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def exhausted(self, name: str, now: float) -> bool:
        bucket = self._buckets.get(name)
        return bucket is not None and bucket.empty(now)

    def due_in(self, name: str, now: float) -> float:
        """Seconds until it is not exhausted."""
        bucket = self._buckets.get(name)
        return 0.0 if bucket is None else bucket.due_in(now)

    def count(self, name: str, now: float) -> None:
        bucket = self._bucket(name, now)
        if not bucket.empty(now):
            bucket.take(now)

    def take(self, name: str, now: float) -> None:
        """Count it, on credit if need be."""
        self._bucket(name, now).take(now)

    def _bucket(self, name: str, now: float) -> TokenBucket:
        bucket = self._buckets.pop(name, None) or TokenBucket(self._rate, now)
        self._buckets[name] = bucket
        if len(self._buckets) > self._names_max:
            self._buckets.popitem(last=False)
        return bucket
