"""Reading messages on displays for screens."""

import sqlalchemy as sa

from ricarica.displays.model import DisplayState, Shown, Template
from ricarica.displays.sql import (
    DISPLAY_MESSAGES,
    DISPLAY_STATES,
    DISPLAY_TEMPLATES,
    shown_from,
    state_from,
    template_from,
)
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.storage.database import Database


class DisplayQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def templates(self, tenant: TenantId) -> list[Template]:
        """By name."""
        rows = await self._database.fetch(
            sa.select(*DISPLAY_TEMPLATES.c[:-1])
            .where(DISPLAY_TEMPLATES.c.tenant == tenant)
            .order_by(DISPLAY_TEMPLATES.c.label, DISPLAY_TEMPLATES.c.id)
        )
        return [template_from(row) for row in rows]

    async def template(self, tenant: TenantId, id: str) -> Template | None:
        rows = await self._database.fetch(
            sa.select(*DISPLAY_TEMPLATES.c[:-1]).where(
                DISPLAY_TEMPLATES.c.tenant == tenant, DISPLAY_TEMPLATES.c.id == id
            )
        )
        return template_from(rows[0]) if rows else None

    async def at(self, station: StationKey) -> list[Shown]:
        """What a station shows, and what it would not."""
        rows = await self._database.fetch(
            sa.select(*DISPLAY_MESSAGES.c[:-1])
            .where(
                DISPLAY_MESSAGES.c.tenant == station.tenant,
                DISPLAY_MESSAGES.c.station == station.station,
            )
            .order_by(DISPLAY_MESSAGES.c.number)
        )
        return [shown_from(row) for row in rows]

    async def counts(self, tenant: TenantId) -> dict[tuple[str | None, str], int]:
        """Stations by template and by what became of it there."""
        columns = DISPLAY_MESSAGES.c
        rows = await self._database.fetch(
            sa.select(columns.template, columns.state, sa.func.count())
            .where(columns.tenant == tenant)
            .group_by(columns.template, columns.state)
        )
        return {(template, state): int(count) for template, state, count in rows}

    async def state(self, station: StationKey) -> DisplayState | None:
        rows = await self._database.fetch(
            sa.select(*DISPLAY_STATES.c[:-1]).where(
                DISPLAY_STATES.c.tenant == station.tenant,
                DISPLAY_STATES.c.station == station.station,
            )
        )
        return state_from(rows[0]) if rows else None
