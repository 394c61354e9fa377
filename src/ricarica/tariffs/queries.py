"""Reading tariffs for screens."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from ricarica.kernel.ids import StationKey, TariffId, TenantId
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.sql import (
    DEFAULTS,
    REVISIONS,
    STATION_PLANS,
    TARIFFS,
    plans_from,
    tariff_from,
)
from ricarica.tariffs.stationed import StationPlans

BY_NAME = Order(TARIFFS.c.name, TARIFFS.c.id)


class TariffQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tariffs(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[Tariff]:
        """Their latest revisions, by name."""
        return await page_of(self._database, _of(tenant), BY_NAME, wanted, _read)

    async def tariff(self, tenant: TenantId, tariff: TariffId) -> Tariff | None:
        rows = await self._database.fetch(_of(tenant).where(TARIFFS.c.id == tariff))
        return _read(rows[0]) if rows else None

    async def revisions(self, tenant: TenantId, tariff: TariffId, limit: int = 50) -> list[Tariff]:
        """What it was before, too, the latest first; also of one that is gone."""
        rows = await self._database.fetch(
            sa.select(*REVISIONS.c)
            .where(REVISIONS.c.tenant == tenant, REVISIONS.c.id == tariff)
            .order_by(REVISIONS.c.revised_at.desc())
            .limit(limit)
        )
        return [_revision(row) for row in rows]

    async def plans(self, station: StationKey) -> StationPlans:
        """What lies in the station, and what shall."""
        columns = STATION_PLANS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(
                columns.tenant == station.tenant, columns.station == station.station
            )
        )
        return plans_from(rows[0]) if rows else StationPlans(station)


def _of(tenant: TenantId) -> sa.Select[Any]:
    is_default = sa.and_(DEFAULTS.c.tenant == TARIFFS.c.tenant, DEFAULTS.c.tariff == TARIFFS.c.id)
    return (
        sa.select(*TARIFFS.c[:-1], DEFAULTS.c.tariff)
        .select_from(TARIFFS.outerjoin(DEFAULTS, is_default))
        .where(TARIFFS.c.tenant == tenant)
    )


def _read(row: Row) -> Tariff:
    return replace(tariff_from(row[:-1]), is_default=row[-1] is not None)


def _revision(row: Row) -> Tariff:
    tenant, id_, revised_at, revision, name, *prices = row
    return Tariff(tenant, id_, name, Prices(*prices), revised_at, revised_at, revision)
