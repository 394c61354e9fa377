"""Reading settings for screens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ricarica.configuration.model import SETTINGS_MAX, DeviceModel, Setting
from ricarica.configuration.sql import (
    DEVICE_MODELS,
    SETTINGS,
    TEMPLATES,
    model_from,
    setting_from,
    template_from,
)
from ricarica.configuration.templates import Difference, Standing, Template, standing_of, wanted_of
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.model import Station
from ricarica.storage.database import Database

TEMPLATES_MAX = 500  # of one tenant; more are no templates


@dataclass(frozen=True, slots=True)
class Drift:
    """One station, and all that templates want of it."""

    station: Station
    differences: tuple[Difference, ...]

    @property
    def open(self) -> tuple[Difference, ...]:
        return tuple(each for each in self.differences if each.standing is not Standing.IN_STEP)


class SettingQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def settings(self, station: StationKey, text: str | None = None) -> list[Setting]:
        """All that is known, by name; with `text`, those with it in name, value or our word."""
        query = sa.select(*SETTINGS.c[:-1]).where(*_of(station))
        if text:
            wanted = text.strip().lower()
            query = query.where(
                sa.or_(
                    *(
                        sa.func.lower(column).contains(wanted, autoescape=True)
                        for column in (SETTINGS.c.name, SETTINGS.c.value, SETTINGS.c.neutral)
                    )
                )
            )
        rows = await self._database.fetch(query.order_by(SETTINGS.c.name).limit(SETTINGS_MAX))
        return [setting_from(row) for row in rows]

    async def setting(self, station: StationKey, name: str) -> Setting | None:
        query = sa.select(*SETTINGS.c[:-1]).where(*_of(station))
        rows = await self._database.fetch(query.where(SETTINGS.c.name == name))
        return setting_from(rows[0]) if rows else None

    async def device_model(self, station: StationKey) -> DeviceModel | None:
        columns = DEVICE_MODELS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(
                columns.tenant == station.tenant, columns.station == station.station
            )
        )
        return model_from(rows[0]) if rows else None

    async def templates(self, tenant: TenantId) -> list[Template]:
        """By name."""
        rows = await self._database.fetch(
            sa.select(*TEMPLATES.c[:-1])
            .where(TEMPLATES.c.tenant == tenant)
            .order_by(TEMPLATES.c.name, TEMPLATES.c.id)
            .limit(TEMPLATES_MAX)
        )
        return [template_from(row) for row in rows]

    async def template(self, tenant: TenantId, template: str) -> Template | None:
        rows = await self._database.fetch(
            sa.select(*TEMPLATES.c[:-1]).where(
                TEMPLATES.c.tenant == tenant, TEMPLATES.c.id == template
            )
        )
        return template_from(rows[0]) if rows else None

    async def drift(
        self, stations: Sequence[Station], templates: Sequence[Template]
    ) -> list[Drift]:
        """How each of these stations, all of one tenant, stands to what they are to be."""
        wanted = {each.key: wanted_of(each, templates).settings for each in stations}
        names = sorted({name for settings in wanted.values() for name in settings})
        known = await self._named(stations, names) if names else {}
        return [
            Drift(station, tuple(_differences(station, wanted[station.key], known)))
            for station in stations
        ]

    async def _named(
        self, stations: Sequence[Station], names: Sequence[str]
    ) -> dict[tuple[StationId, str], Setting]:
        columns = SETTINGS.c
        rows = await self._database.fetch(
            sa.select(*columns[:-1]).where(
                columns.tenant == stations[0].key.tenant,
                columns.station.in_([station.key.station for station in stations]),
                sa.or_(columns.name.in_(names), columns.neutral.in_(names)),
            )
        )
        settings = [setting_from(row) for row in rows]
        ours = {(each.station.station, each.neutral): each for each in settings if each.neutral}
        return ours | {(each.station.station, each.name): each for each in settings}


def _differences(
    station: Station,
    wanted: Mapping[str, str],
    known: Mapping[tuple[StationId, str], Setting],
) -> list[Difference]:
    booted_at: datetime | None = station.booted_at
    return [
        standing_of(name, value, known.get((station.key.station, name)), booted_at)
        for name, value in wanted.items()
    ]


def _of(station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    columns = SETTINGS.c
    return columns.tenant == station.tenant, columns.station == station.station
