"""The whole of `ricarica serve` with a few simulated stations, and a real browser before it."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from ricarica.access.model import Role
from tests.e2e.web.network import ARGUMENTS, Network, chromium, network_of
from tests.e2e.web.visits import Visit


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def network(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Network]:
    async with network_of(tmp_path_factory.mktemp("network")) as network:
        yield network


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as player:
        browser = await player.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def stranger(network: Network, browser: Browser) -> AsyncIterator[Page]:
    """Nobody is logged in."""
    async with Visit(network, browser) as visit:
        yield visit.page


@pytest_asyncio.fixture(loop_scope="session")
async def admin(network: Network, browser: Browser) -> AsyncIterator[Page]:
    async with Visit(network, browser, Role.ADMIN) as visit:
        yield visit.page


@pytest_asyncio.fixture(loop_scope="session")
async def viewer(network: Network, browser: Browser) -> AsyncIterator[Page]:
    async with Visit(network, browser, Role.VIEWER) as visit:
        yield visit.page
