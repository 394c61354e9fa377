"""What stations noticed, and what somebody has to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from ricarica.alerts.model import AlertState, Level
from ricarica.kernel.ids import StationId
from ricarica.monitoring.model import Origin, Trigger
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

LEVEL_LABELS: Mapping[Level, str] = {
    Level.CRITICAL: msgid("Critical"),
    Level.WARNING: msgid("Warning"),
    Level.NOTICE: msgid("Notice"),
}
LEVEL_SYMBOLS: Mapping[Level, str] = {
    Level.CRITICAL: "faulted",
    Level.WARNING: "suspended",
    Level.NOTICE: "unknown",
}
ALERT_STATE_LABELS: Mapping[AlertState, str] = {
    AlertState.COUNTING: msgid("Counting"),
    AlertState.OPEN: msgid("Open"),
    AlertState.ACKNOWLEDGED: msgid("Acknowledged"),
    AlertState.RESOLVED: msgid("Resolved"),
}
ORIGIN_LABELS: Mapping[Origin, str] = {
    Origin.NOTIFICATION: msgid("Hard-wired notification"),
    Origin.HARD_WIRED: msgid("Hard-wired monitor"),
    Origin.PRECONFIGURED: msgid("Preconfigured monitor"),
    Origin.CUSTOM: msgid("Monitor of ours"),
}
TRIGGER_LABELS: Mapping[Trigger, str] = {
    Trigger.ALERTING: msgid("Threshold"),
    Trigger.DELTA: msgid("Change"),
    Trigger.PERIODIC: msgid("Periodic"),
}
# As OCPP 2.x numbers them.
SEVERITY_LABELS: Mapping[int, str] = {
    0: msgid("Danger"),
    1: msgid("Hardware failure"),
    2: msgid("System failure"),
    3: msgid("Critical failure"),
    4: msgid("Error"),
    5: msgid("Alert"),
    6: msgid("Warning"),
    7: msgid("Notice"),
    8: msgid("Information"),
    9: msgid("Debug"),
}
# Names of the rules that come with Ricarica; those of people are shown as they wrote them.
RULE_LABELS: Mapping[str, str] = {
    "Severe failure": msgid("Severe failure"),
    "Ground failure": msgid("Ground failure"),
    "High temperature": msgid("High temperature"),
    "Connector lock failure": msgid("Connector lock failure"),
    "Meter failure": msgid("Meter failure"),
    "A component has a problem": msgid("A component has a problem"),
    "Station offline": msgid("Station offline"),
    "Critical security event": msgid("Critical security event"),
    "Message put aside": msgid("Message put aside"),
    "Alarm of the grid": msgid("Alarm of the grid"),
    "Firmware campaign halted": msgid("Firmware campaign halted"),
}


@dataclass(frozen=True, slots=True)
class AlertItem:
    id: str
    station: StationId | None
    name: str
    level: Level
    state: AlertState
    text: str
    count: int
    first_at: datetime
    last_at: datetime
    by: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class EventRow:
    id: str
    station: StationId
    at: datetime
    name: str
    value: str
    severity: int | None
    cleared: bool
    trigger: Trigger | None = None
    origin: Origin | None = None
    code: str | None = None
    info: str | None = None
    transaction: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """The query of GET /events, as typed."""

    q: str = ""
    severity: str = ""
    seen: str = ""
    station: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.q, self.severity, self.seen, self.station))


@dataclass(frozen=True, slots=True)
class EventList:
    """GET /fragments/events"""

    template: ClassVar[str] = "events/list.html"
    rows: tuple[EventRow, ...]
    pager: Pager = field(default_factory=Pager)
    filter: EventFilter = field(default_factory=EventFilter)
    query: str = ""
    is_live: bool = True
    of_station: StationId | None = None
    """A page of one station need not name it in each row."""


@dataclass(frozen=True, slots=True)
class AlertList:
    """GET /fragments/alerts"""

    template: ClassVar[str] = "events/alerts.html"
    items: tuple[AlertItem, ...]
    of_station: StationId | None = None


@dataclass(frozen=True, slots=True)
class EventsPage(Page):
    """GET /events"""

    template: ClassVar[str] = "events/page.html"
    section: ClassVar[Section | None] = Section.EVENTS
    alerts: AlertList
    events: EventList

    @property
    def watches(self) -> tuple[str, ...]:
        return ("events",)


@dataclass(frozen=True, slots=True)
class StationEventsPage(Page):
    """GET /stations/{id}/events"""

    template: ClassVar[str] = "stations/events.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    alerts: AlertList
    events: EventList

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", "events")


@dataclass(frozen=True, slots=True)
class RuleRow:
    id: str
    name: str
    kind: str
    level: Level
    what: str
    """Which events, in a few words."""
    threshold: int
    minutes: int
    is_active: bool
    is_default: bool


@dataclass(frozen=True, slots=True)
class RulesPage(Page):
    """GET /events/rules"""

    template: ClassVar[str] = "events/rules.html"
    section: ClassVar[Section | None] = Section.EVENTS
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, slots=True)
class RuleForm(Page):
    """GET and POST /events/rules/new and /events/rules/{id}; `errors` by field name."""

    template: ClassVar[str] = "events/rule.html"
    section: ClassVar[Section | None] = Section.EVENTS
    id: str = ""
    is_new: bool = True
    is_default: bool = False
    name: str = ""
    kind: str = "StationNoticed"
    level: str = Level.WARNING.value
    variable: str = ""
    value: str = ""
    code: str = ""
    severity: str = ""
    vendor: str = ""
    model: str = ""
    label: str = ""
    stations: str = ""
    threshold: str = "1"
    window_minutes: str = "60"
    cool_down_minutes: str = "0"
    lasting_minutes: str = "10"
    is_active: bool = True
    errors: Mapping[str, str] = field(default_factory=dict)


LABELS: Mapping[type[StrEnum], Mapping[Any, str]] = {
    AlertState: ALERT_STATE_LABELS,
    Level: LEVEL_LABELS,
    Origin: ORIGIN_LABELS,
    Trigger: TRIGGER_LABELS,
}
GLOBALS: Mapping[str, Any] = {
    "levels": tuple(Level),
    "level_symbols": LEVEL_SYMBOLS,
    "rule_labels": RULE_LABELS,
    "severity_labels": SEVERITY_LABELS,
}
