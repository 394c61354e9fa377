"""What could have grown without an end."""

import pytest

from ricarica.engine import dispatch
from ricarica.engine.live import STRANGERS_LOGGED_MAX
from ricarica.engine.sql import MESSAGES, PUT_ASIDE
from ricarica.ocpp.dialects import V201
from ricarica.stations import service
from ricarica.stations.model import UnknownStations
from ricarica.stations.sql import CONNECTORS
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


async def test_a_stranger_does_not_fill_what_is_put_aside() -> None:
    async with world(unknown=UnknownStations.PENDING) as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        unreadable = {"requestId": 1, "seqNo": 0, "generatedAt": "now", "reportData": "much"}

        kind, *_ = await told.call_raw("NotifyReport", unreadable)

        assert kind == 4
        assert await network.database.fetch(PUT_ASIDE.select()) == []


async def test_a_station_that_makes_up_connectors_does_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(service, "CONNECTORS_MAX", 3)
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        status = {"connectorId": 1, "connectorStatus": "Occupied"}

        for evse in range(20, 30):
            at = network.clock.now().isoformat()
            await told.call("StatusNotification", status | {"evseId": evse, "timestamp": at})

        assert len(await network.database.fetch(CONNECTORS.select())) <= 3


async def test_a_station_that_nobody_can_read_does_not_fill_the_disk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "ASIDE_MAX", 2)
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        unreadable = {"generatedAt": "now", "seqNo": 0, "eventData": "much"}

        answers = [(await told.call_raw("NotifyEvent", unreadable))[0] for _ in range(4)]

        assert answers == [3, 3, 4, 4]
        assert len(await network.database.fetch(PUT_ASIDE.select())) == 2
