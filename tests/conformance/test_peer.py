"""The station that the tests of this directory write down."""

import asyncio
from collections.abc import Sequence

from ricarica.app.tables import metadata
from ricarica.ocpp.dialects import V21
from ricarica.storage.database import Expect, Staged
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.tables import make_tables
from ricarica.testing.world import world
from tests.conformance.peer import TURNS, booted

A_WHILE = 3 * TURNS  # turns of the loop, as they may pass while a slow machine commits


class SlowDatabase(SqliteDatabase):
    is_slow = False

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        for _ in range(A_WHILE if self.is_slow else 0):
            await asyncio.sleep(0)
        await super().commit(staged, expected)


async def test_it_waits_for_what_whoever_calls_it_has_to_commit_first() -> None:
    database = SlowDatabase(":memory:", metadata)
    await database.change_schema(make_tables)
    async with world(database=database) as network:
        network.upkeeps = ()
        await network.restart_engine()
        peer = await booted(network, V21)
        database.is_slow = True

        told = await peer.told(
            "CustomerInformation",
            {"requestId": 7, "report": True, "clear": False, "customerIdentifier": "ada"},
            {"status": "Accepted"},
        )

        assert told.code is None
    await database.close()
