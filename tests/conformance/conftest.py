from collections.abc import AsyncIterator

import pytest

from ricarica.testing.world import World
from tests.conformance.peer import quiet_world


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with quiet_world() as each:
        yield each
