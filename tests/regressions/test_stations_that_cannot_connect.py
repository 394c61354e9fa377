"""Stations were prepared under names with which the stations' door lets nobody in."""

import pytest

from ricarica.access.model import Role
from ricarica.app.wiring import Parts, running_node
from ricarica.kernel.errors import InvalidError
from ricarica.station_gateway.identity import address_from
from ricarica.testing.tables import empty_database
from tests.wire.api.house import Api


@pytest.mark.parametrize("name", ["%20", "CP%3A1", "%20CP1", "CP1%20", "%00", "a%5Cb", "x" * 256])
async def test_what_the_door_does_not_take_cannot_be_prepared(name: str) -> None:
    with pytest.raises(InvalidError):
        address_from(f"/{name}")

    assert await _status_of(name) == 422


@pytest.mark.parametrize("name", ["CP1", "CP%201", "%C3%84-1", "a%7Cb", "CP.1", "x" * 255])
async def test_what_the_door_takes_can_be_prepared(name: str) -> None:
    assert address_from(f"/{name}").identity

    assert await _status_of(name) == 200


async def _status_of(name: str) -> int:
    async with empty_database() as database, running_node(Parts(database)) as node:
        admin = await Api(node).client_as(Role.ADMIN)
        prepared = await admin.put(f"/stations/{name}", json={})
        await admin.aclose()
    return prepared.status_code
