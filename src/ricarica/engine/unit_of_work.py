"""One handler's share of a batch: what it reads, stages, announces and tells."""

from ricarica.kernel.events import Announced, Event
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.slices import Slices, Surroundings, bind
from ricarica.storage.work import Work


class UnitOfWork:
    """Its effects are kept together or dropped together; they leave after the commit."""

    __slots__ = ("_surroundings", "announced", "slices", "tenant", "told", "work")

    def __init__(self, surroundings: Surroundings, work: Work, tenant: TenantId) -> None:
        self._surroundings = surroundings
        self.tenant = tenant
        self.work = work
        self.announced: list[Announced] = []
        self.told: list[tuple[StationKey, object]] = []
        self.slices: Slices = bind(surroundings, work, self)

    def announce(self, event: Event) -> None:
        station = event.station
        self.announced.append(
            Announced(
                self._surroundings.ids.event(),
                station.tenant if station else self.tenant,
                self.slices.now,
                event,
            )
        )

    def tell(self, station: StationKey, command: object) -> None:
        self.told.append((station, command))
