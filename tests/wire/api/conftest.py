from collections.abc import AsyncIterator

import httpx
import pytest

from ricarica.access.model import Role
from ricarica.app.wiring import Parts, running_node
from ricarica.testing.tables import empty_database
from tests.wire.api.house import Api


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with (
        empty_database() as database,
        running_node(Parts(database, through_bytes=True)) as node,
    ):
        yield Api(node)


@pytest.fixture
async def admin(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with await api.client_as(Role.ADMIN) as client:
        yield client


@pytest.fixture
async def viewer(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    async with await api.client_as(Role.VIEWER) as client:
        yield client
