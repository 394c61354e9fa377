"""A station's reservations, local list, availability and attempts; and its display."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.displays.model import Format, Moment, Priority
from ricarica.reservations.model import ReservationState
from ricarica.stations.availability import AvailabilityState
from ricarica.stations.commands import Outcome
from ricarica.web.translations import msgid
from ricarica.web.views.access import (
    TROUBLE_LABELS,
    VERDICT_LABELS,
    VERDICT_SYMBOLS,
    AttemptRow,
)
from ricarica.web.views.lists import Choice
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

RESERVATION_LABELS: Mapping[str, str] = {
    ReservationState.ASKED: msgid("Asked for"),
    ReservationState.HELD: msgid("Held"),
    ReservationState.REFUSED: msgid("Refused"),
    ReservationState.CANCELLED: msgid("Cancelled"),
    ReservationState.USED: msgid("Used"),
    ReservationState.EXPIRED: msgid("Expired"),
    ReservationState.REMOVED: msgid("Given up by the station"),
    ReservationState.UNUSED: msgid("Came and did not charge"),
}
RESERVATION_SYMBOLS: Mapping[str, str] = {
    ReservationState.ASKED: "pending",
    ReservationState.HELD: "reserved",
    ReservationState.REFUSED: "faulted",
    ReservationState.CANCELLED: "close",
    ReservationState.USED: "done",
    ReservationState.EXPIRED: "offline",
    ReservationState.REMOVED: "faulted",
    ReservationState.UNUSED: "offline",
}
AVAILABILITY_LABELS: Mapping[str, str] = {
    AvailabilityState.DONE: msgid("It is so"),
    AvailabilityState.SCHEDULED: msgid("When the transaction has ended"),
    AvailabilityState.REFUSED: msgid("The station refused"),
    AvailabilityState.DIFFERS: msgid("The station shows otherwise"),
}
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
class Told:
    """What became of the order that this page was called with."""

    outcome: Outcome | None = None
    detail: str = ""
    problem: str = ""


NOTHING = Told()


@dataclass(frozen=True, slots=True)
class ReservationRow:
    number: int
    token: str
    evse: int | None
    connector_type: str | None
    expires_at: datetime
    state: str
    detail: str | None
    is_open: bool
    transaction: str | None


@dataclass(frozen=True, slots=True)
class AvailabilityRow:
    evse: int
    connector: int
    operative: bool
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class LocalListView:
    version: int
    told_version: int | None
    told_at: datetime | None
    sent_at: datetime | None
    tokens: tuple[str, ...]
    left_out: int
    trouble: str | None


@dataclass(frozen=True, slots=True)
class StationAccessPage(Page):
    """GET /stations/{id}/access, and what is posted below it"""

    template: ClassVar[str] = "stations/access.html"
    section: ClassVar[Section | None] = Section.STATIONS
    reservation_labels: ClassVar[Mapping[str, str]] = RESERVATION_LABELS
    reservation_symbols: ClassVar[Mapping[str, str]] = RESERVATION_SYMBOLS
    availability_labels: ClassVar[Mapping[str, str]] = AVAILABILITY_LABELS
    trouble_labels: ClassVar[Mapping[str, str]] = TROUBLE_LABELS
    verdict_labels: ClassVar[Mapping[str, str]] = VERDICT_LABELS
    verdict_symbols: ClassVar[Mapping[str, str]] = VERDICT_SYMBOLS
    head: StationHead
    reservations: tuple[ReservationRow, ...]
    availability: tuple[AvailabilityRow, ...]
    attempts: tuple[AttemptRow, ...]
    local_list: LocalListView | None
    evses: tuple[int, ...] = ()
    tokens: tuple[str, ...] = ()
    can_reserve: bool = False
    names_plugs: bool = False
    """Whether the dialect can hold a type of connector."""
    told: Told = NOTHING


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
