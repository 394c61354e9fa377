"""Reading stations, their connectors and their sites for screens."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, SiteId, StationId, StationKey, TariffId, TenantId
from ricarica.stations.availability import WantedAvailability
from ricarica.stations.model import Acceptance, Connector, Site, Station, label_of
from ricarica.stations.sql import (
    AVAILABILITY,
    CONNECTORS,
    SITES,
    STATIONS,
    connector_from,
    folded,
    site_from,
    station_from,
    wanted_from,
)
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

BY_IDENTITY = Order(STATIONS.c.folded, STATIONS.c.station)
BY_ARRIVAL = Order(STATIONS.c.registered_at, STATIONS.c.station, is_time=True)
BY_NAME = Order(SITES.c.name, SITES.c.id)
IN_SITE = sa.and_(SITES.c.tenant == STATIONS.c.tenant, SITES.c.id == STATIONS.c.site)


@dataclass(frozen=True, slots=True)
class StationFilter:
    """None: any. `text` is looked for in identity, name, vendor, model, serial and labels."""

    text: str | None = None
    site: SiteId | None = None
    acceptance: Acceptance | None = None
    connected: bool | None = None
    dialect: str | None = None
    label: str | None = None


ANY = StationFilter()


@dataclass(frozen=True, slots=True)
class StationView:
    """A station with its connectors. Its secret is left out; whether it has one is not."""

    station: Station
    has_password: bool
    site: Site | None
    connectors: tuple[Connector, ...]  # by EVSE and number; (0, 0) is the station as a whole
    awaits_password: bool = False  # it was given a new one, and has not come with it yet

    @property
    def evses(self) -> Mapping[EvseNumber, tuple[Connector, ...]]:
        """Its connectors by EVSE, without the station as a whole."""
        by_evse = groupby(self.connectors, key=lambda connector: connector.evse)
        return {evse: tuple(connectors) for evse, connectors in by_evse if evse}

    @property
    def whole(self) -> Connector | None:
        return next((connector for connector in self.connectors if not connector.evse), None)


@dataclass(frozen=True, slots=True)
class SiteView:
    site: Site
    stations: int
    connected: int


@dataclass(frozen=True, slots=True)
class StationCounts:
    """`connected` counts by dialect; pending and blocked stations are in none of the others."""

    accepted: int
    pending: int
    blocked: int
    connected: Mapping[str, int]

    @property
    def online(self) -> int:
        return sum(self.connected.values())


class StationQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def stations(
        self,
        tenant: TenantId,
        filter_: StationFilter = ANY,
        wanted: Wanted = FIRST,
        *where: sa.ColumnElement[bool],
    ) -> Page[StationView]:
        """By identity."""
        query = _stations(tenant).where(*_wheres(filter_), *where)
        return await self._page(tenant, query, BY_IDENTITY, wanted)

    async def pending(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[StationView]:
        """The inbox: those that wait for approval, the first to come first."""
        query = _stations(tenant).where(STATIONS.c.acceptance == Acceptance.PENDING)
        return await self._page(tenant, query, BY_ARRIVAL, wanted)

    async def station(self, tenant: TenantId, identity: str) -> StationView | None:
        """By its identity in any case."""
        rows = await self._database.fetch(
            _stations(tenant).where(STATIONS.c.folded == folded(identity))
        )
        if not rows:
            return None
        [view] = await self._with_connectors(tenant, [_read(rows[0])])
        return view

    async def sites(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[SiteView]:
        """By name."""
        return await page_of(self._database, _sites(tenant), BY_NAME, wanted, _read_site)

    async def site(self, tenant: TenantId, site: SiteId) -> SiteView | None:
        rows = await self._database.fetch(_sites(tenant).where(SITES.c.id == site))
        return _read_site(rows[0]) if rows else None

    async def counts(self, tenant: TenantId) -> StationCounts:
        rows = await self._database.fetch(
            sa.select(
                STATIONS.c.acceptance, STATIONS.c.connected, STATIONS.c.dialect, sa.func.count()
            )
            .where(STATIONS.c.tenant == tenant)
            .group_by(STATIONS.c.acceptance, STATIONS.c.connected, STATIONS.c.dialect)
        )
        return _counts(rows)

    async def profile_counts(self, tenant: TenantId) -> list[tuple[int | None, int]]:
        """Accepted stations by security profile; None: whatever they come with."""
        rows = await self._database.fetch(
            sa.select(STATIONS.c.security_profile, sa.func.count())
            .where(STATIONS.c.tenant == tenant, STATIONS.c.acceptance == Acceptance.ACCEPTED)
            .group_by(STATIONS.c.security_profile)
            .order_by(STATIONS.c.security_profile)
        )
        return [(profile, int(count)) for profile, count in rows]

    async def pending_count(self, tenant: TenantId) -> int:
        """How many wait for approval."""
        [(count,)] = await self._database.fetch(
            sa.select(sa.func.count()).where(
                STATIONS.c.tenant == tenant, STATIONS.c.acceptance == Acceptance.PENDING
            )
        )
        return int(count)

    async def tariffs_chosen(self, tenant: TenantId) -> dict[TariffId | None, int]:
        """Stations by the tariff chosen for them or for their site; None: the default."""
        chosen = sa.func.coalesce(STATIONS.c.tariff, SITES.c.tariff)
        columns: list[sa.ColumnElement[Any]] = [chosen, sa.func.count()]
        rows = await self._database.fetch(
            sa.select(*columns)
            .select_from(STATIONS.outerjoin(SITES, IN_SITE))
            .where(STATIONS.c.tenant == tenant, STATIONS.c.acceptance == Acceptance.ACCEPTED)
            .group_by(chosen)
        )
        return dict(rows)

    async def connectors(
        self, tenant: TenantId, stations: Sequence[StationId]
    ) -> dict[StationId, tuple[Connector, ...]]:
        """Of each station that has told of any, by EVSE and number."""
        if not stations:
            return {}
        rows = await self._database.fetch(
            sa.select(*CONNECTORS.c[:-1])
            .where(CONNECTORS.c.tenant == tenant, CONNECTORS.c.station.in_(stations))
            .order_by(CONNECTORS.c.station, CONNECTORS.c.evse, CONNECTORS.c.connector)
        )
        by_station = groupby(map(connector_from, rows), key=lambda c: c.station.station)
        return {station: tuple(connectors) for station, connectors in by_station}

    async def availability(self, station: StationKey) -> list[WantedAvailability]:
        """What was wanted in service and out of it, by place."""
        rows = await self._database.fetch(
            sa.select(*AVAILABILITY.c[:-1])
            .where(
                AVAILABILITY.c.tenant == station.tenant,
                AVAILABILITY.c.station == station.station,
            )
            .order_by(AVAILABILITY.c.evse, AVAILABILITY.c.connector)
        )
        return [wanted_from(row) for row in rows]

    async def _page(
        self, tenant: TenantId, query: sa.Select[Any], order: Order, wanted: Wanted
    ) -> Page[StationView]:
        page = await page_of(self._database, query, order, wanted, _read)
        return Page(tuple(await self._with_connectors(tenant, page.items)), page.next)

    async def _with_connectors(
        self, tenant: TenantId, views: Sequence[StationView]
    ) -> list[StationView]:
        stations = [view.station.key.station for view in views]
        connectors = await self.connectors(tenant, stations)
        return [
            replace(view, connectors=connectors.get(station, ()))
            for view, station in zip(views, stations, strict=True)
        ]


def _stations(tenant: TenantId) -> sa.Select[Any]:
    return (
        sa.select(*STATIONS.c[:-1], *SITES.c[:-1])
        .select_from(STATIONS.outerjoin(SITES, IN_SITE))
        .where(STATIONS.c.tenant == tenant)
    )


def _read(row: Row) -> StationView:
    width = len(STATIONS.c) - 1
    station, site = station_from(row[:width]), row[width:]
    return StationView(
        replace(station, secret=None, pending_secret=None),
        has_password=station.secret is not None,
        site=site_from(site) if site[0] is not None else None,
        connectors=(),
        awaits_password=station.pending_secret is not None,
    )


def _wheres(filter_: StationFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = STATIONS.c
    if filter_.text:
        text = filter_.text.strip().casefold()
        yield sa.or_(
            columns.folded.contains(text, autoescape=True),
            *(
                sa.func.lower(column).contains(text, autoescape=True)
                for column in (
                    columns.name,
                    columns.vendor,
                    columns.model,
                    columns.serial,
                    columns.labels,
                )
            ),
        )
    if filter_.site is not None:
        yield columns.site == filter_.site
    if filter_.acceptance is not None:
        yield columns.acceptance == filter_.acceptance
    if filter_.connected is not None:
        yield columns.connected == filter_.connected
    if filter_.dialect is not None:
        yield columns.dialect == filter_.dialect
    if filter_.label:
        yield columns.labels.contains(f",{label_of(filter_.label)},", autoescape=True)


def _sites(tenant: TenantId) -> sa.Select[Any]:
    connected = sa.func.sum(sa.case((STATIONS.c.connected, 1), else_=0))
    counted = (
        sa.select(STATIONS.c.site, sa.func.count().label("stations"), connected.label("connected"))
        .where(STATIONS.c.tenant == tenant)
        .group_by(STATIONS.c.site)
        .subquery()
    )
    return (
        sa.select(*SITES.c[:-1], counted.c.stations, counted.c.connected)
        .select_from(SITES.outerjoin(counted, counted.c.site == SITES.c.id))
        .where(SITES.c.tenant == tenant)
    )


def _read_site(row: Row) -> SiteView:
    *site, stations, connected = row
    return SiteView(site_from(tuple(site)), int(stations or 0), int(connected or 0))


def _counts(rows: Iterable[Row]) -> StationCounts:
    by_acceptance = dict.fromkeys(Acceptance, 0)
    connected: dict[str, int] = {}
    for acceptance, is_connected, dialect, count in rows:
        by_acceptance[Acceptance(acceptance)] += count
        if is_connected and acceptance == Acceptance.ACCEPTED:
            connected[dialect or ""] = connected.get(dialect or "", 0) + count
    return StationCounts(
        by_acceptance[Acceptance.ACCEPTED],
        by_acceptance[Acceptance.PENDING],
        by_acceptance[Acceptance.BLOCKED],
        connected,
    )
