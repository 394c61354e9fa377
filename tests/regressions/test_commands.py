"""What went wrong, or could have, with what stations are told."""

import asyncio
import gc

import pytest

from ricarica.kernel.errors import StorageUnavailableError
from ricarica.ocpp.dialects import V16
from ricarica.stations.commands import Outcome, Topic, Trigger
from ricarica.testing.world import key_of, world
from ricarica.transactions.commands import StopCharging


async def test_a_transaction_begun_in_2_x_cannot_be_stopped_in_1_6() -> None:
    async with world() as network:
        station = await network.station("GENOVA-1", V16)

        result = await network.tell(station, StopCharging("TX-1"))

        assert result.outcome is Outcome.UNSUPPORTED
        assert "TX-1" in (result.detail or "")


async def test_a_passing_command_that_fails_raises_no_alarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    alarms: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, alarm: alarms.append(alarm))

    async def away(*_: object) -> None:
        raise StorageUnavailableError("the database is away")

    async with world() as network:
        station = await network.station("GENOVA-1", V16)
        monkeypatch.setattr(network.engine.commands, "tell", away)
        network.engine._send(key_of(station), Trigger(Topic.STATUS))
        await network.settle()

    gc.collect()
    assert alarms == []
