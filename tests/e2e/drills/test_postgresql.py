"""PostgreSQL goes away, comes back, refuses, hangs, crawls; stations keep what is not stored."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from ricarica.testing.postgres import PostgresServer
from tests.e2e.drills.charging import more_acks
from tests.e2e.drills.drill import Drill, Record, drill
from tests.e2e.drills.shim import Shim, shim_to

pytestmark = [pytest.mark.postgresql, pytest.mark.slow]
LONG = pytest.mark.long
TORN_WITHIN_S = 60.0


@asynccontextmanager
async def administrator(postgres: PostgresServer) -> AsyncIterator[Callable[[str], Awaitable[str]]]:
    connection = await asyncpg.connect(postgres.url())

    async def execute(statement: str) -> str:
        return await connection.execute(statement)

    try:
        yield execute
    finally:
        await connection.close()


@pytest.mark.parametrize("mode", ["immediate", pytest.param("fast", marks=LONG)])
async def test_postgresql_is_stopped_and_started(
    mode: str, postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with drill(on_postgres, tmp_path, record_property) as held:
        await held.charge()
        await asyncio.to_thread(postgres.stop, mode)
        async with held.outage():
            await held.is_ready(503)
            await asyncio.sleep(3)
        await asyncio.to_thread(postgres.start)
        await held.recovers()
        await held.is_ready(200)

    assert held.server.faults() == []


@pytest.mark.long
async def test_postgresql_is_restarted_again_and_again(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with drill(on_postgres, tmp_path, record_property) as held:
        for _ in range(5):
            await held.charge(10)
            await asyncio.to_thread(postgres.stop)
            await asyncio.to_thread(postgres.start)
        await held.recovers()


async def test_postgresql_becomes_read_only(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with (
        drill(on_postgres, tmp_path, record_property) as held,
        administrator(postgres) as execute,
    ):
        await held.charge()
        await execute("ALTER SYSTEM SET default_transaction_read_only = on")
        await execute("SELECT pg_reload_conf()")
        async with held.outage():
            await held.is_ready(503)
            await asyncio.sleep(3)
        await execute("SET default_transaction_read_only = off")
        await execute("ALTER SYSTEM RESET default_transaction_read_only")
        await execute("SELECT pg_reload_conf()")
        await held.recovers()
        await held.is_ready(200)

    assert held.server.faults() == []


@pytest.mark.long
async def test_all_connections_are_terminated_again_and_again(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with (
        drill(on_postgres, tmp_path, record_property) as held,
        administrator(postgres) as execute,
    ):
        for _ in range(20):
            await held.charge(3)
            await execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        await held.recovers()

    assert held.server.faults() == []


@pytest.mark.long
@pytest.mark.parametrize("seconds", [5, 45])
async def test_somebody_else_locks_the_transactions(
    seconds: int,
    postgres: PostgresServer,
    on_postgres: str,
    tmp_path: Path,
    record_property: Record,
) -> None:
    """Shorter than our patience, and longer."""
    schema = on_postgres.rpartition("=")[2]
    async with (
        drill(on_postgres, tmp_path, record_property) as held,
        administrator(postgres) as execute,
    ):
        await held.charge()
        await execute("BEGIN")
        await execute(f"LOCK TABLE {schema}.transactions IN ACCESS EXCLUSIVE MODE")
        async with held.outage():
            await asyncio.sleep(seconds)
        await execute("COMMIT")
        await held.recovers()

    assert held.server.faults() == []


# Through a network between the two


@asynccontextmanager
async def through_a_shim(
    postgres: PostgresServer, url: str, folder: Path, record: Record
) -> AsyncIterator[tuple[Drill, Shim]]:
    async with (
        shim_to(("127.0.0.1", postgres.port)) as shim,
        drill(url.replace(f":{postgres.port}/", f":{shim.listening}/"), folder, record) as held,
    ):
        yield held, shim


@pytest.mark.long
@pytest.mark.parametrize(
    "delay_s, charged",
    [pytest.param(0.2, 20, id="200 ms"), pytest.param(0.5, 10, id="500 ms")],
)
async def test_a_slow_database_is_answered_late_but_truly(
    delay_s: float,
    charged: int,
    postgres: PostgresServer,
    on_postgres: str,
    tmp_path: Path,
    record_property: Record,
) -> None:
    async with through_a_shim(postgres, on_postgres, tmp_path, record_property) as (held, shim):
        await held.charge()
        shim.delay_s = delay_s
        held.figures["slow_acks_s"] = round(await more_acks(held.fleet, charged, 180), 1)
        shim.delay_s = 0.0
        await held.recovers()


@pytest.mark.long
async def test_a_database_slower_than_patience_is_an_outage(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    async with through_a_shim(postgres, on_postgres, tmp_path, record_property) as (held, shim):
        await held.charge()
        shim.delay_s = 30.0
        async with held.outage():
            await asyncio.sleep(75)
        shim.delay_s = 0.0
        await held.recovers()


@pytest.mark.long
@pytest.mark.parametrize("seconds", [5, 50])
async def test_the_line_to_the_database_goes_dead_without_a_word(
    seconds: int,
    postgres: PostgresServer,
    on_postgres: str,
    tmp_path: Path,
    record_property: Record,
) -> None:
    async with through_a_shim(postgres, on_postgres, tmp_path, record_property) as (held, shim):
        await held.charge()
        shim.go_deaf()
        async with held.outage():
            await held.is_ready(503)
            await asyncio.sleep(seconds)
        shim.hear()
        await held.recovers()


async def test_answers_of_the_database_are_torn_in_half(
    postgres: PostgresServer, on_postgres: str, tmp_path: Path, record_property: Record
) -> None:
    """Among them those to COMMIT: then nobody knows whether it was, and stations tell again."""
    async with through_a_shim(postgres, on_postgres, tmp_path, record_property) as (held, shim):
        for _ in range(20):
            shim.tears = 1
            async with asyncio.timeout(TORN_WITHIN_S):
                while shim.tears:
                    await held.charge(3)
        await held.recovers()
