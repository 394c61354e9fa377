"""How settings lie in the database."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from ricarica.configuration.model import Access, DeviceModel, ModelState, Setting
from ricarica.configuration.templates import Applies, Template, WantedMonitor
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
    sa.Column("neutral", Text()),
    sa.Column("lowest", Text()),
    sa.Column("highest", Text()),
    sa.Column("elements_max", Integer()),
    sa.Column("persistent", Boolean()),
    sa.Column("constant", Boolean()),
    sa.Column("monitorable", Boolean()),
    sa.Column("refused", Text()),
    sa.Column("refused_why", Text()),
    sa.Column("version", Integer(), nullable=False),
)

DEVICE_MODELS = sa.Table(
    "device_models",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("asked_at", Instant(), nullable=False),
    sa.Column("firmware", Text()),
    sa.Column("parts", Integer(), nullable=False),
    sa.Column("told_at", Instant()),
    sa.Column("detail", Text()),
    sa.Column("version", Integer(), nullable=False),
)

# What a template says is read as a whole, so its lists are JSON.
TEMPLATES = sa.Table(
    "templates",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("applies", Text(), nullable=False),
    sa.Column("settings", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("changed_at", Instant(), nullable=False),
    sa.Column("monitors", Text(), nullable=False),
    sa.Column("monitoring_base", Text()),
    sa.Column("monitoring_level", Integer()),
    sa.Column("restarts", Boolean(), nullable=False),
    sa.Column("is_active", Boolean(), nullable=False),
    sa.Column("rank", Integer(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)
FRESH_S = 10.0  # for what no station owns


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
        setting.neutral,
        _text(setting.lowest),
        _text(setting.highest),
        setting.elements_max,
        setting.persistent,
        setting.constant,
        setting.monitorable,
        setting.refused,
        setting.refused_why,
    )


def setting_from(row: Row) -> Setting:
    tenant, station, name, value, access, *told = row
    plain, (lowest, highest), rest = told[:6], told[6:8], told[8:]
    numbers = (_number(lowest), _number(highest))
    key = StationKey(TenantId(tenant), StationId(station))
    known = None if access is None else Access(access)
    return Setting(key, name, value, known, *(*plain, *numbers, *rest))


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


SHELF = Shelf[Setting](
    SETTINGS,
    key=_key,
    write=_row,
    read=setting_from,
    remembered_max=5_000,  # read by people and now and then; a station may have thousands
)


def _model_row(model: DeviceModel) -> Row:
    return (
        model.station.tenant,
        model.station.station,
        model.number,
        model.state,
        model.asked_at,
        model.firmware,
        model.parts,
        model.told_at,
        model.detail,
    )


def model_from(row: Row) -> DeviceModel:
    tenant, station, number, state, *rest = row
    return DeviceModel(StationKey(tenant, station), number, ModelState(state), *rest)


MODEL_SHELF = Shelf[DeviceModel](
    DEVICE_MODELS,
    key=lambda model: (model.station.tenant, model.station.station),
    write=_model_row,
    read=model_from,
)


def _template_row(template: Template) -> Row:
    return (
        template.tenant,
        template.id,
        template.name,
        _json(template.applies),
        _json(dict(template.settings)),
        template.created_at,
        template.changed_at,
        _json(template.monitors),
        template.monitoring_base,
        template.monitoring_level,
        template.restarts,
        template.is_active,
        template.rank,
    )


def template_from(row: Row) -> Template:
    tenant, id_, name, applies, settings, created_at, changed_at, monitors, *rest = row
    return Template(
        tenant,
        id_,
        name,
        msgspec.json.decode(applies, type=Applies),
        msgspec.json.decode(settings, type=dict[str, str]),
        created_at,
        changed_at,
        msgspec.json.decode(monitors, type=tuple[WantedMonitor, ...]),
        *rest,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


TEMPLATE_SHELF = Shelf[Template](
    TEMPLATES,
    key=lambda template: (template.tenant, template.id),
    write=_template_row,
    read=template_from,
    fresh_s=FRESH_S,
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

    async def by_neutral(self, station: StationKey, names: Iterable[str]) -> dict[str, Setting]:
        found = await self._work.find(SHELF, *_of(station), SETTINGS.c.neutral.in_(list(names)))
        return {setting.neutral: setting for setting in found if setting.neutral}

    async def count(self, station: StationKey) -> int:
        values = {"tenant": station.tenant, "station": station.station}
        [(count,)] = await self._work.fetch(COUNT, values)
        return int(count)

    async def save_all(self, settings: Iterable[Setting]) -> None:
        listed = list(settings)
        await self._work.load(SHELF, [_key(setting) for setting in listed])
        for setting in listed:
            self._work.put(SHELF, setting)

    async def forget_older(self, station: StationKey, than: datetime) -> None:
        for setting in await self._work.find(SHELF, *_of(station), SETTINGS.c.reported_at < than):
            if setting.reported_at < than:  # as this batch would leave it
                self._work.remove(SHELF, setting)

    async def device_model(self, station: StationKey) -> DeviceModel | None:
        return await self._work.get(MODEL_SHELF, (station.tenant, station.station))

    def save_device_model(self, model: DeviceModel) -> None:
        self._work.put(MODEL_SHELF, model)


class SqlTemplateStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def all(self, tenant: TenantId) -> list[Template]:
        return await self._work.under(TEMPLATE_SHELF, tenant)

    async def get(self, tenant: TenantId, template: str) -> Template | None:
        return await self._work.get(TEMPLATE_SHELF, (tenant, template))

    def save(self, template: Template) -> None:
        self._work.put(TEMPLATE_SHELF, template)

    def remove(self, template: Template) -> None:
        self._work.remove(TEMPLATE_SHELF, template)


def _of(station: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    columns = SETTINGS.c
    return columns.tenant == station.tenant, columns.station == station.station
