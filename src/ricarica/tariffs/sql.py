"""How tariffs lie in the database: the latest revision of each, and all there ever were."""

from dataclasses import dataclass, replace
from datetime import datetime

import msgspec
import sqlalchemy as sa

from ricarica.kernel.ids import StationKey, TariffId, TenantId
from ricarica.storage.columns import Boolean, Exact, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.stationed import Assignment, StationPlans

FRESH_S = 10.0  # for so long a price that was changed on another node may still be given


def _price(name: str) -> sa.Column[object]:
    return sa.Column(name, Exact(6), nullable=False)


TARIFFS = sa.Table(
    "tariffs",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("revision", Integer(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("revised_at", Instant(), nullable=False),
    sa.Column("currency", Text(), nullable=False),
    *map(_price, ("per_kwh", "per_minute", "per_idle_minute", "per_session", "vat_percent")),
    sa.Column("version", Integer(), nullable=False),
)

# Added once and never changed, so that an old bill can be explained.
REVISIONS = sa.Table(
    "tariff_revisions",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("revised_at", Instant(), primary_key=True),
    sa.Column("revision", Integer(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("currency", Text(), nullable=False),
    *map(_price, ("per_kwh", "per_minute", "per_idle_minute", "per_session", "vat_percent")),
)

# One row for each tenant, so that two operators cannot choose two defaults at once.
DEFAULTS = sa.Table(
    "default_tariffs",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("tariff", Text()),
    sa.Column("version", Integer(), nullable=False),
)


# What stations that count costs themselves shall have, and have.
STATION_PLANS = sa.Table(
    "station_plans",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("counts", Boolean(), nullable=False),
    sa.Column("installed", Text()),
    sa.Column("is_known", Boolean(), nullable=False),
    sa.Column("refused", Text()),
    sa.Column("told", Text(), nullable=False),  # JSON
    sa.Column("told_at", Instant()),
    sa.Column("misread", Text()),  # JSON
    sa.Column("version", Integer(), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Default:
    tenant: TenantId
    tariff: TariffId | None


def prices_row(prices: Prices) -> Row:
    return (
        prices.currency,
        prices.per_kwh,
        prices.per_minute,
        prices.per_idle_minute,
        prices.per_session,
        prices.vat_percent,
    )


def tariff_row(tariff: Tariff) -> Row:
    return (
        tariff.tenant,
        tariff.id,
        tariff.name,
        tariff.revision,
        tariff.created_at,
        tariff.revised_at,
        *prices_row(tariff.prices),
    )


def tariff_from(row: Row) -> Tariff:
    tenant, id_, name, revision, created_at, revised_at, *prices = row
    return Tariff(tenant, id_, name, Prices(*prices), created_at, revised_at, revision)


def revision_from(row: Row, tariff: Tariff) -> Tariff:
    _, _, revised_at, revision, name, *prices = row
    return replace(
        tariff, name=name, prices=Prices(*prices), revised_at=revised_at, revision=revision
    )


TARIFF_SHELF = Shelf[Tariff](
    TARIFFS, lambda tariff: (tariff.tenant, tariff.id), tariff_row, tariff_from, FRESH_S
)
DEFAULT_SHELF = Shelf[Default](
    DEFAULTS,
    lambda default: (default.tenant,),
    lambda default: (default.tenant, default.tariff),
    lambda row: Default(*row),
    FRESH_S,
)


def _plans_row(plans: StationPlans) -> Row:
    return (
        plans.station.tenant,
        plans.station.station,
        plans.counts,
        plans.installed,
        plans.is_known,
        plans.refused,
        msgspec.json.encode(plans.told).decode(),
        plans.told_at,
        msgspec.json.encode(plans.misread).decode() if plans.misread else None,
    )


def plans_from(row: Row) -> StationPlans:
    tenant, station, counts, installed, is_known, refused, told, told_at, misread = row
    return StationPlans(
        StationKey(tenant, station),
        counts,
        installed,
        is_known,
        refused,
        msgspec.json.decode(told, type=tuple[Assignment, ...]),
        told_at,
        msgspec.json.decode(misread, type=tuple[str, ...]) if misread else (),
    )


PLANS_SHELF = Shelf[StationPlans](
    STATION_PLANS,
    lambda plans: (plans.station.tenant, plans.station.station),
    _plans_row,
    plans_from,
)


class SqlStationPlanStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey) -> StationPlans | None:
        return await self._work.get(PLANS_SHELF, (station.tenant, station.station))

    async def counting(self, most: int) -> list[StationPlans]:
        query = sa.select(STATION_PLANS).where(STATION_PLANS.c.counts).limit(most)
        return await self._work.look_up(PLANS_SHELF, query)

    def save(self, plans: StationPlans) -> None:
        self._work.put(PLANS_SHELF, plans)


class SqlTariffStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, tenant: TenantId, tariff: TariffId) -> Tariff | None:
        found = await self._work.get(TARIFF_SHELF, (tenant, tariff))
        if found is None:
            return None
        return replace(found, is_default=await self.default(tenant) == tariff)

    async def revision_at(self, tariff: Tariff, at: datetime) -> Tariff:
        of_tariff = sa.and_(REVISIONS.c.tenant == tariff.tenant, REVISIONS.c.id == tariff.id)
        query = sa.select(REVISIONS).where(of_tariff).limit(1)
        since = REVISIONS.c.revised_at
        rows = await self._work.fetch(query.where(since <= at).order_by(since.desc()))
        rows = rows or await self._work.fetch(query.order_by(since))
        return revision_from(rows[0], tariff) if rows else tariff

    async def default(self, tenant: TenantId) -> TariffId | None:
        default = await self._work.get(DEFAULT_SHELF, (tenant,))
        return default.tariff if default else None

    def save(self, tariff: Tariff) -> None:
        self._work.put(TARIFF_SHELF, tariff)
        revision = (
            tariff.tenant,
            tariff.id,
            tariff.revised_at,
            tariff.revision,
            tariff.name,
            *prices_row(tariff.prices),
        )
        self._work.add(REVISIONS, revision, if_new=True)

    def remove(self, tariff: Tariff) -> None:
        self._work.remove(TARIFF_SHELF, tariff)

    async def set_default(self, tenant: TenantId, tariff: TariffId | None) -> None:
        await self.default(
            tenant
        )  # a row is read before it is written, so that its version is known
        self._work.put(DEFAULT_SHELF, Default(tenant, tariff))
