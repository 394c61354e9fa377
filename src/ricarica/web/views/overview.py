"""The first page: what the network does now, and what needs a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from ricarica.kernel.ids import StationId
from ricarica.kernel.money import Money
from ricarica.web.translations import msgid
from ricarica.web.views.charts import Chart
from ricarica.web.views.status import Status
from ricarica.web.views.transactions import TransactionRow
from ricarica.web.views.visit import Page, Section


@dataclass(frozen=True, slots=True)
class Figures:
    """GET /fragments/overview/figures"""

    template: ClassVar[str] = "overview/figures.html"
    power_w: Decimal
    capacity_w: Decimal | None
    """What all EVSEs that are online could deliver together, if they said."""
    energy_today_wh: Decimal
    revenue_today: tuple[Money, ...]
    """One amount for each currency; empty when nothing was sold."""
    transactions_today: int
    stations_online: int
    stations: int
    counts: Mapping[Status, int]
    """EVSEs by status; a status left out counts as none."""

    @property
    def evses(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class PowerHistory:
    """GET /fragments/overview/power"""

    template: ClassVar[str] = "overview/power.html"
    chart: Chart
    peak_w: Decimal | None = None
    peak_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """One EVSE in the strip that shows the whole network."""

    station: StationId
    number: int
    status: Status


@dataclass(frozen=True, slots=True)
class SiteStrip:
    name: str | None
    """None gathers the stations without a site."""
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Marker:
    """A site on the map; `status` is the one that matters most among its EVSEs."""

    name: str
    url: str
    latitude: float
    longitude: float
    status: Status
    evses: int
    charging: int = 0


@dataclass(frozen=True, slots=True)
class Network:
    """GET /fragments/overview/network"""

    template: ClassVar[str] = "overview/network.html"
    sites: tuple[SiteStrip, ...]
    markers: tuple[Marker, ...]


class Concern(StrEnum):
    FAULT = "fault"
    OFFLINE = "offline"
    PENDING = "pending"
    FLAGGED = "flagged"
    UNKNOWN_OUTCOME = "unknown-outcome"
    REFUSED_LOGIN = "refused-login"
    ALERT = "alert"


CONCERN_LABELS: Mapping[Concern, str] = {
    Concern.FAULT: msgid("Fault"),
    Concern.OFFLINE: msgid("Offline"),
    Concern.PENDING: msgid("Waits for approval"),
    Concern.FLAGGED: msgid("Implausible transaction"),
    Concern.UNKNOWN_OUTCOME: msgid("Command with unknown outcome"),
    Concern.REFUSED_LOGIN: msgid("Wrong password"),
    Concern.ALERT: msgid("Alert"),
}
CONCERN_SYMBOLS: Mapping[Concern, str] = {
    Concern.FAULT: "faulted",
    Concern.OFFLINE: "offline",
    Concern.PENDING: "preparing",
    Concern.FLAGGED: "suspended",
    Concern.UNKNOWN_OUTCOME: "unknown",
    Concern.REFUSED_LOGIN: "unavailable",
    Concern.ALERT: "faulted",
}


@dataclass(frozen=True, slots=True)
class AttentionItem:
    concern: Concern
    subject: str
    """Whose concern it is, e.g. a station's identity and EVSE."""
    url: str
    since: datetime
    detail: str | None = None
    """In the station's own words, e.g. an error code."""
    alert: str | None = None
    """The name of the rule that raised it."""


@dataclass(frozen=True, slots=True)
class Attention:
    """GET /fragments/overview/attention"""

    template: ClassVar[str] = "overview/attention.html"
    items: tuple[AttentionItem, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Running:
    """GET /fragments/overview/running"""

    template: ClassVar[str] = "overview/running.html"
    rows: tuple[TransactionRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class OverviewPage(Page):
    """GET /"""

    template: ClassVar[str] = "overview/page.html"
    section: ClassVar[Section | None] = Section.OVERVIEW
    figures: Figures
    power: PowerHistory
    network: Network
    attention: Attention
    running: Running
    tiles_url: str | None = None
    """Address pattern of an operator's own map tiles; None draws the quiet map."""
    tiles_attribution: str | None = None

    @property
    def watches(self) -> tuple[str, ...]:
        return ("overview",)
