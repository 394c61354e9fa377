"""How reservations lie in the database."""

from datetime import datetime

import sqlalchemy as sa

from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId, TransactionId
from ricarica.reservations.model import Reservation, ReservationState
from ricarica.storage.columns import Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

RESERVATIONS = sa.Table(
    "reservations",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("token", Text(), nullable=False),
    sa.Column("token_kind", Text()),
    sa.Column("made_at", Instant(), nullable=False),
    sa.Column("expires_at", Instant(), nullable=False),
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("connector_type", Text()),
    sa.Column("group_id", Text()),
    sa.Column("state", Text(), nullable=False),
    sa.Column("changed_at", Instant()),
    sa.Column("transaction_id", Text()),
    sa.Column("detail", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_reservations_expires_at", "tenant", "expires_at"),
)


def _row(reservation: Reservation) -> Row:
    return (
        reservation.station.tenant,
        reservation.station.station,
        reservation.number,
        reservation.token.uid,
        reservation.token.kind,
        reservation.made_at,
        reservation.expires_at,
        reservation.evse,
        reservation.connector_type,
        reservation.group,
        reservation.state,
        reservation.changed_at,
        reservation.transaction,
        reservation.detail,
    )


def reservation_from(row: Row) -> Reservation:
    tenant, station, number, uid, kind, made_at, expires_at, evse, connector_type, *rest = row
    group, state, changed_at, transaction, detail = rest
    return Reservation(
        StationKey(TenantId(tenant), StationId(station)),
        number,
        TokenRef(uid, TokenKind(kind) if kind else None),
        made_at,
        expires_at,
        EvseNumber(evse),
        connector_type,
        group,
        ReservationState(state),
        changed_at,
        TransactionId(transaction) if transaction else None,
        detail,
    )


SHELF = Shelf[Reservation](
    RESERVATIONS,
    lambda each: (each.station.tenant, each.station.station, each.number),
    _row,
    reservation_from,
    is_over=lambda each: not each.is_open,
    remembered_max=20_000,  # one in ten stations of a large network
)


class SqlReservationStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, station: StationKey, number: int) -> Reservation | None:
        return await self._work.get(SHELF, (station.tenant, station.station, number))

    async def open_at(
        self, station: StationKey, evse: EvseNumber, at: datetime
    ) -> list[Reservation]:
        columns = RESERVATIONS.c
        found = await self._work.find(
            SHELF,
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.evse == evse,
            sa.or_(
                columns.state == ReservationState.HELD,
                sa.and_(columns.state == ReservationState.ASKED, columns.expires_at > at),
            ),
        )
        return [each for each in found if each.is_open]

    def save(self, reservation: Reservation) -> None:
        self._work.put(SHELF, reservation)
