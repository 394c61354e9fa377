"""Security events, certificates, networks, and why a station cannot connect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.certificates.model import InstalledKind, Purpose, RequestState, RootKind
from ricarica.engine.diagnosis import Level
from ricarica.security.model import MoveState
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

PURPOSE_LABELS: Mapping[Purpose, str] = {
    Purpose.STATION: msgid("Connection to this server"),
    Purpose.V2G: msgid("Cars (ISO 15118-2)"),
    Purpose.V2G20: msgid("Cars (ISO 15118-20)"),
}
STATE_LABELS: Mapping[RequestState, str] = {
    RequestState.WAITING: msgid("Waits to be signed"),
    RequestState.ISSUED: msgid("Signed, not delivered yet"),
    RequestState.INSTALLED: msgid("In use"),
    RequestState.SUPERSEDED: msgid("Replaced, until it comes with the new one"),
    RequestState.REVOKED: msgid("Revoked"),
    RequestState.REFUSED: msgid("Refused by the station"),
    RequestState.FAILED: msgid("Could not be signed"),
}
STATE_SYMBOLS: Mapping[RequestState, str] = {
    RequestState.WAITING: "preparing",
    RequestState.ISSUED: "finishing",
    RequestState.INSTALLED: "done",
    RequestState.SUPERSEDED: "finishing",
    RequestState.REVOKED: "unavailable",
    RequestState.REFUSED: "faulted",
    RequestState.FAILED: "faulted",
}
ROOT_LABELS: Mapping[RootKind, str] = {
    RootKind.CSMS: msgid("This server"),
    RootKind.MANUFACTURER: msgid("Firmware of manufacturers"),
    RootKind.V2G: msgid("Stations, for cars (V2G)"),
    RootKind.MO: msgid("Contracts (mobility operators)"),
    RootKind.OEM: msgid("Cars (manufacturers)"),
}
INSTALLED_LABELS: Mapping[InstalledKind, str] = {
    **{InstalledKind(kind.value): label for kind, label in ROOT_LABELS.items()},
    InstalledKind.V2G_CHAIN: msgid("Its own, for cars"),
}
MOVE_LABELS: Mapping[MoveState, str] = {
    MoveState.PREPARING: msgid("is being prepared"),
    MoveState.RESTARTING: msgid("restarts once nobody charges"),
    MoveState.AWAY: msgid("has gone, and is not back yet"),
    MoveState.ARRIVED: msgid("has arrived"),
    MoveState.LEFT: msgid("has left for another server"),
    MoveState.ROLLING_BACK: msgid("came back by the old way, and is set as it was"),
    MoveState.ROLLED_BACK: msgid("came back by the old way, and is as it was"),
    MoveState.FAILED: msgid("failed"),
    MoveState.LOST: msgid("has not come back"),
}
LEVEL_SYMBOLS: Mapping[Level, str] = {
    Level.OK: "done",
    Level.NOTE: "unknown",
    Level.WARNING: "suspended",
    Level.BAD: "faulted",
}


@dataclass(frozen=True, slots=True)
class EventRow:
    id: str
    station: str
    kind: str
    at: datetime
    info: str
    is_critical: bool
    needs_attention: bool
    seen_by: str | None


@dataclass(frozen=True, slots=True)
class EventsFilter:
    """The query of GET /security, as typed."""

    station: str = ""
    kind: str = ""
    show: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.station, self.kind, self.show))


@dataclass(frozen=True, slots=True)
class ProfileCount:
    profile: int | None  # None: whatever it comes with
    stations: int


@dataclass(frozen=True, slots=True)
class EventsPage(Page):
    """GET /security"""

    template: ClassVar[str] = "security/events.html"
    section: ClassVar[Section | None] = Section.SECURITY
    filter: EventsFilter
    rows: tuple[EventRow, ...]
    kinds: tuple[str, ...]
    pager: Pager
    profiles: tuple[ProfileCount, ...]
    open_count: int
    expiring_count: int

    @property
    def ids(self) -> str:
        """Of those on this page that nobody has looked at."""
        return ",".join(row.id for row in self.rows if not row.seen_by)


@dataclass(frozen=True, slots=True)
class CertificateRow:
    station: str
    purpose: str
    state: str
    symbol: str
    not_after: datetime | None
    is_soon: bool
    serial: str | None
    detail: str | None
    revocable: str | None = None  # its id, while it can be revoked


@dataclass(frozen=True, slots=True)
class RootRow:
    id: str
    kind: RootKind
    label: str
    name: str
    not_after: datetime
    is_soon: bool
    stations: tuple[str, ...] | None
    is_unwanted: bool


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    purpose: str
    name: str
    not_after: datetime
    pem: str


@dataclass(frozen=True, slots=True)
class CertificatesPage(Page):
    """GET /security/certificates"""

    template: ClassVar[str] = "security/certificates.html"
    section: ClassVar[Section | None] = Section.SECURITY
    rows: tuple[CertificateRow, ...]
    pager: Pager
    roots: tuple[RootRow, ...]
    authorities: tuple[AuthorityRow, ...]
    kinds: tuple[tuple[str, str], ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkRow:
    name: str
    url: str
    security_profile: int
    interface: str
    has_secrets: bool


@dataclass(frozen=True, slots=True)
class NetworksPage(Page):
    """GET /security/networks"""

    template: ClassVar[str] = "security/networks.html"
    section: ClassVar[Section | None] = Section.SECURITY
    rows: tuple[NetworkRow, ...]
    interfaces: tuple[str, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class FindingRow:
    """`text` and `remedy` are translated, then filled with `values`."""

    level: Level
    symbol: str
    text: str
    remedy: str
    values: Mapping[str, str | int]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class DoctorPage(Page):
    """GET /security/doctor"""

    template: ClassVar[str] = "security/doctor.html"
    section: ClassVar[Section | None] = Section.SECURITY
    identity: str = ""
    is_registered: bool = False
    findings: tuple[FindingRow, ...] = ()


@dataclass(frozen=True, slots=True)
class InstalledRow:
    kind: str
    name: str | None  # of a root of ours
    serial: str


@dataclass(frozen=True, slots=True)
class SlotRow:
    number: int
    profile: str
    told_at: datetime | None
    problem: str | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class MoveNow:
    slot: int
    text: str
    detail: str | None
    is_under_way: bool


@dataclass(frozen=True, slots=True)
class StationSecurityPage(Page):
    """GET /stations/{id}/security"""

    template: ClassVar[str] = "security/station.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    findings: tuple[FindingRow, ...]
    profile: int | None
    has_password: bool
    awaits: tuple[str, ...]
    certificates: tuple[CertificateRow, ...]
    installed: tuple[InstalledRow, ...]
    listed_at: datetime | None
    slots: tuple[SlotRow, ...]
    order: tuple[int, ...]
    active: int | None
    move: MoveNow | None
    networks: tuple[str, ...]
    has_slots: bool
    events: tuple[EventRow, ...] = ()
    error: str | None = None
