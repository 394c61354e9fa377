"""How PostgreSQL finds what is asked for every time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from ricarica.app.parts import get_acquainted
from ricarica.app.tables import metadata
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationId, StationKey, TransactionId
from ricarica.storage.database import Save
from ricarica.storage.postgres import PostgresDatabase
from ricarica.testing.postgres import PostgresServer
from ricarica.transactions.model import Transaction
from ricarica.transactions.sql import TRANSACTIONS, transaction_row

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FEW, MANY = 3, 2_000
ASKED = {"tenant": "default", "station": "CP-1", "ref": "1"}
BY_KEY = sa.select(TRANSACTIONS.c.id).where(
    *(TRANSACTIONS.c[name] == sa.bindparam(name) for name in ASKED)
)


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    database = PostgresDatabase(await postgres.new_database(), metadata)
    await database.migrate()
    yield database
    await database.close()


async def add(database: PostgresDatabase, numbers: range) -> None:
    await database.commit([Save(TRANSACTIONS, (*transaction_row(begun(n)), 1)) for n in numbers])


def begun(number: int) -> Transaction:
    return Transaction(
        StationKey(DEFAULT_TENANT, StationId(f"CP-{number}")),
        str(number),
        TransactionId(f"id {number}"),
        EvseNumber(1),
        NOON,
        NOON,
    )


def plan(connection: sa.Connection) -> str:
    """Of the query, as it is prepared on the only connection there is."""
    run = connection.exec_driver_sql
    prepared = (
        "SELECT name FROM pg_prepared_statements WHERE statement LIKE 'SELECT transactions.id %'"
    )
    name = run(prepared).scalar_one()
    values = "'default', 'CP-1', '1'"
    return "\n".join(line for (line,) in run(f"EXPLAIN EXECUTE {name} ({values})"))


async def test_what_was_planned_for_a_small_table_is_planned_anew_when_it_has_grown(
    database: PostgresDatabase,
) -> None:
    await add(database, range(FEW))
    for _ in range(8):
        assert len(await database.fetch(BY_KEY, ASKED)) == 1
    await add(database, range(FEW, MANY))

    await get_acquainted(database)
    for _ in range(8):
        assert len(await database.fetch(BY_KEY, ASKED)) == 1

    found = await database.run_sync(plan)
    assert "station = " in found.partition("Index Cond")[2].partition("Filter")[0], found


async def test_tables_are_looked_at_once(database: PostgresDatabase) -> None:
    await get_acquainted(database)  # there is nothing in them yet
    await add(database, range(FEW))
    await get_acquainted(database)
    await add(database, range(FEW, MANY))
    await get_acquainted(database)

    assert await database.run_sync(rows_known) == FEW


def rows_known(connection: sa.Connection) -> float:
    query = "SELECT reltuples FROM pg_class WHERE oid = 'transactions'::regclass"
    known: float = connection.exec_driver_sql(query).scalar_one()
    return known
