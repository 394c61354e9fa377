"""/payments: of drivers without a contract, and how stations show where to pay."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

from litestar import get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation, once_only, require
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.limits import LimitsBody, limits_from
from ricarica.api.replies import (
    Instant,
    Page,
    PageWanted,
    ShortText,
    page_from,
    plain_or_none,
)
from ricarica.api.telling import tell_all
from ricarica.billing.commands import HoldForPayment
from ricarica.billing.facts import Settled
from ricarica.billing.model import (
    AMOUNT_MAX,
    LENGTHS,
    VALIDITIES_S,
    Channel,
    Payment,
    PaymentState,
    SettlementStatus,
    WebPayments,
)
from ricarica.billing.queries import BillingQueries, PaymentFilter
from ricarica.billing.vat import Standing
from ricarica.engine.paying import PaidStart, paid_start, web_settings
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.slices import Slices

Details = Annotated[dict[ShortText, ShortText], Meta(max_length=30)]
Url = Annotated[str, Meta(max_length=2000)]


class TryReply(Struct, frozen=True):
    status: SettlementStatus
    amount: Decimal | None
    at: datetime
    detail: str | None


class PaymentReply(Struct, frozen=True):
    """`reference` is the payment service provider's. Amounts include VAT."""

    reference: str
    station: str
    evse: int | None
    channel: Channel
    state: PaymentState
    created_at: datetime
    updated_at: datetime
    authorized: Decimal | None
    currency: str | None
    transaction: str | None
    due: Decimal | None
    settled: Decimal | None
    settled_at: datetime | None
    receipt_id: str | None
    receipt_url: str | None
    vat_number: str | None
    details: dict[str, str]
    tries: list[TryReply]


class PaymentBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A payment that was authorised elsewhere; the station is told to begin for it."""

    reference: ShortText
    station: ShortText
    channel: Channel = Channel.KIOSK
    evse: Annotated[int, Meta(ge=1)] | None = None
    amount: Decimal | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    limits: LimitsBody | None = None
    details: Details = {}


class SettlementBody(Struct, frozen=True, forbid_unknown_fields=True):
    status: SettlementStatus
    amount: Decimal
    at: Instant | None = None
    detail: ShortText | None = None
    receipt_id: ShortText | None = None
    receipt_url: Url | None = None


class WebBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`secret` null: the address is printed. It needs {chargingstationid}, {totp}, {version}."""

    template: Url
    secret: Annotated[str, Meta(min_length=8, max_length=255)] | None = None
    validity_s: Annotated[int, Meta(ge=VALIDITIES_S[0], le=VALIDITIES_S[-1])] = 30
    length: Annotated[int, Meta(ge=LENGTHS[0], le=LENGTHS[-1])] = 8
    on: bool = True


class WebReply(Struct, frozen=True):
    template: str
    dynamic: bool
    validity_s: int
    length: int
    on: bool
    changed_at: datetime


class AddressBody(Struct, frozen=True, forbid_unknown_fields=True):
    """An address as a driver's phone read it from a station's display."""

    url: Url
    station: ShortText
    totp: ShortText | None = None


class AddressReply(Struct, frozen=True):
    """`fresh`: the station showed it just now, or prints it; take no payment for any other."""

    fresh: bool
    station: str
    limits: LimitsBody


class HoldBody(Struct, frozen=True, forbid_unknown_fields=True):
    evse: Annotated[int, Meta(ge=1)]
    seconds: Annotated[int, Meta(ge=1, le=3600)] = 300


class VatReply(Struct, frozen=True):
    number: str
    standing: Standing
    company: str | None
    checked_at: datetime | None


@get("/payments", opt=needs(Permission.READ), tags=["Payments"])
async def list_payments(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    status: FromQuery[PaymentState | None] = None,
) -> Page[PaymentReply]:
    """Payments, the latest first."""
    which = PaymentFilter(of_station, status)
    rows = await BillingQueries(caller.database).payments(caller.tenant, which, page)
    return page_from(rows, payment_reply)


@get("/payments/{reference:str}", opt=needs(Permission.READ), tags=["Payments"])
async def get_payment(caller: Asking, reference: FromPath[str]) -> PaymentReply:
    """One payment."""
    found = await BillingQueries(caller.database).payment(caller.tenant, reference)
    return payment_reply(require(found, f"payment {reference}"))


@post("/payments", status_code=200, opt=needs(Permission.COMMAND), tags=["Payments"])
async def start_paid(caller: Asking, data: JSONBody[PaymentBody]) -> CommandReply:
    """Start charging for a payment that a kiosk or a page has authorised."""

    async def act(key: StationKey) -> CommandReply:
        if data.amount is not None and not (data.amount.is_finite() and data.amount > 0):
            raise InvalidError(f"amount is a number above 0, not {data.amount}")
        if data.amount is not None:
            _check_bounds(data.amount)
        paid = PaidStart(
            data.reference,
            data.channel,
            data.amount,
            data.currency,
            None if data.evse is None else EvseNumber(data.evse),
            limits_from(data.limits) if data.limits else None,
            dict(data.details),
        )
        command = await caller.carry_out(lambda slices: paid_start(slices, key, paid))
        return await tell_all(caller, key, "start", [command], {"payment": data.reference})

    key = await caller.station(data.station)
    return await caller.once_outside(CommandReply, lambda: act(key))


@post(
    "/payments/{reference:str}/settlement",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Payments"],
)
async def settle_payment(
    caller: Asking, reference: FromPath[str], data: JSONBody[SettlementBody]
) -> PaymentReply:
    """What the payment service provider made of it; told again, it changes nothing."""
    if not (data.amount.is_finite() and data.amount >= 0):
        raise InvalidError(f"amount is a number from 0, not {data.amount}")
    _check_bounds(data.amount)

    async def settle(slices: Slices) -> PaymentReply:
        known = await slices.billing.find(caller.tenant, reference)
        await slices.billing.settle(
            Settled(
                known.station,
                reference,
                data.status,
                data.amount,
                data.at or slices.now,
                slices.now,
                detail=data.detail,
                receipt_id=data.receipt_id,
                receipt_url=data.receipt_url,
            )
        )
        caller.audit(slices, "payment.settle", f"payment:{reference}", status=data.status)
        return payment_reply(await slices.billing.find(caller.tenant, reference))

    return await caller.once(PaymentReply, settle)


@get("/stations/{identity:str}/web-payments", opt=needs(Permission.READ), tags=["Payments"])
async def get_web(caller: Asking, identity: FromPath[str]) -> WebReply:
    """How a station shows where to pay."""
    key = await caller.station(identity)
    return _web(require(await BillingQueries(caller.database).web(key), f"page of {identity}"))


@put(
    "/stations/{identity:str}/web-payments", opt=needs(Permission.EDIT_STATIONS), tags=["Payments"]
)
async def set_web(caller: Asking, identity: FromPath[str], data: JSONBody[WebBody]) -> CommandReply:
    """Decide it, and tell the station. 409 when it is not connected: what was decided is kept."""
    key = await caller.station(identity)

    validity = timedelta(seconds=data.validity_s)
    at = caller.now()
    web = WebPayments(key, data.template, at, data.secret, validity, data.length, data.on)

    async def decide(slices: Slices) -> None:
        await slices.billing.set_web(web)
        caller.audit(slices, "station.web-payments", f"station:{key.station}")

    await caller.carry_out(decide)
    return await tell_all(
        caller, key, "web-payments", web_settings(web), {"template": data.template}
    )


@post("/payments/addresses", status_code=200, opt=needs(Permission.COMMAND), tags=["Payments"])
@once_only
async def check_address(caller: Asking, data: JSONBody[AddressBody]) -> AddressReply:
    """Whether an address was shown by the station just now, and what limits it carries."""
    key = await caller.station(data.station)
    query = {name: values[0] for name, values in parse_qs(urlsplit(data.url).query).items()}
    password = data.totp or query.get("totp")
    fresh = await caller.carry_out(
        lambda slices: slices.billing.is_fresh(key, password, slices.now)
    )
    return AddressReply(fresh, key.station, limits_in(query))


def limits_in(query: dict[str, str]) -> LimitsBody:
    """C25.FR.59; others that an address may carry mean nothing here. C25.FR.60"""
    return LimitsBody(
        _number(query, "maxcost"),
        _number(query, "maxenergy"),
        None if (time := _number(query, "maxtime")) is None else int(time),
    )


def _number(query: dict[str, str], name: str) -> Decimal | None:
    text = query.get(name)
    if text is None:
        return None
    if not text.replace(".", "", 1).isdecimal():
        raise InvalidError(f"{name} is a number, not {text[:20]!r}")
    return Decimal(text) or None


@post(
    "/stations/{identity:str}/commands/hold-for-payment",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Payments"],
)
@once_only
async def hold(caller: Asking, identity: FromPath[str], data: JSONBody[HoldBody]) -> CommandReply:
    """Tell a station that somebody pays for an EVSE on a page, so that nobody else begins."""
    key = await caller.station(identity)
    command = HoldForPayment(EvseNumber(data.evse), timedelta(seconds=data.seconds))
    return await tell_all(caller, key, "hold-for-payment", [command], {"evse": data.evse})


@get("/vat-numbers/{number:str}", opt=needs(Permission.READ), tags=["Payments"])
async def check_vat_number(caller: Asking, number: FromPath[str]) -> VatReply:
    """What is known of a company's number; a register is asked in the meantime, if there is one."""
    known = await caller.carry_out(
        lambda slices: slices.billing.check_vat_number(caller.tenant, number, slices.now)
    )
    company = known.company.name if known.company else None
    return VatReply(known.number, known.standing, company, known.checked_at)


HANDLERS = (
    list_payments,
    get_payment,
    start_paid,
    settle_payment,
    get_web,
    set_web,
    check_address,
    hold,
    check_vat_number,
)


def payment_reply(payment: Payment) -> PaymentReply:
    return PaymentReply(
        payment.reference,
        payment.station.station,
        payment.evse,
        payment.channel,
        payment.state,
        payment.created_at,
        payment.updated_at,
        plain_or_none(payment.authorized),
        payment.currency,
        payment.transaction,
        plain_or_none(payment.due),
        plain_or_none(payment.settled),
        payment.settled_at,
        payment.receipt_id,
        payment.receipt_url,
        payment.vat_number,
        payment.details,
        [
            TryReply(each.status, plain_or_none(each.amount), each.at, each.detail)
            for each in payment.tries
        ],
    )


def _check_bounds(amount: Decimal) -> None:
    if amount > AMOUNT_MAX:
        raise InvalidError(f"amount is at most {AMOUNT_MAX}")


def _web(web: WebPayments) -> WebReply:
    return WebReply(
        web.template,
        web.secret is not None,
        int(web.validity.total_seconds()),
        web.length,
        web.is_on,
        web.changed_at,
    )
