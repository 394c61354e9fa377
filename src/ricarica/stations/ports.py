"""What this slice needs of the world, in its own words."""

from datetime import datetime
from typing import Protocol

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, SiteId, StationId, StationKey, TenantId
from ricarica.stations.model import Connector, Site, Station


class StationStore(Protocol):
    async def get(self, key: StationKey) -> Station | None: ...

    async def canonical(self, tenant: TenantId, identity: str) -> StationId | None:
        """The identity as registered, whatever the case it is written in; None if unknown."""
        ...

    async def called(self, tenant: TenantId, name: str) -> list[StationId]:
        """Those whose identity it is, in any case, or whose serial number."""
        ...

    async def pending_count(self, tenant: TenantId) -> int: ...

    def save(self, station: Station) -> None: ...

    async def remove(self, station: Station) -> None:
        """With its connectors; what it charged stays."""
        ...

    async def connector(
        self, key: StationKey, evse: EvseNumber, number: ConnectorNumber
    ) -> Connector | None: ...

    async def connector_count(self, key: StationKey) -> int: ...

    async def connected(
        self, after: StationKey, most: int
    ) -> list[tuple[StationKey, SiteId | None]]:
        """The next stations of its tenant behind this one that are there, with their sites."""
        ...

    async def connectors_of(self, key: StationKey) -> list[Connector]: ...

    async def unreported(self, since: datetime, until: datetime, most: int) -> list[Connector]:
        """Connectors of stations that booted in between, of which nothing was heard after that;
        those of the earliest first."""
        ...

    def save_connector(self, connector: Connector) -> None: ...

    async def evses(self, key: StationKey) -> list[EvseNumber]:
        """Those that the station has told of, by number."""
        ...

    async def site(self, tenant: TenantId, site: SiteId) -> Site | None: ...

    def save_site(self, site: Site) -> None: ...

    def remove_site(self, site: Site) -> None: ...
