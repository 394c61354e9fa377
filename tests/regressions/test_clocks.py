"""What went wrong, or could have, with clocks that are wrong."""

from datetime import timedelta

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.sql import CONNECTORS
from ricarica.testing.world import World, world


@pytest.mark.parametrize("absurd", ["2099-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
async def test_a_status_by_an_absurd_clock_gives_way_to_the_next(absurd: str) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        faulted = {"connectorId": 1, "errorCode": "GroundFailure", "status": "Faulted"}
        fine = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}

        await told.call("StatusNotification", {**faulted, "timestamp": absurd})
        shown = CONNECTORS.select().where(CONNECTORS.c.evse == 1)
        [before] = await network.database.fetch(shown)
        await told.call("StatusNotification", fine)
        [after] = await network.database.fetch(shown)

        assert before[4] == "faulted"
        assert after[4] == "available"


async def tell(network: World, station: SimulatedStation, word: str, ahead: timedelta) -> None:
    at = (network.clock.now() + ahead).isoformat().replace("+00:00", "Z")
    said: dict[str, object] = {"connectorId": 1, "timestamp": at}
    if station.dialect is V16:
        said |= {"status": word, "errorCode": "NoError"}
    else:
        said |= {"connectorStatus": word, "evseId": 1}
    await network.teller(station).call("StatusNotification", said)


async def shown(network: World) -> str:
    first = CONNECTORS.select().where(CONNECTORS.c.evse == 1)
    [row] = await network.database.fetch(first)
    return str(row[4])


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_a_status_told_ahead_of_time_gives_way_once_the_clock_is_set(
    dialect: Dialect,
) -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", dialect)

        await tell(network, station, "Faulted", timedelta(hours=2))
        network.clock.pass_time(timedelta(minutes=1))
        await tell(network, station, "Available", timedelta())

        assert await shown(network) == "available"


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
async def test_what_is_told_late_by_a_clock_that_is_ahead_is_still_late(dialect: Dialect) -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", dialect)

        await tell(network, station, "Faulted", timedelta(hours=2))
        network.clock.pass_time(timedelta(minutes=1))
        await tell(network, station, "Available", timedelta(hours=2, minutes=-10))

        assert await shown(network) == "faulted"
