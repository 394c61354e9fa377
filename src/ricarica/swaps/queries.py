"""Reading swaps and batteries for screens."""

from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa
from msgspec.structs import replace

from ricarica.authorization.model import TokenKind, shown_uid
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId
from ricarica.stations.sql import CONNECTORS
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of
from ricarica.swaps.model import HeldBattery, Swap, SwapState
from ricarica.swaps.sql import (
    BATTERIES,
    SWAP_STATIONS,
    SWAPS,
    held_from,
    swap_from,
)

NEWEST_FIRST = Order(SWAPS.c.began_at, SWAPS.c.id, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class SwapFilter:
    station: StationId | None = None
    state: SwapState | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """`status` is that of its connector, as the station tells it; None: it did not."""

    evse: EvseNumber
    status: str | None = None
    held: HeldBattery | None = None


ANY = SwapFilter()


class SwapQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def swaps(
        self, tenant: TenantId, filter_: SwapFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[Swap]:
        """The latest first."""
        columns = SWAPS.c
        query = sa.select(*columns[:-1]).where(columns.tenant == tenant)
        if filter_.station is not None:
            query = query.where(columns.station == filter_.station)
        if filter_.state is not None:
            query = query.where(columns.state == filter_.state)
        if filter_.token is not None:
            is_no_code = columns.token_kind.is_distinct_from(TokenKind.KEY_CODE.value)
            query = query.where(
                sa.func.lower(columns.token) == filter_.token.casefold(), is_no_code
            )
        return await page_of(self._database, query, NEWEST_FIRST, wanted, shown_from)

    async def swap(self, tenant: TenantId, swap: str) -> Swap | None:
        query = sa.select(*SWAPS.c[:-1]).where(SWAPS.c.tenant == tenant, SWAPS.c.id == swap)
        rows = await self._database.fetch(query)
        return shown_from(rows[0]) if rows else None

    async def batteries_at(self, station: StationKey) -> list[HeldBattery]:
        """By slot."""
        columns = BATTERIES.c
        query = sa.select(*columns[:-1]).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        return [held_from(row) for row in await self._database.fetch(query.order_by(columns.evse))]

    async def slots(self, station: StationKey) -> list[Slot]:
        """Every slot that the station told of, with what lies in it."""
        columns = CONNECTORS.c
        query = sa.select(columns.evse, columns.status).where(
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.evse > 0,
        )
        rows = await self._database.fetch(query)
        statuses: dict[EvseNumber, str] = {EvseNumber(row[0]): row[1] for row in rows}
        held = {each.battery.evse: each for each in await self.batteries_at(station)}
        numbers = sorted({*statuses, *held})
        return [Slot(n, statuses.get(n), held.get(n)) for n in numbers]

    async def capacity_wh(self, station: StationKey) -> Decimal | None:
        columns = SWAP_STATIONS.c
        query = sa.select(columns.capacity_wh).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        rows = await self._database.fetch(query)
        return rows[0][0] if rows else None

    async def has_swapped(self, station: StationKey) -> bool:
        """Whether it is one of those stations."""
        columns = SWAPS.c
        query = sa.select(columns.id).where(
            columns.tenant == station.tenant, columns.station == station.station
        )
        return bool(await self._database.fetch(query.limit(1)))


def shown_from(row: Row) -> Swap:
    """C04.FR.04"""
    swap = swap_from(row)
    return replace(swap, token=shown_uid(swap.token, swap.token_kind)) if swap.token else swap
