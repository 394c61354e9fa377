"""What could have grown without an end."""

import pytest

from ricarica.engine.live import STRANGERS_LOGGED_MAX
from ricarica.engine.sql import MESSAGES
from ricarica.ocpp.dialects import V201
from ricarica.stations.model import UnknownStations
from ricarica.testing.world import world


async def test_actions_that_nobody_knows_are_counted_as_one() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))

        for number in range(50):
            assert (await told.call_raw(f"Invented{number}", {}))[2] == "NotImplemented"

        counted = network.engine.dispatcher.counts.by_outcome
        assert counted["unknown", "NotImplemented"] == 50
        assert not any(action.startswith("Invented") for action, _ in counted)


@pytest.mark.parametrize("action", ["Heartbeat", "NotifyReport", "Invented"])
async def test_a_stranger_does_not_fill_the_log_of_messages(action: str) -> None:
    async with world(unknown=UnknownStations.PENDING) as network:
        told = network.teller(await network.station("GENOVA-1", V201))

        for _ in range(STRANGERS_LOGGED_MAX + 30):
            await told.call_raw(action, {})

        logged = await network.database.fetch(MESSAGES.select().where(MESSAGES.c.action == action))
        assert len(logged) == STRANGERS_LOGGED_MAX
