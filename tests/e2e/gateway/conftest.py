"""One real node: sockets, engine and a database in a file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ricarica.app.tables import metadata
from ricarica.app.wiring import Node, Parts, running_node
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.storage.open import open_database


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    database = open_database(f"sqlite:///{tmp_path}/ricarica.db", metadata)
    await database.migrate()
    policy = StationPolicy(unknown=UnknownStations.ACCEPT)
    async with running_node(Parts(database, policy=policy, through_bytes=True)) as node:
        yield node
    await database.close()


@pytest.fixture
async def url(node: Node) -> str:
    return f"ws://127.0.0.1:{await node.gateway.start('127.0.0.1', 0)}"
