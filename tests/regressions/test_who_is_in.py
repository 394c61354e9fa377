"""What went wrong, or could have, with who is connected and as what."""

from typing import Any

import pytest

from ricarica.link.letters import Verdict
from ricarica.ocpp.dialects import V16, V201
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.model import Acceptance, UnknownStations
from ricarica.stations.service import Preparation
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.testing.world import World, key_of, world


async def prepare(network: World, station: SimulatedStation, **said: Any) -> None:
    key = key_of(station)
    await network.carry_out(
        lambda slices: slices.stations.prepare(key, Preparation(**said), slices.now)
    )
    await network.settle()


def is_connected(network: World, station: SimulatedStation) -> bool:
    return network.connected(key_of(station)) is not None


async def test_nobody_makes_a_tenant_by_naming_one_in_an_address() -> None:
    async with world(unknown=UnknownStations.PENDING) as network:
        knock = network.knock("CP-1", "ocpp1.6", tenant="invented")

        admission = await network._soon(network.engine.admit(knock))

        assert admission.verdict is Verdict.UNAUTHORIZED
        assert await network.database.fetch(STATIONS.select()) == []


@pytest.mark.parametrize(
    "said",
    [
        {"acceptance": Acceptance.BLOCKED},
        {"password": "another-password-1"},
        {"security_profile": 1},
        {"security_profile": 2},
    ],
    ids=str,
)
async def test_a_connection_ends_with_what_let_it_in(said: dict[str, Any]) -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V16)

        await prepare(network, station, **said)

        assert not is_connected(network, station)


@pytest.mark.parametrize(
    "said", [{"name": "By the gate"}, {"security_profile": 0}, {"pedantic": True}], ids=str
)
async def test_a_connection_outlives_what_has_nothing_to_do_with_it(said: dict[str, Any]) -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V16)

        await prepare(network, station, **said)

        assert is_connected(network, station)


async def test_a_removed_station_loses_its_connection_and_its_connectors() -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V201)
        assert await network.database.fetch(CONNECTORS.select())

        await network.carry_out(lambda slices: slices.stations.remove(key_of(station)))
        await network.settle()

        assert not is_connected(network, station)
        assert await network.database.fetch(CONNECTORS.select()) == []


async def test_a_station_that_was_removed_comes_back_as_a_new_one() -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V16)
        await network.carry_out(lambda slices: slices.stations.remove(key_of(station)))
        await network.settle()

        assert await network.connect(station) is Verdict.WELCOME

        assert (await network.teller(station).call_raw("Heartbeat", {}))[0] == 3
