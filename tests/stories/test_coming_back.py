"""A station that nobody uses is out of reach for a while."""

from datetime import timedelta

import pytest

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.dialects import Dialect
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.world import World, key_of


@pytest.mark.usecase("B04")
async def test_what_changed_while_a_station_was_out_of_reach_is_shown_when_it_is_back(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("MILANO-1", dialect)
    await network.cut(station)
    await network.pass_time(timedelta(minutes=10))
    station.fault(2, "GroundFailure")

    await network.connect(station)
    await network.settle()

    work = Work(network.database, Remembered(network.clock.monotonic))
    store = SqlStationStore(work)
    found = [
        await store.connector(key_of(station), EvseNumber(number), ConnectorNumber(1))
        for number in (1, 2)
    ]
    assert [each.status if each else None for each in found] == [
        ConnectorStatus.AVAILABLE,
        ConnectorStatus.FAULTED,
    ]
