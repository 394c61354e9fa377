"""A connection that was opened for a burst was not closed, only dropped: that could not wait."""

import asyncio
import logging

import pytest
import sqlalchemy as sa

from ricarica.storage.open import open_database
from ricarica.storage.postgres import CONNECTIONS, CONNECTIONS_EXTRA, PostgresDatabase
from ricarica.testing.postgres import PostgresServer

SLEEP = sa.select(sa.func.pg_sleep(sa.bindparam("seconds", type_=sa.Float())))
OURS = (
    sa.select(sa.func.count())
    .where(sa.column("application_name") == "ricarica", sa.column("state") == "idle")
    .select_from(sa.table("pg_stat_activity"))
)


@pytest.mark.postgresql
async def test_what_a_burst_of_queries_opened_is_closed_after_it(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    database = open_database(await postgres.new_database())
    assert isinstance(database, PostgresDatabase)
    burst = CONNECTIONS + CONNECTIONS_EXTRA
    try:
        with caplog.at_level(logging.ERROR, "sqlalchemy.pool"):
            await asyncio.gather(*(database.fetch(SLEEP, {"seconds": 0.1}) for _ in range(burst)))

            [(left,)] = await database.fetch(OURS)
    finally:
        await database.close()

    assert caplog.records == []
    assert left < CONNECTIONS
