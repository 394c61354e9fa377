"""Templates of settings, and what a station watches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from ricarica.configuration.templates import MonitorType, Standing
from ricarica.kernel.ids import StationId
from ricarica.monitoring.model import ActiveMonitors, MonitorStanding, Origin
from ricarica.stations.commands import Outcome
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

STANDING_LABELS: Mapping[Standing, str] = {
    Standing.IN_STEP: msgid("As wanted"),
    Standing.DIFFERS: msgid("Differs"),
    Standing.MISSING: msgid("Station does not have it"),
    Standing.READ_ONLY: msgid("Cannot be written"),
    Standing.HIDDEN: msgid("Cannot be read"),
    Standing.REFUSED: msgid("Refused by the station"),
    Standing.AFTER_RESTART: msgid("Holds after a restart"),
}
STANDING_SYMBOLS: Mapping[Standing, str] = {
    Standing.IN_STEP: "done",
    Standing.DIFFERS: "preparing",
    Standing.MISSING: "unknown",
    Standing.READ_ONLY: "unavailable",
    Standing.HIDDEN: "unknown",
    Standing.REFUSED: "faulted",
    Standing.AFTER_RESTART: "suspended",
}
MONITOR_STANDING_LABELS: Mapping[MonitorStanding, str] = {
    MonitorStanding.IN_STEP: msgid("As wanted"),
    MonitorStanding.DIFFERS: msgid("Differs"),
    MonitorStanding.MISSING: msgid("Not set yet"),
    MonitorStanding.REFUSED: msgid("Refused by the station"),
}
MONITOR_TYPE_LABELS: Mapping[MonitorType, str] = {
    MonitorType.UPPER: msgid("Above"),
    MonitorType.LOWER: msgid("Below"),
    MonitorType.DELTA: msgid("Changed by"),
    MonitorType.PERIODIC: msgid("Every so many seconds"),
    MonitorType.CLOCK_ALIGNED: msgid("By the clock, in seconds"),
    MonitorType.TARGET_DELTA: msgid("Away from its target by"),
    MonitorType.TARGET_DELTA_RELATIVE: msgid("Away from its target by a share of"),
}
BASE_LABELS: Mapping[ActiveMonitors, str] = {
    ActiveMonitors.ALL: msgid("All monitors"),
    ActiveMonitors.FACTORY: msgid("Those of the factory"),
    ActiveMonitors.HARD_WIRED: msgid("The hard-wired ones only"),
}


@dataclass(frozen=True, slots=True)
class MonitorRow:
    number: int
    name: str
    type: MonitorType
    value: Decimal
    severity: int
    during_transaction: bool
    origin: Origin | None = None
    rate: str | None = None

    @property
    def may_clear(self) -> bool:
        return self.origin is not Origin.HARD_WIRED


@dataclass(frozen=True, slots=True)
class MonitorDriftRow:
    name: str
    type: MonitorType
    value: Decimal
    severity: int
    standing: MonitorStanding
    why: str | None = None


@dataclass(frozen=True, slots=True)
class StreamRow:
    """`series` is what the chart draws, as JSON; empty where there are no numbers."""

    number: int
    name: str
    rate: str | None
    received: int
    pending: int
    last_at: datetime | None
    last_value: str | None
    unit: str | None = None
    series: str = ""


@dataclass(frozen=True, slots=True)
class Streams:
    """GET /fragments/stations/{id}/streams"""

    template: ClassVar[str] = "stations/streams.html"
    station: StationId
    rows: tuple[StreamRow, ...]


@dataclass(frozen=True, slots=True)
class MonitoringPage(Page):
    """GET /stations/{id}/monitoring; the outcome is that of what was just told."""

    template: ClassVar[str] = "stations/monitoring.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    monitors: tuple[MonitorRow, ...]
    drift: tuple[MonitorDriftRow, ...]
    streams: Streams
    told_at: datetime | None
    base: ActiveMonitors | None
    level: int | None
    can_tell: bool
    is_sayable: bool
    variables: tuple[str, ...] = ()
    """Those that support monitoring, to suggest."""
    types: tuple[MonitorType, ...] = tuple(MonitorType)
    outcome: Outcome | None = None
    detail: str | None = None

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", f"streams:{self.head.id}", f"monitors:{self.head.id}")


# -- templates


@dataclass(frozen=True, slots=True)
class TemplateRow:
    id: str
    name: str
    applies: str
    settings: int
    monitors: int
    is_active: bool
    rank: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class TemplatesPage(Page):
    """GET /templates"""

    template: ClassVar[str] = "templates/page.html"
    section: ClassVar[Section | None] = Section.TEMPLATES
    rows: tuple[TemplateRow, ...]


@dataclass(frozen=True, slots=True)
class DifferenceRow:
    name: str
    wanted: str
    actual: str | None
    standing: Standing
    why: str | None = None


@dataclass(frozen=True, slots=True)
class DriftRow:
    station: StationId
    is_connected: bool
    differences: tuple[DifferenceRow, ...]


@dataclass(frozen=True, slots=True)
class TemplatePage(Page):
    """GET /templates/{id}"""

    template: ClassVar[str] = "templates/detail.html"
    section: ClassVar[Section | None] = Section.TEMPLATES
    row: TemplateRow
    settings: tuple[tuple[str, str], ...]
    monitors: tuple[str, ...]
    drift: tuple[DriftRow, ...]
    in_step: int
    pager: Pager = field(default_factory=Pager)


@dataclass(frozen=True, slots=True)
class TemplateForm(Page):
    """GET and POST /templates/new and /templates/{id}/edit; `errors` by field name."""

    template: ClassVar[str] = "templates/form.html"
    section: ClassVar[Section | None] = Section.TEMPLATES
    id: str = ""
    is_new: bool = True
    name: str = ""
    vendor: str = ""
    model: str = ""
    firmware: str = ""
    site: str = ""
    label: str = ""
    stations: str = ""
    settings: str = ""
    """One on each line: name = value."""
    monitors: str = ""
    """One on each line: name type value severity."""
    base: str = ""
    level: str = ""
    rank: str = "0"
    restarts: bool = False
    is_active: bool = True
    sites: tuple[Choice, ...] = ()
    neutral: tuple[str, ...] = ()
    bases: tuple[ActiveMonitors, ...] = tuple(ActiveMonitors)
    errors: Mapping[str, str] = field(default_factory=dict)


LABELS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    ActiveMonitors: BASE_LABELS,
    MonitorStanding: MONITOR_STANDING_LABELS,
    MonitorType: MONITOR_TYPE_LABELS,
    Standing: STANDING_LABELS,
}
GLOBALS: Mapping[str, Any] = {
    "bases_of_monitoring": tuple(ActiveMonitors),
    "standing_symbols": STANDING_SYMBOLS,
}
