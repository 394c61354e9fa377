"""Reading security events and networks for screens."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from ricarica.kernel.ids import StationKey, TenantId
from ricarica.security.model import USUAL, NetworkProfile, SecurityEvent, StationNetworks
from ricarica.security.sql import (
    EVENTS,
    NETWORKS,
    PROFILES,
    event_from,
    networks_from,
    profile_from,
)
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

NEWEST_FIRST = Order(EVENTS.c.received_at, EVENTS.c.id, descending=True, is_time=True)
TO_LOOK_AFTER = sa.and_(
    EVENTS.c.is_critical,
    EVENTS.c.kind.not_in(sorted(USUAL)),
    EVENTS.c.acknowledged_at.is_(None),
)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """None: any. `open`: critical, not of the usual kinds, and nobody has looked at it."""

    station: str | None = None
    kind: str | None = None
    is_critical: bool | None = None
    open: bool = False


ANY = EventFilter()


class SecurityQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def events(
        self, tenant: TenantId, filter_: EventFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[SecurityEvent]:
        """The latest first."""
        query = sa.select(*EVENTS.c[:-1]).where(EVENTS.c.tenant == tenant, *_wheres(filter_))
        return await page_of(self._database, query, NEWEST_FIRST, wanted, event_from)

    async def kinds(self, tenant: TenantId) -> list[str]:
        """Those that were told, by name."""
        rows = await self._database.fetch(
            sa.select(EVENTS.c.kind)
            .where(EVENTS.c.tenant == tenant)
            .group_by(EVENTS.c.kind)
            .order_by(EVENTS.c.kind)
        )
        return [kind for (kind,) in rows]

    async def open_count(self, tenant: TenantId) -> int:
        [(count,)] = await self._database.fetch(
            sa.select(sa.func.count()).where(EVENTS.c.tenant == tenant, TO_LOOK_AFTER)
        )
        return int(count)

    async def profiles(self, tenant: TenantId) -> list[NetworkProfile]:
        """By name, without their secrets."""
        rows = await self._database.fetch(
            sa.select(*PROFILES.c[:-1]).where(PROFILES.c.tenant == tenant).order_by(PROFILES.c.name)
        )
        return [profile_from(row) for row in rows]

    async def profile(self, tenant: TenantId, name: str) -> NetworkProfile | None:
        rows = await self._database.fetch(
            sa.select(*PROFILES.c[:-1]).where(PROFILES.c.tenant == tenant, PROFILES.c.name == name)
        )
        return profile_from(rows[0]) if rows else None

    async def networks(self, station: StationKey) -> StationNetworks:
        rows = await self._database.fetch(
            sa.select(*NETWORKS.c[:-1]).where(
                NETWORKS.c.tenant == station.tenant, NETWORKS.c.station == station.station
            )
        )
        return networks_from(rows[0]) if rows else StationNetworks(station)


def _wheres(filter_: EventFilter) -> Iterator[sa.ColumnElement[Any]]:
    if filter_.station is not None:
        yield EVENTS.c.station == filter_.station
    if filter_.kind is not None:
        yield EVENTS.c.kind == filter_.kind
    if filter_.is_critical is not None:
        yield EVENTS.c.is_critical == filter_.is_critical
    if filter_.open:
        yield TO_LOOK_AFTER
