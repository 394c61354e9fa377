"""What drills share, and the table that `make drills` ends with."""

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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [each for each in terminalreporter.getreports("passed") if each.when == "call"]
    drilled = [each for each in reports if dict(each.user_properties).get("lost") == 0]
    if drilled:
        terminalreporter.section("drills")
    for report in drilled:
        figures = ", ".join(f"{name} {figure}" for name, figure in report.user_properties)
        terminalreporter.write_line(f"{report.nodeid.partition('::')[2]}: {figures}")
