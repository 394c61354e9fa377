"""Payments of drivers without a contract: from the card that was shown to the receipt."""

import json
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from ricarica.billing.vat import Company
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber, StationKey, TransactionId

TRIES_MAX = 20  # settlements kept of one payment; a terminal that tries for ever fills no disk
REFERENCE_LENGTH_MAX = 255
AMOUNT_MAX = Decimal(10**12)  # no card is good for more, and no database of ours holds much more
SECRET_LENGTH_MIN = 8
LENGTHS = range(6, 33)  # characters of a one-time password
VALIDITIES_S = range(6, 3601)


class Channel(StrEnum):
    TERMINAL = "terminal"  # built into the station
    KIOSK = "kiosk"  # beside the stations
    WEB = "web"  # a page that a QR code leads to


class PaymentState(StrEnum):
    AUTHORIZED = "authorized"  # the card is good for it, and nothing was charged yet
    CHARGING = "charging"
    DUE = "due"  # what it cost is known and not settled yet
    SETTLED = "settled"
    CANCELED = "canceled"
    REJECTED = "rejected"
    FAILED = "failed"


class SettlementStatus(StrEnum):
    SETTLED = "settled"
    CANCELED = "canceled"  # the amount was released, nothing was taken
    REJECTED = "rejected"  # by the payment service provider
    FAILED = "failed"  # for technical reasons


STATE = {
    SettlementStatus.SETTLED: PaymentState.SETTLED,
    SettlementStatus.CANCELED: PaymentState.CANCELED,
    SettlementStatus.REJECTED: PaymentState.REJECTED,
    SettlementStatus.FAILED: PaymentState.FAILED,
}
OPEN_ENDED = frozenset({PaymentState.AUTHORIZED, PaymentState.CHARGING})
OPEN = OPEN_ENDED | {PaymentState.DUE}
# Nothing was taken, though something was due: somebody has to see to it. C22
TROUBLE = frozenset({PaymentState.REJECTED, PaymentState.FAILED})


@dataclass(frozen=True, slots=True)
class Try:
    """One report of a settlement."""

    status: SettlementStatus
    amount: Decimal
    at: datetime
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """What one of its transactions comes to; None: that is not known, or not yet."""

    is_over: bool
    due: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """`reference` is the payment service provider's, and names it; `token` what it charges as."""

    station: StationKey
    reference: str
    channel: Channel
    state: PaymentState
    created_at: datetime
    updated_at: datetime
    evse: EvseNumber | None = None
    token: str | None = None
    authorized: Decimal | None = None  # the amount the card is good for
    currency: str | None = None
    transaction: TransactionId | None = None  # the one that began last
    due: Decimal | None = None  # including tax, for all of its transactions that have ended
    settled: Decimal | None = None
    settled_at: datetime | None = None
    receipt_id: str | None = None
    receipt_url: str | None = None
    secret: str | None = None  # in the address of our receipt
    vat_number: str | None = None
    company: Company | None = None
    details: dict[str, str] = field(default_factory=dict)
    tries: tuple[Try, ...] = ()
    charges: dict[TransactionId, Charge] = field(default_factory=dict)

    @property
    def is_in_trouble(self) -> bool:
        return self.state in TROUBLE


def with_charge(payment: Payment, transaction: TransactionId, charge: Charge) -> Payment:
    """One card may be shown at two outlets: what both cost is due when both are over."""
    known = payment.charges
    if not known and payment.transaction is not None:  # noted before there could be several
        known = {payment.transaction: Charge(payment.state not in OPEN_ENDED, payment.due)}
    charges = {**known, transaction: charge}
    is_over = all(each.is_over for each in charges.values())
    due = [each.due for each in charges.values() if each.due is not None]
    state = PaymentState.DUE if is_over else PaymentState.CHARGING
    return replace(
        payment,
        state=state if payment.state in OPEN else payment.state,  # what is settled stays so
        transaction=payment.transaction if transaction in known else transaction,
        due=sum(due, Decimal(0)) if due else payment.due,
        charges=charges,
    )


def with_try(payment: Payment, tried: Try) -> Payment:
    """A payment is settled once: whatever is told of it afterwards is noted and changes nothing."""
    if tried in payment.tries:
        return payment
    noted = replace(payment, tries=(*payment.tries, tried)[-TRIES_MAX:])
    latest = max((each.at for each in payment.tries), default=None)
    is_late = latest is not None and tried.at < latest
    is_settled = tried.status is SettlementStatus.SETTLED
    # What was taken was taken, whosever clock is behind.
    if payment.state is PaymentState.SETTLED or (is_late and not is_settled):
        return noted
    return replace(
        noted,
        state=STATE[tried.status],
        settled=tried.amount if is_settled else payment.settled,
        settled_at=tried.at if is_settled else payment.settled_at,
    )


@dataclass(frozen=True, slots=True)
class WebPayments:
    """C25: how a station shows the address at which a driver may pay.

    `secret` None: the address is printed and always the same, so that nothing proves it new.
    """

    station: StationKey
    template: str
    changed_at: datetime
    secret: str | None = None
    validity: timedelta = timedelta(seconds=30)
    length: int = 8
    is_on: bool = True


def check_web_payments(web: WebPayments) -> None:
    """
    Raises:
        InvalidError: no station could show it.
    """
    needed = ["{chargingstationid}"] + (["{totp}", "{version}"] if web.secret is not None else [])
    missing = [part for part in needed if part not in web.template]
    if missing:
        raise InvalidError(f"the address needs {', '.join(missing)}")  # C25.FR.50
    if web.secret is not None and len(web.secret) < SECRET_LENGTH_MIN:
        raise InvalidError(f"the secret has at least {SECRET_LENGTH_MIN} characters")
    if web.length not in LENGTHS:
        raise InvalidError(f"the length is from {LENGTHS[0]} to {LENGTHS[-1]}, not {web.length}")
    if int(web.validity.total_seconds()) not in VALIDITIES_S:
        raise InvalidError(f"the validity is from {VALIDITIES_S[0]} to {VALIDITIES_S[-1]} seconds")


def company_text(company: Company | None) -> str | None:
    if company is None:
        return None
    names = ("name", "address", "city", "postal_code", "country")
    return json.dumps({name: getattr(company, name) for name in names})


def company_from(text: str | None) -> Company | None:
    told: dict[str, Any] | None = json.loads(text) if text else None
    return Company(**told) if told else None
