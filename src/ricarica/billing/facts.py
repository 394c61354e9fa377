"""What stations, kiosks and payment service providers tell of payments."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from ricarica.billing.model import SettlementStatus
from ricarica.billing.vat import Company
from ricarica.kernel.ids import StationKey, TransactionId


@dataclass(frozen=True, slots=True)
class CardShown:
    """C18: a terminal authorised a card, and the station asks whether its holder may charge."""

    station: StationKey
    reference: str
    at: datetime
    details: dict[str, str] = field(default_factory=dict)  # as stations name them: PaymentBrand …


@dataclass(frozen=True, slots=True)
class Settled:
    """C19–C22: what became of a payment. `at` is by the clock of whoever settled it."""

    station: StationKey
    reference: str
    status: SettlementStatus
    amount: Decimal
    at: datetime
    received_at: datetime
    transaction: TransactionId | None = None
    detail: str | None = None
    receipt_id: str | None = None
    receipt_url: str | None = None
    vat_number: str | None = None
    company: Company | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where the driver finds the receipt; None: nobody of us has one."""

    id: str | None = None
    url: str | None = None
