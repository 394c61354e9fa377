"""OPTIONS, which browsers send before they ask from elsewhere, broke every path of the API."""

import httpx
import pytest

from ricarica.app.wiring import Parts, running_node
from ricarica.testing.tables import empty_database
from tests.wire.api.house import Api


@pytest.mark.parametrize("path", ["/stations", "/stations/CP-1", "/tokens"])
async def test_whoever_asks_for_the_methods_of_a_path_is_told(path: str) -> None:
    async with empty_database() as database, running_node(Parts(database)) as node:
        stranger: httpx.AsyncClient = Api(node).client()
        told = await stranger.options(path)
        await stranger.aclose()

    assert told.status_code == 204
    assert "GET" in told.headers["allow"]
