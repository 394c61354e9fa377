from dataclasses import dataclass
from datetime import datetime

from ricarica.configuration.facts import ReportPart
from ricarica.configuration.templates import StreamRate, WantedMonitor
from ricarica.kernel.ids import StationKey
from ricarica.monitoring.model import ActiveMonitors, Monitor, Origin, Sample, Trigger


@dataclass(frozen=True, slots=True)
class MonitorsReported:
    station: StationKey
    monitors: tuple[Monitor, ...]
    at: datetime
    part: ReportPart


@dataclass(frozen=True, slots=True)
class MonitorsSet:
    """What a station made of an order for monitors."""

    station: StationKey
    accepted: tuple[Monitor, ...]
    refused: tuple[tuple[WantedMonitor, str], ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class MonitoringToldOff:
    """A station would not do something about its monitoring as a whole."""

    station: StationKey
    what: str  # base, level or report
    at: datetime
    number: int | None = None


@dataclass(frozen=True, slots=True)
class MonitorsActivated:
    station: StationKey
    base: ActiveMonitors
    at: datetime


@dataclass(frozen=True, slots=True)
class LevelSet:
    station: StationKey
    severity: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Noticed:
    """An event as a station tells it."""

    name: str
    value: str
    at: datetime
    severity: int | None = None
    cleared: bool = False
    trigger: Trigger | None = None
    origin: Origin | None = None
    number: int | None = None
    cause: int | None = None
    code: str | None = None
    info: str | None = None
    transaction: str | None = None
    monitor: int | None = None


@dataclass(frozen=True, slots=True)
class EventsNoticed:
    station: StationKey
    events: tuple[Noticed, ...]
    received_at: datetime


@dataclass(frozen=True, slots=True)
class StreamOpened:
    station: StationKey
    number: int
    monitor: int
    rate: StreamRate | None
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamValues:
    station: StationKey
    number: int
    samples: tuple[Sample, ...]
    pending: int
    at: datetime
