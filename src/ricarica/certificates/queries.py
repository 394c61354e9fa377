"""Reading certificates for screens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ricarica.certificates.model import (
    AuthorityKeys,
    Purpose,
    RequestState,
    Root,
    SigningRequest,
    TrustStore,
)
from ricarica.certificates.sql import (
    AUTHORITIES,
    REQUESTS,
    ROOTS,
    STORES,
    keys_from,
    request_from,
    root_from,
    store_from,
)
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

BY_END = Order(REQUESTS.c.not_after, REQUESTS.c.id, is_time=True)
BY_ARRIVAL = Order(REQUESTS.c.received_at, REQUESTS.c.id, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class CertificateFilter:
    """None: any. `expires_before` leaves out what was never issued."""

    station: str | None = None
    state: RequestState | None = None
    expires_before: datetime | None = None


ANY = CertificateFilter()


class CertificateQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def requests(
        self, tenant: TenantId, filter_: CertificateFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[SigningRequest]:
        """The latest first; those that expire by when they do, the next first."""
        order = BY_ARRIVAL if filter_.expires_before is None else BY_END
        query = sa.select(*REQUESTS.c[:-1]).where(REQUESTS.c.tenant == tenant, *_wheres(filter_))
        return await page_of(self._database, query, order, wanted, request_from)

    async def expiring_count(self, tenant: TenantId, before: datetime) -> int:
        [(count,)] = await self._database.fetch(
            sa.select(sa.func.count()).where(
                REQUESTS.c.tenant == tenant,
                REQUESTS.c.state == RequestState.INSTALLED,
                REQUESTS.c.not_after < before,
            )
        )
        return int(count)

    async def trust_store(self, station: StationKey) -> TrustStore | None:
        rows = await self._database.fetch(
            sa.select(*STORES.c[:-1]).where(
                STORES.c.tenant == station.tenant, STORES.c.station == station.station
            )
        )
        return store_from(rows[0]) if rows else None

    async def roots(self, tenant: TenantId) -> list[Root]:
        """By what they are for, then by name."""
        rows = await self._database.fetch(
            sa.select(*ROOTS.c[:-1])
            .where(ROOTS.c.tenant == tenant)
            .order_by(ROOTS.c.kind, ROOTS.c.name)
        )
        return [root_from(row) for row in rows]

    async def signers(self) -> list[tuple[TenantId, str]]:
        """Authorities that sign, or have signed, for stations to show them to us: of all tenants,
        each with its chain."""
        columns = AUTHORITIES.c
        rows = await self._database.fetch(
            sa.select(columns.tenant, columns.chain)
            .where(columns.purpose.startswith(Purpose.STATION.value, autoescape=True))
            .order_by(columns.tenant, columns.purpose)
        )
        return [(TenantId(tenant), chain) for tenant, chain in rows]

    async def authorities(self, tenant: TenantId) -> list[AuthorityKeys]:
        rows = await self._database.fetch(
            sa.select(*AUTHORITIES.c[:-1])
            .where(AUTHORITIES.c.tenant == tenant)
            .order_by(AUTHORITIES.c.purpose)
        )
        return [keys_from(row) for row in rows]


def _wheres(filter_: CertificateFilter) -> Iterator[sa.ColumnElement[Any]]:
    if filter_.station is not None:
        yield REQUESTS.c.station == filter_.station
    if filter_.state is not None:
        yield REQUESTS.c.state == filter_.state
    if filter_.expires_before is not None:
        yield REQUESTS.c.not_after < filter_.expires_before
