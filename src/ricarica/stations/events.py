"""What other slices, the screens and the programs of others hear of stations."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.kernel.ids import ConnectorNumber, EvseNumber, SiteId, StationKey
from ricarica.stations.model import Acceptance, ConnectorStatus


@dataclass(frozen=True, slots=True)
class StationRegistered:
    station: StationKey
    acceptance: Acceptance


@dataclass(frozen=True, slots=True)
class StationChanged:
    """An operator changed what is known or decided about a station."""

    station: StationKey


@dataclass(frozen=True, slots=True)
class StationBooted:
    station: StationKey
    acceptance: Acceptance
    vendor: str
    model: str
    firmware: str | None


@dataclass(frozen=True, slots=True)
class StationConnected:
    station: StationKey
    dialect: str


@dataclass(frozen=True, slots=True)
class StationDisconnected:
    station: StationKey
    reason: str


@dataclass(frozen=True, slots=True)
class ConnectorStatusChanged:
    station: StationKey
    evse: EvseNumber
    connector: ConnectorNumber
    status: ConnectorStatus
    at: datetime
    error: str | None = None


@dataclass(frozen=True, slots=True)
class MessagePutAside:
    """What a station told was kept as it came, for nobody here could make sense of it."""

    station: StationKey
    action: str
    why: str


@dataclass(frozen=True, slots=True)
class SiteChanged:
    """An operator added, changed or removed a site."""

    site: SiteId
    station: StationKey | None = None
