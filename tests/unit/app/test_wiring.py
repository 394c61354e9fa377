"""A node in one process, when a part of it fails."""

import asyncio

import pytest

from ricarica.app.recurring import PAUSES
from ricarica.app.wiring import Parts, metadata, node_of, running_node
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.storage.sqlite import SqliteDatabase


class BrokenError(Exception):
    """A fault of ours."""


async def _nothing(_unit: UnitOfWork) -> None:
    """Work that nobody will do."""


async def test_a_node_of_which_a_part_fails_ends_though_something_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database = SqliteDatabase(":memory:", metadata)
    await database.create_all()

    async def broken(_self: object) -> None:
        raise BrokenError

    monkeypatch.setattr("ricarica.engine.timers.Timers.run", broken)
    with pytest.RaisesGroup(BrokenError):
        async with asyncio.timeout(30) as limit, running_node(Parts(database)) as node:
            try:
                await asyncio.Event().wait()
            finally:
                node.engine.post(DEFAULT_TENANT, _nothing)
    assert not limit.expired()
    await database.close()


async def test_of_all_that_recurs_it_is_known_how_often() -> None:
    database = SqliteDatabase(":memory:", metadata)

    rings = node_of(Parts(database)).timers.rings

    assert rings.keys() == PAUSES.keys()
    await database.close()
