"""One handler's share of a batch: what it reads, stages, announces and tells."""

from ricarica.kernel.events import Announced, Event
from ricarica.kernel.ids import Ids, StationKey, TenantId
from ricarica.slices import Slices, Surroundings, bind
from ricarica.storage.work import Work


class UnitOfWork:
    """Its effects are kept together or dropped together; they leave after the commit."""

    __slots__ = ("_ids", "announced", "slices", "tenant", "told", "work")

    def __init__(self, slices: Slices, work: Work, tenant: TenantId) -> None:
        self._ids: Ids = slices.ids
        self.tenant = tenant
        self.work = work
        self.slices = slices
        self.announced: list[Announced] = []
        self.told: list[tuple[StationKey, object]] = []

    def announce(self, event: Event) -> None:
        station = event.station
        tenant = station.tenant if station else self.tenant
        self.announced.append(Announced(self._ids.event(), tenant, self.slices.now, event))

    def tell(self, station: StationKey, command: object) -> None:
        self.told.append((station, command))


class Turns:
    """The handlers of a batch, one after the other: they share the services, and nothing else.

    A dozen services are bound once for the batch rather than for each of its messages. They
    announce and tell through here, to the unit of work of whoever's turn it is.
    """

    __slots__ = ("_slices", "_turn", "_work")

    def __init__(self, surroundings: Surroundings, work: Work) -> None:
        self._work = work
        self._slices: Slices | None = bind(surroundings, work, self)
        self._turn: UnitOfWork | None = None

    def next(self, tenant: TenantId) -> UnitOfWork:
        """The turn before it is over; what that one staged was kept or dropped."""
        assert self._slices is not None, "the batch is not over"
        self._work.begin()
        self._turn = UnitOfWork(self._slices, self._work, tenant)
        return self._turn

    def __enter__(self) -> "Turns":
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the services, for they know us too: else the batch would stay in memory until
        the garbage collector finds it, which then holds everybody up."""
        self._slices = None
        self._turn = None

    def announce(self, event: Event) -> None:
        assert self._turn is not None, "only handlers announce"
        self._turn.announce(event)

    def tell(self, station: StationKey, command: object) -> None:
        assert self._turn is not None, "only handlers tell"
        self._turn.tell(station, command)
