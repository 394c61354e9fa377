"""What the engine tells whoever traces it. Without one, nothing of this is ever called."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from ricarica.link.letters import Ask, Delivered, Told


class Tracing(Protocol):
    """Implemented by `app.tracing`."""

    def batch(self, letters: int, commit_s: float) -> None:
        """A batch was committed just now; the calls that are told of next were decided in it."""
        ...

    def call(self, delivered: Delivered, outcome: str, elapsed_s: float) -> str | None:
        """A station's call was answered; returns the id of its trace, if it has one."""
        ...

    def ask(self, ask: Ask) -> AbstractContextManager[Callable[[Told], None]]:
        """For as long as we wait for a station; what it gives wants to know the outcome."""
        ...
