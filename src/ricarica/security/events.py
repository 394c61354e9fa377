"""What others hear of security."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class SecurityEventReported:
    station: StationKey
    kind: str
    is_critical: bool
    at: datetime
    info: str


@dataclass(frozen=True, slots=True)
class SecurityEventAcknowledged:
    station: StationKey
    kind: str
    by: str


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The station took a new one; it holds from its next connection on."""

    station: StationKey


@dataclass(frozen=True, slots=True)
class PasswordRefused:
    station: StationKey
    why: str


@dataclass(frozen=True, slots=True)
class NetworksChanged:
    """What is wanted or known of a station's slots; None: a profile that several use."""

    station: StationKey | None = None


@dataclass(frozen=True, slots=True)
class StationMoved:
    """B10: it is connected by the slot that it was to use, or has left as was wanted."""

    station: StationKey
    slot: int


@dataclass(frozen=True, slots=True)
class StationMoveFailed:
    station: StationKey
    slot: int
    why: str
