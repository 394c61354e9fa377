"""Stations in a list, and one of them with everything about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from ricarica.configuration.templates import Standing
from ricarica.kernel.ids import StationId
from ricarica.stations.commands import Outcome
from ricarica.stations.model import Acceptance
from ricarica.web.translations import msgid
from ricarica.web.views.commands import Commands
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.messages import MessageFilter, MessageLog
from ricarica.web.views.quirks import HabitsForm
from ricarica.web.views.status import Status
from ricarica.web.views.transactions import TransactionRow
from ricarica.web.views.visit import Page, Section

OPEN_MAX = 120  # settings that are all shown at once
DIALECTS = ("1.6", "2.0.1", "2.1")
ACCEPTANCE_LABELS: Mapping[Acceptance, str] = {
    Acceptance.ACCEPTED: msgid("Let in"),
    Acceptance.PENDING: msgid("Waits for approval"),
    Acceptance.BLOCKED: msgid("Kept out"),
}


@dataclass(frozen=True, slots=True)
class EvseDot:
    number: int
    status: Status


@dataclass(frozen=True, slots=True)
class StationRow:
    id: StationId
    is_connected: bool
    evses: tuple[EvseDot, ...]
    name: str = ""
    site: str | None = None
    dialect: str | None = None
    vendor: str | None = None
    model: str | None = None
    firmware: str | None = None
    power_w: Decimal | None = None
    last_seen_at: datetime | None = None
    acceptance: Acceptance = Acceptance.ACCEPTED


@dataclass(frozen=True, slots=True)
class StationRows:
    """GET /fragments/stations/rows?id=…&id=…"""

    template: ClassVar[str] = "stations/rows.html"
    rows: tuple[StationRow, ...]


@dataclass(frozen=True, slots=True)
class StationFilter:
    """The query of GET /stations, as typed."""

    q: str = ""
    status: str = ""
    """A value of `Status`: stations with an EVSE in it; `offline` for stations not connected."""
    dialect: str = ""
    site: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.q, self.status, self.dialect, self.site))


@dataclass(frozen=True, slots=True)
class StationsPage(Page):
    """GET /stations"""

    template: ClassVar[str] = "stations/page.html"
    section: ClassVar[Section | None] = Section.STATIONS
    rows: tuple[StationRow, ...]
    pager: Pager = field(default_factory=Pager)
    filter: StationFilter = field(default_factory=StationFilter)
    sites: tuple[Choice, ...] = ()

    @property
    def watches(self) -> tuple[str, ...]:
        return ("stations",)


@dataclass(frozen=True, slots=True)
class StationHead:
    """GET /fragments/stations/{id}/head"""

    template: ClassVar[str] = "stations/head.html"
    id: StationId
    is_connected: bool
    name: str = ""
    site: str | None = None
    dialect: str | None = None
    acceptance: Acceptance = Acceptance.ACCEPTED
    connection_changed_at: datetime | None = None
    last_seen_at: datetime | None = None
    booted_at: datetime | None = None
    boot_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ConnectorLive:
    number: int
    status: Status
    kind: str | None = None
    since: datetime | None = None
    error: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class EvseLive:
    number: int
    status: Status
    connectors: tuple[ConnectorLive, ...] = ()
    transaction: TransactionRow | None = None
    max_w: Decimal | None = None
    recent_w: tuple[Decimal, ...] = ()
    """Power of the last minutes, oldest first, for a small curve beside the number."""


@dataclass(frozen=True, slots=True)
class StationEvses:
    """GET /fragments/stations/{id}/evses"""

    template: ClassVar[str] = "stations/evses.html"
    station: StationId
    evses: tuple[EvseLive, ...]
    can_start: bool = False
    """Connected, the dialect has the words, and the viewer may act."""
    can_stop: bool = False


@dataclass(frozen=True, slots=True)
class StationFacts:
    """What the station told at boot, and how it is connected. None: it did not say."""

    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    remote: str | None = None
    is_secure: bool = False
    security_profile: int | None = None
    iccid: str | None = None
    imsi: str | None = None
    registered_at: datetime | None = None
    tariff: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StationPage(Page):
    """GET /stations/{id}"""

    template: ClassVar[str] = "stations/detail.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    evses: StationEvses
    facts: StationFacts
    commands: Commands
    log: MessageLog
    """The last few messages; all of them have a page of their own."""
    recent: tuple[TransactionRow, ...] = ()

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", f"messages:{self.head.id}")


@dataclass(frozen=True, slots=True)
class Setting:
    """One thing that can be set. `key` names it to us: POST /stations/{id}/settings."""

    template: ClassVar[str] = "stations/setting.html"
    station: StationId
    key: str
    name: str
    value: str | None
    """None for what can be written but not read, such as a password."""
    unit: str | None = None
    is_read_only: bool = False
    needs_restart: bool = False
    choices: tuple[str, ...] = ()
    limits: str | None = None
    """What the station says about allowed values, e.g. 10–3600."""
    may_write: bool = False
    outcome: Outcome | None = None
    """How writing it just ended."""
    outcome_detail: str | None = None
    neutral: str | None = None
    """Our own word for it."""
    kind: str | None = None
    lowest: str | None = None
    highest: str | None = None
    members: tuple[str, ...] = ()
    """Of a list: what it may have in it, each at most once."""
    refused: str | None = None
    """The value it was last told to take, and would not."""
    refused_why: str | None = None
    is_hidden: bool = False

    @property
    def is_number(self) -> bool:
        return self.kind in ("integer", "decimal")

    @property
    def chosen(self) -> tuple[str, ...]:
        return tuple(part.strip() for part in (self.value or "").split(","))


@dataclass(frozen=True, slots=True)
class SettingGroup:
    name: str | None
    """A component; None where the dialect knows no groups."""
    settings: tuple[Setting, ...]


@dataclass(frozen=True, slots=True)
class SettingDrift:
    name: str
    wanted: str
    actual: str | None
    standing: Standing
    why: str | None = None


@dataclass(frozen=True, slots=True)
class SettingsPage(Page):
    """GET /stations/{id}/settings"""

    template: ClassVar[str] = "stations/settings.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    commands: Commands
    groups: tuple[SettingGroup, ...]
    read_at: datetime | None = None
    q: str = ""
    is_writable: bool = False
    evse: str = ""
    evses: tuple[int, ...] = ()
    shown: int = 0
    drift: tuple[SettingDrift, ...] = ()
    """What templates want otherwise."""

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.is_writable or self.evse)

    @property
    def are_open(self) -> bool:
        """A long list begins with its components; one that was searched shows what it found."""
        return self.is_filtered or self.shown <= OPEN_MAX

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", f"settings:{self.head.id}")


@dataclass(frozen=True, slots=True)
class MessagesPage(Page):
    """GET /stations/{id}/messages"""

    template: ClassVar[str] = "stations/messages.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    log: MessageLog
    filter: MessageFilter = field(default_factory=MessageFilter)
    actions: tuple[str, ...] = ()
    """Actions that occur in this log, to choose from."""

    @property
    def watches(self) -> tuple[str, ...]:
        if not self.log.is_live:
            return ()
        return (f"station:{self.head.id}", f"messages:{self.head.id}")


@dataclass(frozen=True, slots=True)
class StationForm(Page):
    """GET and POST /stations/new and /stations/{id}/edit; `errors` by field name."""

    template: ClassVar[str] = "stations/form.html"
    section: ClassVar[Section | None] = Section.STATIONS
    id: str = ""
    is_new: bool = True
    name: str = ""
    labels: str = ""
    site: str = ""
    acceptance: str = Acceptance.ACCEPTED.value
    tariff: str = ""
    security_profile: str = ""
    sites: tuple[Choice, ...] = ()
    tariffs: tuple[Choice, ...] = ()
    has_password: bool = False
    certificate_name: str = ""
    certificate_pin: str = ""
    is_pedantic: bool = False
    habits: HabitsForm = field(default_factory=HabitsForm)
    errors: Mapping[str, str] = field(default_factory=dict)
