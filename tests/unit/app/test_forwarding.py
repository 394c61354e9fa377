"""Which rows a forwarder looks at, and what it holds of stations that are away."""

from datetime import timedelta
from random import Random

import sqlalchemy as sa

from ricarica.app.forwarding import READ_AGAIN_S, Forwarder
from ricarica.engine.forwarding import Forward, Forwards
from ricarica.engine.sql import FORWARDS
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.storage.database import Add, Run
from ricarica.testing.world import World, world

KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))


class Counted(Forwards):
    reads = 0

    async def wanted(self) -> dict[StationKey, Forward]:
        self.reads += 1
        return await super().wanted()


def counted(network: World) -> Counted:
    forwards = Counted(network.database, network.engine.post, network.pki.vault)
    network.engine.forwards = forwards
    return forwards


async def add(network: World) -> None:
    how = ("wss://a.example", "copy", network.clock.now(), None, None, (), True)
    row = (KEY.tenant, KEY.station, *how, "off", None, None, 0, 0)
    await network.database.commit([Add(FORWARDS, row)])


async def test_rows_are_read_when_they_have_changed_and_now_and_then() -> None:
    async with world() as network:
        forwards = counted(network)
        rng = Random(1)
        forwarder = Forwarder(network.engine, network.clock, rng, may_be_private=True)

        reads = []
        for change in (False, False, True, False):
            if change:
                await add(network)
            await network.soon(forwarder.look())
            reads.append(forwards.reads)
        network.clock.pass_time(timedelta(seconds=READ_AGAIN_S))
        await network.soon(forwarder.look())

        assert reads == [1, 1, 2, 2]
        assert forwards.reads == 3


async def test_a_station_that_is_away_is_awaited_for_as_long_as_it_is_to_be_mirrored() -> None:
    async with world() as network:
        rng = Random(1)
        forwarder = Forwarder(network.engine, network.clock, rng, may_be_private=True)
        await add(network)

        await network.soon(forwarder.look())
        awaited = set(network.engine.taps)
        await network.database.commit([Run(sa.delete(FORWARDS))])
        await network.soon(forwarder.look())

        assert awaited == {KEY}
        assert network.engine.taps == {}
