"""How starts that are waited for lie in the database."""

from datetime import datetime

import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId
from ricarica.storage.columns import Instant, Integer, Text, metadata
from ricarica.storage.work import Work
from ricarica.transactions.model import ExpectedStart, Transaction
from ricarica.transactions.sql.rows import TRANSACTION_SHELF
from ricarica.transactions.sql.tables import TRANSACTIONS

EXPECTED_STARTS = sa.Table(
    "expected_starts",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("number", Integer(), primary_key=True, autoincrement=False),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("due_at", Instant(), nullable=False),
    sa.Column("token", Text(), nullable=False),
    sa.Column("evse", Integer()),
    sa.Index("ix_expected_starts_due_at", "due_at"),
)


class SqlExpectedStartStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    def expect(self, expected: ExpectedStart) -> None:
        key = expected.station
        row = (
            key.tenant,
            key.station,
            expected.number,
            expected.at,
            expected.due_at,
            expected.token,
            expected.evse,
        )
        self._work.add(EXPECTED_STARTS, row, if_new=True)

    async def overdue(self, now: datetime, most: int) -> list[ExpectedStart]:
        columns = EXPECTED_STARTS.c
        due = sa.select(EXPECTED_STARTS).where(columns.due_at <= now)
        rows = await self._work.fetch(due.order_by(columns.due_at).limit(most))
        return [
            ExpectedStart(
                StationKey(TenantId(tenant), StationId(station)),
                number,
                at,
                due_at,
                token,
                None if evse is None else EvseNumber(evse),
            )
            for tenant, station, number, at, due_at, token, evse in rows
        ]

    def forget(self, expected: ExpectedStart) -> None:
        columns, key = EXPECTED_STARTS.c, expected.station
        self._work.run(
            sa.delete(EXPECTED_STARTS).where(
                columns.tenant == key.tenant,
                columns.station == key.station,
                columns.number == expected.number,
            )
        )

    async def begun_since(self, station: StationKey, since: datetime) -> list[Transaction]:
        columns = TRANSACTIONS.c
        return await self._work.find(
            TRANSACTION_SHELF,
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.started_at >= since,
        )
