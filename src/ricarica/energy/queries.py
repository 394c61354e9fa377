"""Reading limits, profiles, needs and controls of the grid for screens."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
from msgspec.structs import replace

from ricarica.energy.composite import Placed
from ricarica.energy.der import DerAlarm, HeldControl
from ricarica.energy.evses import EvseEnergy
from ricarica.energy.holding import placed_in
from ricarica.energy.model import ExternalLimit, Held, Rule
from ricarica.energy.sql import (
    ALARM_SHELF,
    ALARMS,
    CONTROL_SHELF,
    CONTROLS,
    EVSE_SHELF,
    EVSES,
    LIMIT_SHELF,
    LIMITS,
    PROFILE_SHELF,
    PROFILES,
    RULE_SHELF,
    RULES,
    of_station,
)
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.storage.database import Database
from ricarica.storage.shelf import Shelf
from ricarica.transactions.sql import TRANSACTIONS

E = TypeVar("E")

STATIONS_MAX = 500  # a page of those where something is under way
RULES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class StationEnergy:
    """All that is known of one station."""

    profiles: list[Held]
    limits: list[ExternalLimit]
    evses: list[EvseEnergy]
    controls: list[HeldControl]
    alarms: list[DerAlarm]

    @property
    def placed(self) -> list[Placed]:
        return placed_in(self.profiles, self.limits)


@dataclass(frozen=True, slots=True)
class Summary:
    """A station in the list of those where something limits, or is asked for."""

    station: StationId
    profiles: int = 0
    out_of_step: int = 0
    limits: int = 0
    critical: bool = False
    controls: int = 0
    alarms: int = 0
    with_priority: int = 0
    needs_at: datetime | None = None


# K02.FR.05: a transaction's profile is gone with it, whenever it is cleared away here.
LASTING = sa.or_(
    PROFILES.c.ref.is_(None),
    sa.exists().where(
        TRANSACTIONS.c.tenant == PROFILES.c.tenant,
        TRANSACTIONS.c.station == PROFILES.c.station,
        TRANSACTIONS.c.ref == PROFILES.c.ref,
        TRANSACTIONS.c.ended_at.is_(None),
    ),
)


# K21: a transaction goes before others for as long as it runs; whether it does is not told again.
FIRST = sa.and_(
    EVSES.c.has_priority,
    sa.exists().where(
        TRANSACTIONS.c.tenant == EVSES.c.tenant,
        TRANSACTIONS.c.station == EVSES.c.station,
        TRANSACTIONS.c.ref == EVSES.c.ref,
        TRANSACTIONS.c.ended_at.is_(None),
    ),
)


class EnergyQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def station(self, station: StationKey, now: datetime) -> StationEnergy:
        controls = await self._all(CONTROL_SHELF, *of_station(CONTROLS, station))
        profiles = await self._all(PROFILE_SHELF, *of_station(PROFILES, station), LASTING)
        return StationEnergy(
            sorted(profiles, key=lambda held: (held.evse, held.purpose, held.id)),
            await self._all(LIMIT_SHELF, *of_station(LIMITS, station)),
            await self._at_evses(station),
            [held for held in controls if not held.control.is_over(now)],
            await self._all(ALARM_SHELF, *of_station(ALARMS, station)),
        )

    async def _at_evses(self, station: StationKey) -> list[EvseEnergy]:
        where = of_station(EVSES, station)
        rows = await self._database.fetch(sa.select(EVSES.c.evse).where(*where, FIRST))
        first = {evse for (evse,) in rows}
        known = await self._all(EVSE_SHELF, *where)
        return [replace(each, has_priority=each.evse in first) for each in known]

    async def rules(self, tenant: TenantId, station: StationId | None = None) -> list[Rule]:
        where = [RULES.c.tenant == tenant]
        if station is not None:
            where.append(RULES.c.station.in_(["", station]))
        query = sa.select(RULES).where(*where).order_by(RULES.c.station)
        rows = await self._database.fetch(query.limit(RULES_MAX))
        return [RULE_SHELF.read(row[:-1]) for row in rows]

    async def overview(self, tenant: TenantId) -> list[Summary]:
        """Stations with anything to show, those that need somebody first."""
        found: dict[str, dict[str, Any]] = {}
        for part in (self._profiles, self._limits, self._evses, self._controls, self._alarms):
            for station, told in (await part(tenant)).items():
                found.setdefault(station, {}).update(told)
        summaries = [Summary(StationId(station), **told) for station, told in found.items()]
        return sorted(summaries, key=_urgency)[:STATIONS_MAX]

    async def _profiles(self, tenant: TenantId) -> dict[str, dict[str, Any]]:
        table = PROFILES
        missing = sa.case(
            (sa.and_(table.c.wanted.is_not(None), table.c.held.is_(None)), 1),
            (sa.and_(table.c.unwanted, table.c.held.is_not(None)), 1),
            else_=0,
        )
        query = sa.select(table.c.station, sa.func.count(), sa.func.sum(missing))
        rows = await self._counted(query, table, tenant, LASTING)
        return {row[0]: {"profiles": row[1], "out_of_step": int(row[2] or 0)} for row in rows}

    async def _limits(self, tenant: TenantId) -> dict[str, dict[str, Any]]:
        critical = sa.func.max(sa.case((LIMITS.c.is_grid_critical, 1), else_=0))
        query = sa.select(LIMITS.c.station, sa.func.count(), critical)
        rows = await self._counted(query, LIMITS, tenant, LIMITS.c.cleared_at.is_(None))
        return {row[0]: {"limits": row[1], "critical": bool(row[2])} for row in rows}

    async def _evses(self, tenant: TenantId) -> dict[str, dict[str, Any]]:
        first = sa.func.sum(sa.case((FIRST, 1), else_=0))
        query = sa.select(EVSES.c.station, first, sa.func.max(EVSES.c.needs_at))
        rows = await self._counted(query, EVSES, tenant)
        return {row[0]: {"with_priority": int(row[1] or 0), "needs_at": row[2]} for row in rows}

    async def _controls(self, tenant: TenantId) -> dict[str, dict[str, Any]]:
        query = sa.select(CONTROLS.c.station, sa.func.count())
        rows = await self._counted(query, CONTROLS, tenant, CONTROLS.c.held)
        return {row[0]: {"controls": row[1]} for row in rows}

    async def _alarms(self, tenant: TenantId) -> dict[str, dict[str, Any]]:
        query = sa.select(ALARMS.c.station, sa.func.count())
        rows = await self._counted(query, ALARMS, tenant, ALARMS.c.ended_at.is_(None))
        return {row[0]: {"alarms": row[1]} for row in rows}

    async def _counted(
        self,
        query: sa.Select[Any],
        table: sa.Table,
        tenant: TenantId,
        *where: sa.ColumnElement[bool],
    ) -> Iterable[tuple[Any, ...]]:
        grouped = query.where(table.c.tenant == tenant, *where).group_by(table.c.station)
        return await self._database.fetch(grouped)

    async def _all(self, shelf: Shelf[E], *where: sa.ColumnElement[bool]) -> list[E]:
        order = shelf.table.primary_key.columns
        rows = await self._database.fetch(sa.select(shelf.table).where(*where).order_by(*order))
        return [shelf.read(row[:-1]) for row in rows]


def _urgency(summary: Summary) -> tuple[bool, bool, bool, str]:
    return (
        not summary.alarms,
        not summary.critical,
        not summary.out_of_step,
        summary.station,
    )
