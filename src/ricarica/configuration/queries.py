"""Reading settings for screens."""

import sqlalchemy as sa

from ricarica.configuration.model import SETTINGS_MAX, Setting
from ricarica.configuration.sql import SETTINGS, setting_from
from ricarica.kernel.ids import StationKey
from ricarica.storage.database import Database


class SettingQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, station: StationKey, text: str | None = None) -> list[Setting]:
        """All that is known, by name; with `text`, those with it in their name, in any case."""
        query = sa.select(*SETTINGS.c[:-1]).where(
            SETTINGS.c.tenant == station.tenant, SETTINGS.c.station == station.station
        )
        if text:
            lowered = sa.func.lower(SETTINGS.c.name)
            query = query.where(lowered.contains(text.strip().lower(), autoescape=True))
        rows = await self._database.fetch(query.order_by(SETTINGS.c.name).limit(SETTINGS_MAX))
        return [setting_from(row) for row in rows]

    async def setting(self, station: StationKey, name: str) -> Setting | None:
        rows = await self._database.fetch(
            sa.select(*SETTINGS.c[:-1]).where(
                SETTINGS.c.tenant == station.tenant,
                SETTINGS.c.station == station.station,
                SETTINGS.c.name == name,
            )
        )
        return setting_from(rows[0]) if rows else None
