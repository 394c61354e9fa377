"""What happened, in order: to be read when a seed fails, and to be compared with another run."""

from collections import deque
from collections.abc import Callable
from hashlib import blake2b

KEPT = 60  # lines that a failing seed prints


class Trace:
    """Every line goes into the hash; the latest are kept."""

    def __init__(self, now: Callable[[], float], follow: Callable[[str], None] | None) -> None:
        self._now = now
        self._follow = follow
        self._hash = blake2b(digest_size=16)
        self.lines: deque[str] = deque(maxlen=KEPT)
        self.count = 0

    def __call__(self, who: str, what: str) -> None:
        line = f"{self._now():12.6f} {who:<10} {what}"
        self.count += 1
        self._hash.update(line.encode())
        self.lines.append(line)
        if self._follow:
            self._follow(line)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()
