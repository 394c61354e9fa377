"""Files on their way to and from a station: asked for here, carried by whoever has a network."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from ricarica.simulator.core import Station

UNTRIED_AFTER = timedelta(minutes=2)  # nobody carries files here: to the station that is a failure


@dataclass(slots=True, eq=False)
class Transfer:
    """`content` is what to upload, or None to download. `then` hears how it went, once."""

    url: str
    content: bytes | None
    name: str
    then: Callable[[bytes | None], None]
    is_over: bool = False

    def end(self, content: bytes | None) -> None:
        """With what was downloaded, or with anything after an upload; None: it failed."""
        if not self.is_over:
            self.is_over = True
            self.then(content)


@dataclass(slots=True)
class Transfers:
    waiting: deque[Transfer] = field(default_factory=deque)


def download(station: Station, url: str, then: Callable[[bytes | None], None]) -> None:
    _ask(station, Transfer(url, None, "", then))


def upload(
    station: Station, url: str, name: str, content: bytes, then: Callable[[bytes | None], None]
) -> None:
    _ask(station, Transfer(url, content, name, then))


def _ask(station: Station, transfer: Transfer) -> None:
    station.memory(Transfers).waiting.append(transfer)
    station.later(UNTRIED_AFTER, lambda: transfer.end(None))
