"""Transactions in a list, and one of them as it happens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from ricarica.kernel.ids import StationId, TransactionId
from ricarica.kernel.money import Money
from ricarica.tariffs.model import Cost, LineKind
from ricarica.transactions.model import ChargingState, Entry, EntryKind, Flag
from ricarica.web.translations import msgid
from ricarica.web.views.charts import Chart
from ricarica.web.views.lists import Pager
from ricarica.web.views.status import Status
from ricarica.web.views.terms import TransactionTerms
from ricarica.web.views.visit import Page, Section

FLAG_LABELS: Mapping[Flag, str] = {
    Flag.ORPHAN: msgid("Its start was never told"),
    Flag.GAP: msgid("Events are missing"),
    Flag.REGISTER_BACKWARDS: msgid("The meter went backwards"),
    Flag.IMPLAUSIBLE_ENERGY: msgid("More energy than can have flown"),
    Flag.IMPLAUSIBLE_TIME: msgid("The station's clock is wrong"),
    Flag.SUPERSEDED: msgid("Another one started in its place"),
    Flag.CONTRADICTED: msgid("It was told in two ways"),
    Flag.COST_DIFFERS: msgid("The station counted another cost"),
    Flag.LOST_END: msgid("Its end was never told"),
}


@dataclass(frozen=True, slots=True)
class TransactionRow:
    id: TransactionId
    station: StationId
    evse: int | None
    status: Status
    token: str | None
    """As it may be shown to this viewer: perhaps masked."""
    started_at: datetime | None
    ended_at: datetime | None
    energy_wh: Decimal | None
    power_w: Decimal | None = None
    soc_percent: Decimal | None = None
    cost: Money | None = None
    site: str | None = None
    stop_reason: str | None = None
    flags: tuple[Flag, ...] = ()

    @property
    def is_running(self) -> bool:
        return self.ended_at is None

    def lasted(self, now: datetime) -> timedelta | None:
        return None if self.started_at is None else (self.ended_at or now) - self.started_at


@dataclass(frozen=True, slots=True)
class TransactionRows:
    """GET /fragments/transactions/rows?id=…&id=…"""

    template: ClassVar[str] = "transactions/rows.html"
    rows: tuple[TransactionRow, ...]


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """The query of GET /transactions, as typed."""

    q: str = ""
    state: str = ""
    station: str = ""
    since: str = ""
    until: str = ""

    @property
    def is_set(self) -> bool:
        return any((self.q, self.state, self.station, self.since, self.until))


STATE_LABELS: Mapping[str, str] = {
    "running": msgid("Running"),
    "ended": msgid("Ended"),
    "flagged": msgid("To be checked"),
}


@dataclass(frozen=True, slots=True)
class TransactionsPage(Page):
    """GET /transactions"""

    template: ClassVar[str] = "transactions/page.html"
    section: ClassVar[Section | None] = Section.TRANSACTIONS
    rows: tuple[TransactionRow, ...]
    pager: Pager = field(default_factory=Pager)
    filter: TransactionFilter = field(default_factory=TransactionFilter)

    @property
    def watches(self) -> tuple[str, ...]:
        return ("transactions",)


LINE_LABELS: Mapping[LineKind, str] = {
    LineKind.ENERGY: msgid("Energy"),
    LineKind.TIME: msgid("Time"),
    LineKind.PARKING: msgid("Parking"),
    LineKind.SESSION: msgid("Per session"),
}


@dataclass(frozen=True, slots=True)
class Bill:
    cost: Cost
    vat_percent: Decimal
    tariff: str | None = None
    is_final: bool = False

    @property
    def vat(self) -> Money:
        """What makes the rounded net the rounded total; rounded by itself it may be a cent off."""
        cost = self.cost
        net, total = Money(cost.excl, cost.currency), Money(cost.incl, cost.currency)
        return Money(total.rounded().amount - net.rounded().amount, cost.currency)


ENTRY_LABELS: Mapping[EntryKind, str] = {
    EntryKind.STARTED: msgid("Started"),
    EntryKind.PROGRESSED: msgid("Update"),
    EntryKind.ENDED: msgid("End"),
    EntryKind.NOTE: msgid("Note"),
}
CHARGING_STATE_LABELS: Mapping[ChargingState, str] = {
    ChargingState.EV_CONNECTED: msgid("Car connected"),
    ChargingState.CHARGING: msgid("Charging"),
    ChargingState.SUSPENDED_EV: msgid("Paused by the car"),
    ChargingState.SUSPENDED_EVSE: msgid("Paused by the station"),
    ChargingState.IDLE: msgid("No car"),
}
CHARGING_STATE_SYMBOLS: Mapping[ChargingState, str] = {
    ChargingState.EV_CONNECTED: "occupied",
    ChargingState.CHARGING: "charging",
    ChargingState.SUSPENDED_EV: "suspended",
    ChargingState.SUSPENDED_EVSE: "suspended",
    ChargingState.IDLE: "available",
}


@dataclass(frozen=True, slots=True)
class TransactionLive:
    """GET /fragments/transactions/{id}"""

    template: ClassVar[str] = "transactions/live.html"
    row: TransactionRow
    chart: Chart
    bill: Bill | None
    timeline: tuple[Entry, ...]
    duration: timedelta | None
    average_w: Decimal | None = None
    register_start_wh: Decimal | None = None
    register_end_wh: Decimal | None = None
    exported_wh: Decimal | None = None
    """What flowed back to the grid; None: the station told nothing of it."""

    @property
    def is_implausible(self) -> bool:
        """There is no bill, though there may be a tariff."""
        return self.bill is None and Flag.IMPLAUSIBLE_ENERGY in self.row.flags


@dataclass(frozen=True, slots=True)
class TransactionPage(Page):
    """GET /transactions/{id}"""

    template: ClassVar[str] = "transactions/detail.html"
    section: ClassVar[Section | None] = Section.TRANSACTIONS
    live: TransactionLive
    ref: str | None = None
    """The station's or the wire's own name for it."""
    dialect: str | None = None
    may_stop: bool = False
    """It runs, its station is connected, its dialect can say stop, and the viewer may act."""
    terms: TransactionTerms = field(default_factory=TransactionTerms)
    facts: Mapping[str, str] = field(default_factory=dict)
    """More about it in the station's own words: shown as given."""

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"transaction:{self.live.row.id}",)
