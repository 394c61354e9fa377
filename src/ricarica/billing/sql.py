"""How payments, addresses to pay at and numbers of companies lie in the database."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from ricarica.billing.model import (
    Channel,
    Charge,
    Payment,
    PaymentState,
    SettlementStatus,
    Try,
    WebPayments,
    company_from,
    company_text,
)
from ricarica.billing.vat import Standing, VatNumber
from ricarica.kernel.ids import StationId, StationKey, TenantId, TransactionId
from ricarica.storage.columns import Boolean, Exact, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

AMOUNT = 4  # decimals; the smallest unit of a currency has three at most
FRESH_S = 10.0  # for so long what was found on another node may still be asked for
REMEMBERED_MAX = 10_000

PAYMENTS = sa.Table(
    "payments",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("reference", Text(), primary_key=True),
    sa.Column("channel", Text(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("updated_at", Instant(), nullable=False),
    sa.Column("evse", Integer()),
    sa.Column("token", Text()),
    sa.Column("authorized", Exact(AMOUNT)),
    sa.Column("currency", Text()),
    sa.Column("transaction_id", Text()),
    sa.Column("due", Exact(AMOUNT)),
    sa.Column("settled", Exact(AMOUNT)),
    sa.Column("settled_at", Instant()),
    sa.Column("receipt_id", Text()),
    sa.Column("receipt_url", Text()),
    sa.Column("secret", Text()),
    sa.Column("vat_number", Text()),
    sa.Column("company", Text()),  # JSON
    sa.Column("details", Text(), nullable=False),  # JSON
    sa.Column("tries", Text(), nullable=False),  # JSON
    sa.Column("charges", Text()),  # JSON
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_payments_reference", "tenant", "reference"),
    sa.Index("ix_payments_created_at", "tenant", "created_at"),
    sa.Index("ix_payments_transaction", "tenant", "transaction_id"),
    sa.Index("ix_payments_secret", "secret"),
)

WEB_PAYMENTS = sa.Table(
    "web_payments",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("template", Text(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("secret", Text()),
    sa.Column("validity_s", Integer(), nullable=False),
    sa.Column("length", Integer(), nullable=False),
    sa.Column("is_on", Boolean(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

VAT_NUMBERS = sa.Table(
    "vat_numbers",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("number", Text(), primary_key=True),
    sa.Column("asked_at", Instant(), nullable=False),
    sa.Column("standing", Text(), nullable=False),
    sa.Column("checked_at", Instant()),
    sa.Column("company", Text()),  # JSON
    sa.Column("tried_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
)


def _payment_row(payment: Payment) -> Row:
    return (
        payment.station.tenant,
        payment.station.station,
        payment.reference,
        payment.channel,
        payment.state,
        payment.created_at,
        payment.updated_at,
        payment.evse,
        payment.token,
        payment.authorized,
        payment.currency,
        payment.transaction,
        payment.due,
        payment.settled,
        payment.settled_at,
        payment.receipt_id,
        payment.receipt_url,
        payment.secret,
        payment.vat_number,
        company_text(payment.company),
        json.dumps(payment.details),
        json.dumps([_try_text(each) for each in payment.tries]),
        _charges_text(payment.charges),
    )


def _charges_text(charges: Mapping[TransactionId, Charge]) -> str | None:
    if not charges:
        return None
    return json.dumps(
        {id: [it.is_over, None if it.due is None else str(it.due)] for id, it in charges.items()}
    )


def _charges_from(text: str | None) -> dict[TransactionId, Charge]:
    told: dict[str, tuple[bool, str | None]] = json.loads(text) if text else {}
    return {
        TransactionId(id): Charge(is_over, None if due is None else Decimal(due))
        for id, (is_over, due) in told.items()
    }


def _try_text(tried: Try) -> list[Any]:
    return [tried.status, str(tried.amount), tried.at.isoformat(), tried.detail]


def _try_from(text: list[Any]) -> Try:
    status, amount, at, detail = text
    return Try(SettlementStatus(status), Decimal(amount), datetime.fromisoformat(at), detail)


def payment_from(row: Row) -> Payment:
    tenant, station, reference, channel, state, *middle, company, details, tries, charges = row
    key = StationKey(TenantId(tenant), StationId(station))
    told = (company_from(company), json.loads(details), _tries_from(tries), _charges_from(charges))
    values: tuple[Any, ...] = (*middle, *told)
    return Payment(key, reference, Channel(channel), PaymentState(state), *values)


def _tries_from(text: str) -> tuple[Try, ...]:
    return tuple(map(_try_from, json.loads(text)))


def web_from(row: Row) -> WebPayments:
    tenant, station, template, changed_at, secret, validity_s, length, is_on = row
    return WebPayments(
        StationKey(TenantId(tenant), StationId(station)),
        template,
        changed_at,
        secret,
        timedelta(seconds=validity_s),
        length,
        is_on,
    )


def _vat_number_from(row: Row) -> VatNumber:
    tenant, number, asked_at, standing, checked_at, company, tried_at = row
    known = (TenantId(tenant), number, asked_at, Standing(standing), checked_at)
    return VatNumber(*known, company_from(company), tried_at)


PAYMENT_SHELF = Shelf[Payment](
    PAYMENTS,
    key=lambda each: (each.station.tenant, each.station.station, each.reference),
    write=_payment_row,
    read=payment_from,
    remembered_max=REMEMBERED_MAX,
)
WEB_SHELF = Shelf[WebPayments](
    WEB_PAYMENTS,
    key=lambda web: (web.station.tenant, web.station.station),
    write=lambda web: (
        web.station.tenant,
        web.station.station,
        web.template,
        web.changed_at,
        web.secret,
        int(web.validity.total_seconds()),
        web.length,
        web.is_on,
    ),
    read=web_from,
    remembered_max=REMEMBERED_MAX,
)
VAT_SHELF = Shelf[VatNumber](
    VAT_NUMBERS,
    key=lambda each: (each.tenant, each.number),
    write=lambda each: (
        each.tenant,
        each.number,
        each.asked_at,
        each.standing,
        each.checked_at,
        company_text(each.company),
        each.tried_at,
    ),
    read=_vat_number_from,
    fresh_s=FRESH_S,
    remembered_max=REMEMBERED_MAX,
)


class SqlBillingStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def payment(self, station: StationKey, reference: str) -> Payment | None:
        return await self._work.get(PAYMENT_SHELF, (station.tenant, station.station, reference))

    async def by_reference(self, tenant: TenantId, reference: str) -> list[Payment]:
        columns = PAYMENTS.c
        return await self._work.find(
            PAYMENT_SHELF, columns.tenant == tenant, columns.reference == reference
        )

    def save(self, payment: Payment) -> None:
        self._work.put(PAYMENT_SHELF, payment)

    async def web(self, station: StationKey) -> WebPayments | None:
        return await self._work.get(WEB_SHELF, (station.tenant, station.station))

    def save_web(self, web: WebPayments) -> None:
        self._work.put(WEB_SHELF, web)

    async def vat_number(self, tenant: TenantId, number: str) -> VatNumber | None:
        return await self._work.get(VAT_SHELF, (tenant, number))

    async def vat_numbers_to_check(self, most: int) -> list[VatNumber]:
        columns = VAT_NUMBERS.c
        latest = sa.func.coalesce(columns.tried_at, columns.asked_at)
        query = sa.select(VAT_NUMBERS).where(columns.checked_at.is_(None))
        return await self._work.look_up(VAT_SHELF, query.order_by(latest).limit(most))

    def save_vat_number(self, number: VatNumber) -> None:
        self._work.put(VAT_SHELF, number)
