"""Two nodes behind a load balancer: one dies, one is restarted, NATS goes away."""

from pathlib import Path

import pytest

from ricarica.testing.postgres import PostgresServer
from tests.e2e.drills.charging import more_acks
from tests.e2e.drills.cluster import cluster
from tests.e2e.drills.drill import Record

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]
LONG = pytest.mark.long


@pytest.fixture
async def url(shared_postgres: PostgresServer) -> str:
    return await shared_postgres.new_database()


@pytest.mark.long
async def test_without_nats_charging_goes_on_and_commands_come_back_with_it(
    url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        await more_acks(held.fleet, 20, 60)
        await held.obeys()
        held.nats.stop()
        held.figures["meanwhile_s"] = round(await more_acks(held.fleet, 60), 1)
        held.nats.start()
        await held.obeys()
        await held.recovers()
        assert [client.connections for client in held.fleet.clients] == [1] * 10


@pytest.mark.parametrize("times", [1, pytest.param(10, marks=LONG)])
async def test_the_stations_of_a_node_that_dies_charge_on_at_the_other(
    times: int, url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        for number in range(times):
            await more_acks(held.fleet, 20, 60)
            dying = held.nodes[number % 2]
            await dying.kill()
            await held.recovers("back_without_it_s")
            await dying.start()
        await held.recovers()
        await held.obeys()
        held.figures["kills"] = times


@pytest.mark.long
@pytest.mark.parametrize("times", [10])
async def test_nodes_are_restarted_one_after_the_other(
    times: int, url: str, tmp_path: Path, record_property: Record
) -> None:
    async with cluster(url, tmp_path, record_property) as held:
        for number in range(times):
            await more_acks(held.fleet, 20, 60)
            leaving = held.nodes[number % 2]
            await leaving.stop()
            await held.recovers("back_without_it_s")
            await leaving.start()
        await held.recovers()
        await held.obeys()
        held.figures["restarts"] = times
