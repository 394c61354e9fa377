"""What a node owes the others, where there are several on one database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ricarica.engine.outbox import Happening
from ricarica.kernel.ids import StationKey
from ricarica.storage.database import Expect
from ricarica.storage.work import Place

Connection = tuple[StationKey, int]
"""A station, and the epoch of its connection."""


@dataclass(frozen=True, slots=True)
class Company:
    """What the engine tells the other nodes, and what its commits rely on."""

    # What must hold for us to write what these connections said: each is still the latest.
    expect: Callable[[Iterable[Connection]], Expect]
    wrote: Callable[[list[Place]], None]
    happened: Callable[[Happening], None]
    # Whoever decides for the station is to look after it: of what kind, and whether also what
    # was in vain before.
    bring: Callable[[StationKey, str, bool], None]


@dataclass(frozen=True, slots=True)
class Fence:
    """Keeps a node from writing for stations that have gone elsewhere."""

    company: Company
    # Told of the connections that have been overtaken.
    lost: Callable[[Iterable[Connection]], None]
