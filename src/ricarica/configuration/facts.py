from dataclasses import dataclass
from datetime import datetime

from ricarica.configuration.model import Access
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class Told:
    """A setting as a station tells it. None: it could not say."""

    name: str
    value: str | None
    access: Access | None = None
    unit: str | None = None
    kind: str | None = None
    choices: str | None = None


@dataclass(frozen=True, slots=True)
class SettingsReported:
    station: StationKey
    settings: tuple[Told, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class SettingWritten:
    """A station accepted a new value."""

    station: StationKey
    name: str  # the station's own
    value: str
    at: datetime
    needs_reboot: bool = False
