"""Payments, prices that lie at stations, and receipts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar

from ricarica.billing.model import Channel, Payment, PaymentState, WebPayments
from ricarica.kernel.ids import StationId
from ricarica.kernel.money import Money
from ricarica.tariffs.stationed import StationPlans
from ricarica.transactions.terms import Limits
from ricarica.web.translations import msgid
from ricarica.web.views.stations import StationHead
from ricarica.web.views.swaps import Slots
from ricarica.web.views.visit import Page, Section

PAYMENT_LABELS: Mapping[PaymentState, str] = {
    PaymentState.AUTHORIZED: msgid("Authorised"),
    PaymentState.CHARGING: msgid("Charging"),
    PaymentState.DUE: msgid("To be settled"),
    PaymentState.SETTLED: msgid("Settled"),
    PaymentState.CANCELED: msgid("Canceled"),
    PaymentState.REJECTED: msgid("Rejected"),
    PaymentState.FAILED: msgid("Failed"),
}
PAYMENT_SYMBOLS: Mapping[PaymentState, str] = {
    PaymentState.AUTHORIZED: "preparing",
    PaymentState.CHARGING: "charging",
    PaymentState.DUE: "suspended",
    PaymentState.SETTLED: "done",
    PaymentState.CANCELED: "unavailable",
    PaymentState.REJECTED: "faulted",
    PaymentState.FAILED: "faulted",
}
CHANNEL_LABELS: Mapping[Channel, str] = {
    Channel.TERMINAL: msgid("At the station"),
    Channel.KIOSK: msgid("At a kiosk"),
    Channel.WEB: msgid("On a page"),
}


@dataclass(frozen=True, slots=True)
class StationMoneyPage(Page):
    """GET /stations/{id}/money"""

    template: ClassVar[str] = "money/station.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    plans: StationPlans
    tariff: str | None
    """The name of the prices that hold there."""
    can_count: bool
    """Its dialect has words for prices."""
    web: WebPayments | None
    payments: tuple[Payment, ...] = ()
    slots: Slots | None = None
    may_edit: bool = False
    may_command: bool = False
    error: str | None = None

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}",)


@dataclass(frozen=True, slots=True)
class ReceiptPage(Page):
    """GET /receipts/{secret}, for whoever has the address."""

    template: ClassVar[str] = "money/receipt.html"
    payment: Payment
    energy_wh: Decimal | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def paid(self) -> Money | None:
        amount, currency = self.payment.settled, self.payment.currency
        return None if amount is None or currency is None else Money(amount, currency)


@dataclass(frozen=True, slots=True)
class PayPage(Page):
    """GET /pay, where a code on a station's display leads to."""

    template: ClassVar[str] = "money/pay.html"
    station: StationId
    is_fresh: bool
    evse: str | None = None
    price: str | None = None
    limits: Limits | None = None
