from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ricarica.kernel.ids import EventId, StationKey
from ricarica.monitoring.model import Origin


@dataclass(frozen=True, slots=True)
class StationNoticed:
    """A station told of something that happened to it."""

    station: StationKey
    event: EventId
    name: str
    value: str
    severity: int | None
    cleared: bool
    at: datetime
    origin: Origin | None = None
    code: str | None = None
    info: str | None = None


@dataclass(frozen=True, slots=True)
class EventAcknowledged:
    station: StationKey
    event: EventId
    by: str


@dataclass(frozen=True, slots=True)
class MonitorsChanged:
    """What is known of a station's monitors changed."""

    station: StationKey


@dataclass(frozen=True, slots=True)
class StreamChanged:
    """A stream was opened, adjusted or closed."""

    station: StationKey
    stream: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class StreamAdvanced:
    """New values, told to those who watch and not kept: the stream itself has them."""

    passing: ClassVar[bool] = True

    station: StationKey
    stream: int
    value: str
    at: datetime
