"""C17–C25: a payment terminal in the station, a code to scan, and numbers of companies."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator import charging
from ricarica.simulator.blocks.costs import count_of, set_limits
from ricarica.simulator.core import Answer, Answered, Block, Station
from ricarica.simulator.evse import Evse
from ricarica.simulator.settings import Access, Kind, Place, Setting
from ricarica.simulator.transaction import Token, Transaction, TransactionEvent

DIRECT = "DirectPayment"
CARD = {"PaymentBrand": "VISA", "CardLast4Digits": "4242", "ReadingMethod": "Contactless"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
SIGNS = "0123456789" + LETTERS + LETTERS.upper()


@dataclass(slots=True)
class Terminal:
    """Cards that were authorised, by the reference of the payment service provider."""

    amounts: dict[str, Decimal] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    receipts: dict[str, v2.NotifySettlementResponse] = field(default_factory=dict)
    held_until: dict[int, datetime] = field(default_factory=dict)
    """EVSEs that somebody pays for on a page."""
    companies: dict[str, v2.VatNumberValidationResponse] = field(default_factory=dict)


def pay_by_card(
    station: Station,
    evse: Evse,
    reference: str,
    amount: Decimal,
    details: Mapping[str, str] = CARD,
) -> None:
    """C18: a card is authorised, and its holder may charge."""
    station.memory(Terminal).amounts[reference] = amount
    token = Token(reference, DIRECT, tuple(details.items()))
    if station.settings.flag("authorize_payments"):
        charging.seek_verdict(station, evse, token)
    else:
        charging.authorize(station, evse, token)


def _dress(station: Station, event: TransactionEvent) -> TransactionEvent:
    """C18.FR.06: what the card is good for, once."""
    token, terminal = event.token, station.memory(Terminal)
    if token is None or token.kind != DIRECT or token.uid in terminal.told:
        return event
    amount = terminal.amounts.get(token.uid)
    if amount is None:
        return event
    terminal.told.add(token.uid)
    count_of(station, event.transaction.ref).limits["max_cost"] = amount
    info = {**event.more.get("info", {}), "transaction_limit": v2.TransactionLimit(max_cost=amount)}
    return replace(event, more={**event.more, "info": info})


def raise_amount(station: Station, transaction: Transaction, amount: Decimal) -> None:
    """C23.FR.02: the card is good for more."""
    assert transaction.token is not None, "paid by a card"
    station.memory(Terminal).amounts[transaction.token.uid] = amount
    set_limits(station, transaction, {"max_cost": amount})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a payment, and what else the terminal says of it."""

    status: str
    amount: Decimal = Decimal(0)
    detail: str | None = None
    receipt_url: str | None = None
    receipt_id: str | None = None
    vat_number: str | None = None


def settle(
    station: Station, reference: str, outcome: Outcome, transaction: Transaction | None = None
) -> None:
    """C19–C22"""

    def answered(answer: Answer) -> None:
        if isinstance(answer, Answered):
            response = answer.payload
            assert isinstance(response, v2.NotifySettlementResponse), "the only one there is"
            station.memory(Terminal).receipts[reference] = response

    station.ask(
        v2.NotifySettlementRequest(
            psp_ref=reference,
            status=v2.PaymentStatus(outcome.status),
            status_info=outcome.detail,
            settlement_amount=outcome.amount,
            settlement_time=station.clock,
            transaction_id=transaction.ref if transaction else None,
            receipt_url=outcome.receipt_url,
            receipt_id=outcome.receipt_id,
            vat_number=outcome.vat_number,
        ),
        answered,
    )


def ask_about_company(station: Station, number: str, evse: int | None = None) -> None:
    """C18.FR.08"""

    def answered(answer: Answer) -> None:
        if isinstance(answer, Answered):
            response = answer.payload
            assert isinstance(response, v2.VatNumberValidationResponse), "the only one there is"
            station.memory(Terminal).companies[number] = response

    station.ask(v2.VatNumberValidationRequest(vat_number=number, evse_id=evse), answered)


def address_shown(station: Station, evse: int, **limits: int) -> str:
    """C25.FR.01: what the code on the display says."""
    settings = station.settings
    password = _password(
        settings["web_secret"],
        int(station.now.timestamp()) // settings.integer("web_validity"),
        settings.integer("web_length"),
    )
    address = settings["web_template"]
    for name, value in {
        "{chargingstationid}": station.identity,
        "{evse}": str(evse),
        "{totp}": password,
        "{version}": "v1",
    }.items():
        address = address.replace(name, value)
    return address + "".join(f"&{name}={value}" for name, value in limits.items())


def _password(secret: str, slot: int, length: int) -> str:
    hashed = hmac.digest(secret.encode(), slot.to_bytes(8), hashlib.sha256)
    first = hashed[31] % 16
    return "".join(SIGNS[hashed[(first + place) % 32] % 62] for place in range(length))


def _web_payment_started(station: Station, request: v2.NotifyWebPaymentStartedRequest) -> Payload:
    until = station.now + timedelta(seconds=request.timeout)
    station.memory(Terminal).held_until[request.evse_id] = until
    station.shown[request.evse_id] = "Paying"  # C25.FR.22
    return v2.NotifyWebPaymentStartedResponse()


def _setting(name: str, value: str, kind: Kind, path: str, lowest: int | None = None) -> Setting:
    component, _, variable = path.partition(".")
    highest = 2_000 if kind is Kind.STRING else None
    return Setting(
        name, value, kind, place=Place(component, variable), lowest=lowest, highest=highest
    )


BLOCK = Block(
    "payments",
    commands={v2.NotifyWebPaymentStartedRequest: _web_payment_started},
    settings=(
        _setting("authorize_payments", "true", Kind.BOOLEAN, "PaymentCtrlr.AuthorizeDirectPayment"),
        _setting("receipt_by_server", "true", Kind.BOOLEAN, "PaymentCtrlr.ReceiptByCSMS"),
        _setting("settled_by_server", "false", Kind.BOOLEAN, "PaymentCtrlr.SettlementByCSMS"),
        _setting("web_enabled", "false", Kind.BOOLEAN, "WebPaymentsCtrlr.Enabled"),
        _setting("web_template", "", Kind.STRING, "WebPaymentsCtrlr.URLTemplate"),
        _setting("web_validity", "30", Kind.INTEGER, "WebPaymentsCtrlr.ValidityTime", lowest=6),
        _setting("web_length", "8", Kind.INTEGER, "WebPaymentsCtrlr.Length", lowest=6),
        _setting("web_version", "v1", Kind.STRING, "WebPaymentsCtrlr.TOTPVersion"),
        Setting(
            "web_secret",
            "not set yet",
            place=Place("WebPaymentsCtrlr", "SharedSecret"),
            access=Access.WRITE_ONLY,
        ),
    ),
    dresses=(_dress,),
)
