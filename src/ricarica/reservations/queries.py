"""Reading reservations for screens."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.reservations.model import OPEN, Reservation
from ricarica.reservations.sql import RESERVATIONS, reservation_from
from ricarica.storage.database import Database, Row
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

BY_END = Order(RESERVATIONS.c.expires_at, RESERVATIONS.c.number, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class ReservationFilter:
    """None: any. `open_at`: those that were still to come or held then."""

    station: StationId | None = None
    token: str | None = None
    open_at: datetime | None = None


ANY = ReservationFilter()


class ReservationQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def reservations(
        self, tenant: TenantId, which: ReservationFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[Reservation]:
        """Those that end last first."""
        query = sa.select(*RESERVATIONS.c[:-1]).where(
            RESERVATIONS.c.tenant == tenant, *_wheres(which)
        )
        return await page_of(self._database, query, BY_END, wanted, shown_from)

    async def reservation(self, station: StationKey, number: int) -> Reservation | None:
        rows = await self._database.fetch(
            sa.select(*RESERVATIONS.c[:-1]).where(
                RESERVATIONS.c.tenant == station.tenant,
                RESERVATIONS.c.station == station.station,
                RESERVATIONS.c.number == number,
            )
        )
        return shown_from(rows[0]) if rows else None


def _wheres(which: ReservationFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = RESERVATIONS.c
    if which.station is not None:
        yield columns.station == which.station
    if which.token is not None:
        yield sa.func.lower(columns.token) == which.token.strip().lower()
        yield columns.token_kind.is_distinct_from(TokenKind.KEY_CODE.value)
    if which.open_at is not None:
        yield columns.state.in_([str(state) for state in OPEN])
        yield columns.expires_at > which.open_at


def shown_from(row: Row) -> Reservation:
    """C04.FR.04"""
    known = reservation_from(row)
    return replace(known, token=TokenRef(known.token.shown, known.token.kind))
