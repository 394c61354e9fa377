"""Something happened in a slice and was committed; told upward to whoever cares."""

from datetime import datetime
from typing import NamedTuple, Protocol

from ricarica.kernel.ids import EventId, StationKey, TenantId


class Event(Protocol):
    """A frozen dataclass in the past tense, defined by the slice it happened in.

    `station` names the station it happened at, or is None for what has no station.
    """

    @property
    def station(self) -> StationKey | None: ...


class Announced(NamedTuple):
    """An event as it leaves a unit of work: numbered in the order of commit."""

    id: EventId
    tenant: TenantId
    at: datetime
    event: Event

    @property
    def kind(self) -> str:
        """The event's name, e.g. `TransactionStarted`."""
        return type(self.event).__name__


class Announcer(Protocol):
    """Given to each service: what it announces leaves only after the commit."""

    def announce(self, event: Event) -> None: ...


class Outgoing(Announcer, Protocol):
    """What leaves a unit of work after its commit: events upward, commands to stations."""

    def tell(self, station: StationKey, command: object) -> None:
        """Send a command; its result is logged, nobody waits for it."""
        ...
