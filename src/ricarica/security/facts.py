"""What stations tell of their security and of their networks."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class SecurityEventTold:
    station: StationKey
    kind: str
    at: datetime
    received_at: datetime
    info: str | None = None


@dataclass(frozen=True, slots=True)
class NetworksRead:
    """None: it could not say."""

    station: StationKey
    at: datetime
    order: tuple[int, ...] | None = None
    active: int | None = None
