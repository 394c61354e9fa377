from dataclasses import dataclass
from decimal import Decimal

from ricarica.billing.model import PaymentState
from ricarica.kernel.ids import StationKey, TransactionId


@dataclass(frozen=True, slots=True)
class PaymentChanged:
    """A driver without a contract pays. `due` and `settled` include tax."""

    station: StationKey
    reference: str
    state: PaymentState
    transaction: TransactionId | None
    due: Decimal | None
    settled: Decimal | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class SettlementFailed:
    """C22: something was charged and nobody paid for it."""

    station: StationKey
    reference: str
    state: PaymentState
    detail: str | None


@dataclass(frozen=True, slots=True)
class VatNumberAsked:
    """A driver gave a number that no register has confirmed yet."""

    number: str
    station: StationKey | None = None
