"""Battery swaps, and what lies in the slots of stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import ClassVar

from ricarica.kernel.ids import EvseNumber, StationId
from ricarica.kernel.money import Money
from ricarica.swaps.model import HeldBattery, Swap, SwapState
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Pager
from ricarica.web.views.status import Status
from ricarica.web.views.visit import Page, Section

SWAP_LABELS: Mapping[SwapState, str] = {
    SwapState.REQUESTED: msgid("Asked for"),
    SwapState.BEGUN: msgid("Under way"),
    SwapState.DONE: msgid("Done"),
    SwapState.TIMED_OUT: msgid("Not taken"),
    SwapState.REFUSED: msgid("Refused"),
}
SWAP_SYMBOLS: Mapping[SwapState, str] = {
    SwapState.REQUESTED: "preparing",
    SwapState.BEGUN: "charging",
    SwapState.DONE: "done",
    SwapState.TIMED_OUT: "suspended",
    SwapState.REFUSED: "faulted",
}


@dataclass(frozen=True, slots=True)
class SlotRow:
    """`soc_percent` is the latest that is known: as it charges there, else as it was put in."""

    evse: EvseNumber
    status: Status | None = None
    held: HeldBattery | None = None
    soc_percent: Decimal | None = None
    transaction: str | None = None


@dataclass(frozen=True, slots=True)
class Slots:
    station: StationId
    rows: tuple[SlotRow, ...]
    capacity_wh: Decimal | None = None
    may_edit: bool = False
    may_request: bool = False
    """It is connected, its dialect can say it, and the viewer may act."""


@dataclass(frozen=True, slots=True)
class SwapRow:
    swap: Swap

    @property
    def cost(self) -> Money | None:
        amount, currency = self.swap.cost_incl, self.swap.currency
        return None if amount is None or currency is None else Money(amount, currency)


@dataclass(frozen=True, slots=True)
class SwapFilter:
    """The query of GET /swaps, as typed."""

    station: str = ""
    state: str = ""

    @property
    def is_set(self) -> bool:
        return bool(self.station or self.state)


@dataclass(frozen=True, slots=True)
class SwapsPage(Page):
    """GET /swaps"""

    template: ClassVar[str] = "swaps/page.html"
    section: ClassVar[Section | None] = Section.SWAPS
    rows: tuple[SwapRow, ...]
    pager: Pager = field(default_factory=Pager)
    filter: SwapFilter = field(default_factory=SwapFilter)
    slots: Slots | None = None
