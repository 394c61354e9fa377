"""Which adapters there are, and how one node is put together."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa

from ricarica.access.sql import SqlAccessStore
from ricarica.app.retention import Retention, rings
from ricarica.app.tables import metadata
from ricarica.authorization.sql import TOKEN_SHELF, SqlTokenStore
from ricarica.configuration.sql import SqlSettingStore
from ricarica.engine.core import Engine, Vocabulary
from ricarica.engine.mailbox import Wanted
from ricarica.engine.timers import Timers
from ricarica.kernel.clock import Clock, SystemClock
from ricarica.kernel.ids import Ids, RandomIds
from ricarica.link.local import LocalLink
from ricarica.slices import Stores, Surroundings
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.stations.service import StationPolicy
from ricarica.stations.sql import STATION_SHELF, STATIONS, SqlStationStore
from ricarica.storage.database import Database, Run
from ricarica.storage.work import Work
from ricarica.tariffs.sql import SqlTariffStore
from ricarica.transactions.sql import RUNNING_SHELF, SqlTransactionStore
from ricarica.translation.routes import PHRASES, ROUTES

__all__ = ["Node", "Parts", "metadata", "running_node", "stores_for"]


def stores_for(work: Work) -> Stores:
    return Stores(
        access=SqlAccessStore(work),
        stations=SqlStationStore(work),
        tokens=SqlTokenStore(work),
        tariffs=SqlTariffStore(work),
        settings=SqlSettingStore(work),
        transactions=SqlTransactionStore(work),
    )


async def prefetch(work: Work, wanted: Wanted) -> None:
    """Read what a batch is going to ask for, with one query per kind."""
    await work.load(STATION_SHELF, wanted.stations)
    await work.load(RUNNING_SHELF, wanted.stations)
    await work.load(TOKEN_SHELF, wanted.tokens)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of that a test, or another way to run, may choose."""

    database: Database
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)
    policy: StationPolicy = field(default_factory=StationPolicy)
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    retention: Retention = field(default_factory=Retention)
    # What only spreads load over time needs no better randomness.
    rng: random.Random = field(default_factory=random.Random)
    through_bytes: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """One process: its stations' door, its decisions, and its database."""

    parts: Parts
    engine: Engine
    gateway: StationGateway
    link: LocalLink
    timers: Timers


def node_of(parts: Parts) -> Node:
    link = LocalLink(through_bytes=parts.through_bytes)
    surroundings = Surroundings(parts.clock, parts.ids, stores_for, parts.policy)
    engine = Engine(parts.database, surroundings, Vocabulary(ROUTES, PHRASES), link, prefetch)
    gateway = StationGateway(link, parts.clock, parts.limits, parts.rng)
    link.attach_decisions(engine)
    link.attach_sockets(gateway)
    timers = Timers(parts.database, parts.clock, engine.post, rings(parts.retention))
    return Node(parts, engine, gateway, link, timers)


@asynccontextmanager
async def running_node(parts: Parts) -> AsyncIterator[Node]:
    """A node that decides; its gateway listens when it is told to. The schema must be there."""
    # Whoever was connected to the process before this one is not any more.
    disconnected = (
        sa.update(STATIONS)
        .where(STATIONS.c.connected)
        .values(connected=False, version=STATIONS.c.version + 1)
    )
    await parts.database.commit([Run(disconnected)])
    node = node_of(parts)
    async with asyncio.TaskGroup() as tasks:
        engine = tasks.create_task(node.engine.run())
        await node.timers.begin("tidy")
        timers = tasks.create_task(node.timers.run())
        try:
            yield node
        finally:
            await node.gateway.stop()
            await node.engine.idle()
            node.engine.events.end()
            engine.cancel()
            timers.cancel()
