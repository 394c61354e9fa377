"""What drills share; the table that they end with is made in `tests/conftest.py`."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from ricarica.testing.postgres import PostgresServer, postgres_server


@pytest.fixture(scope="session")
def shared_postgres() -> Iterator[PostgresServer]:
    """For drills that leave PostgreSQL alone."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """For drills that break it. What it commits is on the disk."""
    with postgres_server(durable=True) as server:
        yield server


@pytest_asyncio.fixture
async def on_postgres(postgres: PostgresServer) -> AsyncIterator[str]:
    yield await postgres.new_database()
