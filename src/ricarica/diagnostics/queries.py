"""Reading logs for screens, and finding out whose an upload is."""

import sqlalchemy as sa

from ricarica.diagnostics.model import LogRequest
from ricarica.diagnostics.sql import LOGS, request_from
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of


class LogQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def requests(
        self, tenant: TenantId, station: StationId | None = None, wanted: Wanted = FIRST
    ) -> Page[LogRequest]:
        """The latest first."""
        query = sa.select(*LOGS.c[:-1]).where(LOGS.c.tenant == tenant)
        if station is not None:
            query = query.where(LOGS.c.station == station)
        order = Order(LOGS.c.asked_at, LOGS.c.station, descending=True, is_time=True)
        return await page_of(self._database, query, order, wanted, request_from)

    async def request(self, station: StationKey, number: int) -> LogRequest | None:
        return await self._one(
            LOGS.c.tenant == station.tenant,
            LOGS.c.station == station.station,
            LOGS.c.number == number,
        )

    async def by_digest(self, digest: str) -> LogRequest | None:
        return await self._one(LOGS.c.digest == digest)

    async def _one(self, *where: sa.ColumnElement[bool]) -> LogRequest | None:
        rows = await self._database.fetch(sa.select(*LOGS.c[:-1]).where(*where))
        return request_from(rows[0]) if rows else None
