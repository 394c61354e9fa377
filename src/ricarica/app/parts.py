"""Parts of tables are made before they are needed, and thrown away when they are old."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from ricarica.app.retention import Retention
from ricarica.engine.sql import MESSAGES
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import RicaricaError
from ricarica.storage.partitions import (
    LOCK,
    Partitioned,
    Step,
    add,
    drop,
    empty_default,
    missing,
    outdated,
    parts_of,
)
from ricarica.transactions.sql import SAMPLES

if TYPE_CHECKING:
    from ricarica.storage.postgres import PostgresDatabase

TEND_EVERY = timedelta(hours=1)
NEW_EVERY_S, NEW_LOOKS = 5.0, 12  # for a minute
NEW_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
        AND reltuples < 0 AND pg_relation_size(oid) > 0
"""
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger("ricarica.parts")


def number_at(at: datetime) -> str:
    """The least number that a message of this moment can have, see `RandomIds.event`."""
    return str(((at - EPOCH) // MILLISECOND) << 20)


def time_of(number: str) -> datetime:
    return EPOCH + (int(number) >> 20) * MILLISECOND


MESSAGE_PARTS = Partitioned(MESSAGES, Step.DAY, number_at, time_of)
SAMPLE_PARTS = Partitioned(SAMPLES, Step.MONTH)


async def keep(database: "PostgresDatabase", clock: Clock, retention: Retention) -> None:
    """Until cancelled. Any number of nodes may do so."""
    await _attempt(tend(database, clock.now(), retention))
    for _ in range(NEW_LOOKS):
        await asyncio.sleep(NEW_EVERY_S)
        await _attempt(get_acquainted(database))
    while True:
        await asyncio.sleep(TEND_EVERY.total_seconds())
        await _attempt(tend(database, clock.now(), retention))


async def _attempt(work: Awaitable[None]) -> None:
    try:
        await work
    except (RicaricaError, RuntimeError) as error:
        # Stations need not care: what has no part lies in the default one until the next time.
        log.warning("parts.failed", error=str(error))


async def get_acquainted(database: "PostgresDatabase") -> None:
    """Let PostgreSQL look at tables that it knows nothing of.

    All indexes begin with the tenant. Until it knows that there is one tenant only, it takes
    that for as good a key as any, and looks at all rows for each one that is wanted. By itself it
    has a look within a minute; a hundred thousand stations may have come by then.
    """
    await database.change_schema(_analyse_new)


def _analyse_new(connection: sa.Connection) -> None:
    for name in connection.exec_driver_sql(NEW_TABLES).scalars().all():
        connection.exec_driver_sql(f'ANALYZE "{name}"')
        connection.commit()


async def tend(database: "PostgresDatabase", now: datetime, retention: Retention) -> None:
    """Make what will be needed, and throw away what is too old."""
    await database.change_schema(lambda connection: _tend(connection, now, retention))


def _tend(connection: sa.Connection, now: datetime, retention: Retention) -> None:
    if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(LOCK))):
        return  # another node does it
    connection.commit()
    failed = None
    for step in _steps(connection, now, retention):
        try:
            step()
            connection.commit()
        except sa.exc.DBAPIError as error:  # nothing depends on what failed
            connection.rollback()
            failed = error
    if failed:
        raise failed


def _steps(
    connection: sa.Connection, now: datetime, retention: Retention
) -> Iterator[Callable[[], None]]:
    for partitioned, kept in (
        (MESSAGE_PARTS, retention.messages),
        (SAMPLE_PARTS, retention.readings),
    ):
        parts = parts_of(connection, partitioned.table)
        # In the later ones nobody writes yet, so that they cost nothing.
        for begin in reversed(list(missing(partitioned, parts, now))):
            yield partial(add, connection, partitioned, begin)
        for name in outdated(partitioned, parts, now - kept):
            yield partial(_drop, connection, name)
    # Readings lie there by clocks of stations, and one that stands at 2001 has told them today.
    yield partial(empty_default, connection, MESSAGE_PARTS, now - retention.messages)


def _drop(connection: sa.Connection, name: str) -> None:
    drop(connection, name)
    log.info("parts.dropped", part=name)
