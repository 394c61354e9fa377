"""How settings lie in the database."""

from collections.abc import Iterable

import sqlalchemy as sa

from ricarica.configuration.model import Access, Setting
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.columns import Boolean, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

SETTINGS = sa.Table(
    "settings",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("name", Text(), primary_key=True),
    sa.Column("value", Text()),
    sa.Column("access", Text()),
    sa.Column("reported_at", Instant(), nullable=False),
    sa.Column("unit", Text()),
    sa.Column("kind", Text()),
    sa.Column("choices", Text()),
    sa.Column("needs_reboot", Boolean(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def _key(setting: Setting) -> tuple[str, str, str]:
    return setting.station.tenant, setting.station.station, setting.name


def _row(setting: Setting) -> Row:
    return (
        *_key(setting),
        setting.value,
        setting.access,
        setting.reported_at,
        setting.unit,
        setting.kind,
        setting.choices,
        setting.needs_reboot,
    )


def setting_from(row: Row) -> Setting:
    tenant, station, name, value, access, reported_at, unit, kind, choices, needs_reboot = row
    return Setting(
        StationKey(TenantId(tenant), StationId(station)),
        name,
        value,
        None if access is None else Access(access),
        reported_at,
        unit,
        kind,
        choices,
        needs_reboot,
    )


SHELF = Shelf[Setting](
    SETTINGS,
    key=_key,
    write=_row,
    read=setting_from,
    remembered_max=20_000,  # read by people and now and then; a station may have thousands
)


COUNT = sa.select(sa.func.count()).where(
    SETTINGS.c.tenant == sa.bindparam("tenant"), SETTINGS.c.station == sa.bindparam("station")
)


class SqlSettingStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey, name: str) -> Setting | None:
        return await self._work.get(SHELF, (station.tenant, station.station, name))

    async def known(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        listed = list(names)
        await self._work.load(SHELF, [(station.tenant, station.station, name) for name in listed])
        found = [await self.get(station, name) for name in listed]
        return {setting.name: setting for setting in found if setting is not None}

    async def count(self, station: StationKey) -> int:
        values = {"tenant": station.tenant, "station": station.station}
        [(count,)] = await self._work.fetch(COUNT, values)
        return int(count)

    async def save_all(self, settings: Iterable[Setting]) -> None:
        listed = list(settings)
        await self._work.load(SHELF, [_key(setting) for setting in listed])
        for setting in listed:
            self._work.put(SHELF, setting)
