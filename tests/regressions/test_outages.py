"""What went wrong, or could have, while nothing could be stored."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from ricarica.app.tables import metadata
from ricarica.engine import core
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.ocpp.dialects import V201
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Expect, Staged
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.world import world


class Failing(SqliteDatabase):
    is_down = False

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        if self.is_down:
            raise StorageUnavailableError("the disk is full")
        await super().commit(staged, expected)


async def test_a_connection_lost_during_an_outage_is_written_down_after_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(core, "CLOSE_AGAIN_S", 0)
    database = Failing(":memory:", metadata)
    await database.create_all()

    async def connected() -> Any:
        [(is_connected,)] = await database.fetch(
            STATIONS.select().with_only_columns(STATIONS.c.connected)
        )
        return is_connected

    async with world(database=database) as network:
        station = await network.station("GENOVA-1", V201)
        assert await connected()

        database.is_down = True
        await network.cut(station)
        assert await connected()

        database.is_down = False
        await asyncio.sleep(0)
        await network.settle()
        assert not await connected()
    await database.close()
