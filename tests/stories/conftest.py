from collections.abc import AsyncIterator

import pytest

from ricarica.ocpp.dialects import DIALECTS, Dialect
from ricarica.testing.world import World, world


@pytest.fixture
async def network() -> AsyncIterator[World]:
    async with world() as each:
        yield each


@pytest.fixture(params=DIALECTS, ids=str)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Every story is told once and holds in every dialect."""
    chosen: Dialect = request.param
    return chosen
