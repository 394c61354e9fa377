"""Reading alerts for screens."""

import sqlalchemy as sa

from ricarica.alerts.model import Alert, AlertState
from ricarica.alerts.sql import ALERTS, alert_from
from ricarica.kernel.ids import StationId, TenantId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Page, Wanted, id_after

CURRENT = (AlertState.OPEN, AlertState.ACKNOWLEDGED)
SHOWN = (*CURRENT, AlertState.RESOLVED)  # one that still counts is no alert yet


class AlertQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def alerts(
        self,
        tenant: TenantId,
        states: tuple[AlertState, ...] = SHOWN,
        station: StationId | None = None,
        wanted: Wanted = FIRST,
    ) -> Page[Alert]:
        """The latest first."""
        columns = ALERTS.c
        query = sa.select(*columns[:-1]).where(columns.tenant == tenant, columns.state.in_(states))
        if station is not None:
            query = query.where(columns.station == station)
        if wanted.after:
            query = query.where(columns.id < id_after(wanted.after))
        # The one more tells whether there is a next page.
        ordered = query.order_by(columns.id.desc()).limit(wanted.rows + 1)
        found = [alert_from(row) for row in await self._database.fetch(ordered)]
        shown = tuple(found[: wanted.rows])
        return Page(shown, str(shown[-1].id) if len(found) > len(shown) else None)

    async def open_count(self, tenant: TenantId) -> int:
        [(count,)] = await self._database.fetch(
            sa.select(sa.func.count()).where(
                ALERTS.c.tenant == tenant, ALERTS.c.state == AlertState.OPEN
            )
        )
        return int(count)
