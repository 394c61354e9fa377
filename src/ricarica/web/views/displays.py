"""Messages that are to be shown on displays, and what one station shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.displays.model import Format, Moment, Priority
from ricarica.web.translations import msgid
from ricarica.web.views.commands import NOTHING, Told
from ricarica.web.views.lists import Choice
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

PRIORITY_LABELS: Mapping[str, str] = {
    Priority.NORMAL_CYCLE: msgid("In turn with others"),
    Priority.IN_FRONT: msgid("Before others"),
    Priority.ALWAYS_FRONT: msgid("Instead of all others"),
}
MOMENT_LABELS: Mapping[str, str] = {
    Moment.IDLE: msgid("While nobody charges"),
    Moment.CHARGING: msgid("While a car charges"),
    Moment.SUSPENDED: msgid("While charging pauses"),
    Moment.DISCHARGING: msgid("While a car gives energy back"),
    Moment.FAULTED: msgid("While something is broken"),
    Moment.UNAVAILABLE: msgid("While it is out of service"),
}
FORMATS: Mapping[str, str] = {
    Format.UTF8: "UTF-8",
    Format.ASCII: "ASCII",
    Format.URI: "URI",
    Format.HTML: "HTML",
    Format.QRCODE: "QR",
}


@dataclass(frozen=True, slots=True)
class ShownRow:
    number: int
    text: str
    languages: tuple[str, ...]
    priority: str
    moment: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    transaction: str | None
    template: str | None
    """Name of what it was made from."""
    is_refused: bool
    detail: str | None


@dataclass(frozen=True, slots=True)
class StationDisplaysPage(Page):
    """GET /stations/{id}/displays, and what is posted below it"""

    template: ClassVar[str] = "stations/displays.html"
    section: ClassVar[Section | None] = Section.STATIONS
    priority_labels: ClassVar[Mapping[str, str]] = PRIORITY_LABELS
    moment_labels: ClassVar[Mapping[str, str]] = MOMENT_LABELS
    formats: ClassVar[Mapping[str, str]] = FORMATS
    head: StationHead
    rows: tuple[ShownRow, ...]
    has_display: bool
    can_show: bool = False
    told_at: datetime | None = None
    running: tuple[Choice, ...] = ()
    templates: tuple[Choice, ...] = ()
    told: Told = NOTHING


@dataclass(frozen=True, slots=True)
class TemplateRow:
    id: str
    label: str
    text: str
    languages: tuple[str, ...]
    priority: str
    moment: str | None
    site: str | None
    station: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    is_on: bool
    shown: int
    refused: int


@dataclass(frozen=True, slots=True)
class DisplaysPage(Page):
    """GET /displays"""

    template: ClassVar[str] = "displays/page.html"
    section: ClassVar[Section | None] = Section.DISPLAYS
    priority_labels: ClassVar[Mapping[str, str]] = PRIORITY_LABELS
    moment_labels: ClassVar[Mapping[str, str]] = MOMENT_LABELS
    rows: tuple[TemplateRow, ...]


@dataclass(frozen=True, slots=True)
class DisplayForm(Page):
    """GET and POST /displays/new and /displays/{id}/edit"""

    template: ClassVar[str] = "displays/form.html"
    section: ClassVar[Section | None] = Section.DISPLAYS
    priority_labels: ClassVar[Mapping[str, str]] = PRIORITY_LABELS
    moment_labels: ClassVar[Mapping[str, str]] = MOMENT_LABELS
    formats: ClassVar[Mapping[str, str]] = FORMATS
    languages: ClassVar[tuple[int, ...]] = (0, 1, 2)
    """How many languages the form has room for."""
    id: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    sites: tuple[Choice, ...] = ()
    problem: str = ""

    def value(self, name: str) -> str:
        return self.values.get(name, "")
