"""What went wrong, or could have, with clocks that are wrong."""

import pytest

from ricarica.ocpp.dialects import V16
from ricarica.stations.sql import CONNECTORS
from ricarica.testing.world import world


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
