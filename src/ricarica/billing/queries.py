"""Reading payments for screens."""

from dataclasses import dataclass

import sqlalchemy as sa

from ricarica.billing.model import Channel, Payment, PaymentState, WebPayments
from ricarica.billing.sql import PAYMENTS, WEB_PAYMENTS, payment_from, web_from
from ricarica.kernel.ids import StationId, StationKey, TenantId, TransactionId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

NEWEST_FIRST = Order(PAYMENTS.c.created_at, PAYMENTS.c.reference, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    station: StationId | None = None
    state: PaymentState | None = None


ANY = PaymentFilter()


class BillingQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def payments(
        self, tenant: TenantId, filter_: PaymentFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[Payment]:
        """The latest first."""
        query = sa.select(*PAYMENTS.c[:-1]).where(PAYMENTS.c.tenant == tenant)
        if filter_.station is not None:
            query = query.where(PAYMENTS.c.station == filter_.station)
        if filter_.state is not None:
            query = query.where(PAYMENTS.c.state == filter_.state)
        return await page_of(self._database, query, NEWEST_FIRST, wanted, payment_from)

    async def payment(self, tenant: TenantId, reference: str) -> Payment | None:
        columns = PAYMENTS.c
        query = sa.select(*columns[:-1]).where(
            columns.tenant == tenant, columns.reference == reference
        )
        # As `BillingService.find`: that which was begun here, whatever stations tell by its name.
        told = sa.case((columns.channel == Channel.TERMINAL, 1), else_=0)
        rows = await self._database.fetch(query.order_by(told, columns.created_at.desc()).limit(1))
        return payment_from(rows[0]) if rows else None

    async def of_transaction(self, tenant: TenantId, transaction: TransactionId) -> Payment | None:
        columns = PAYMENTS.c
        query = sa.select(*columns[:-1]).where(
            columns.tenant == tenant, columns.transaction_id == transaction
        )
        rows = await self._database.fetch(query.limit(1))
        return payment_from(rows[0]) if rows else None

    async def by_secret(self, secret: str) -> Payment | None:
        """Whoever has the address of a receipt may see it."""
        query = sa.select(*PAYMENTS.c[:-1]).where(PAYMENTS.c.secret == secret)
        rows = await self._database.fetch(query.limit(1))
        return payment_from(rows[0]) if rows else None

    async def web(self, station: StationKey) -> WebPayments | None:
        columns = WEB_PAYMENTS.c
        query = sa.select(*columns[:-1]).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        rows = await self._database.fetch(query)
        return web_from(rows[0]) if rows else None
