"""Which adapters there are, and how one node is put together."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa

from ricarica.access.sql import SqlAccessStore
from ricarica.alerts.sql import SqlAlertStore
from ricarica.app.alerting import OutboxReader, alert_rings
from ricarica.app.alone import alone_on, check_nobody_alone
from ricarica.app.cluster import Membership, check_alone, company_of
from ricarica.app.file_keeping import SWEEP, keep_files
from ricarica.app.parts import keep
from ricarica.app.recurring import PAUSES, RECURRING
from ricarica.app.retention import Retention, rings
from ricarica.app.roles import ALL_ROLES, Role
from ricarica.app.security_rounds import look_after_security
from ricarica.app.tables import metadata
from ricarica.authorization.sql import (
    TOKEN_SHELF,
    SqlAccessBookStore,
    SqlCustomerReportStore,
    SqlLocalListStore,
    SqlTokenStore,
)
from ricarica.billing.service import BillingPolicy
from ricarica.billing.sql import SqlBillingStore
from ricarica.certificates.pki import Pki
from ricarica.certificates.sql import SqlCertificateStore
from ricarica.configuration.sql import SqlSettingStore, SqlTemplateStore
from ricarica.diagnostics.sql import SqlLogStore
from ricarica.displays.sql import SqlDisplayStore
from ricarica.energy.sql import SqlEnergyStore
from ricarica.engine.core import Engine, Vocabulary
from ricarica.engine.file_timers import file_rings
from ricarica.engine.mailbox import Wanted
from ricarica.engine.timers import Timers
from ricarica.firmware.service import FirmwarePolicy
from ricarica.firmware.sql import SqlCampaignStore, SqlFirmwareStore
from ricarica.kernel.clock import Clock, SystemClock
from ricarica.kernel.ids import Ids, RandomIds
from ricarica.link.bus import Bus
from ricarica.link.local import LocalLink
from ricarica.link.nats import NatsLink
from ricarica.monitoring.sql import SqlEventStore, SqlMonitorStore, SqlStreamStore
from ricarica.reservations.sql import SqlReservationStore
from ricarica.security.service import SecurityPolicy
from ricarica.security.sql import SqlSecurityStore
from ricarica.slices import Stores, Surroundings
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.stations.service import StationPolicy
from ricarica.stations.sql import (
    STATION_SHELF,
    STATIONS,
    SqlAvailabilityStore,
    SqlStationStore,
    load_by_identity,
)
from ricarica.storage.database import Database, Run
from ricarica.storage.open import is_postgresql
from ricarica.storage.work import Work
from ricarica.swaps.sql import SqlSwapStore
from ricarica.tariffs.sql import SqlStationPlanStore, SqlTariffStore
from ricarica.transactions.sql import RUNNING_SHELF, SqlTransactionStore
from ricarica.transactions.sql.expected import SqlExpectedStartStore
from ricarica.translation.routes import PHRASES, ROUTES

LAG = timedelta(seconds=5)  # between the clocks and the commits of nodes that share a database
ENVELOPE_BYTES = 4 << 10  # of a letter, beside the message in it

__all__ = ["Node", "Parts", "metadata", "running_node", "stores_for"]


def stores_for(work: Work) -> Stores:
    return Stores(
        access=SqlAccessStore(work),
        stations=SqlStationStore(work),
        tokens=SqlTokenStore(work),
        access_books=SqlAccessBookStore(work),
        local_lists=SqlLocalListStore(work),
        customer_reports=SqlCustomerReportStore(work),
        reservations=SqlReservationStore(work),
        displays=SqlDisplayStore(work),
        availability=SqlAvailabilityStore(work),
        tariffs=SqlTariffStore(work),
        station_plans=SqlStationPlanStore(work),
        billing=SqlBillingStore(work),
        swaps=SqlSwapStore(work),
        settings=SqlSettingStore(work),
        templates=SqlTemplateStore(work),
        monitors=SqlMonitorStore(work),
        station_events=SqlEventStore(work),
        streams=SqlStreamStore(work),
        alerts=SqlAlertStore(work),
        certificates=SqlCertificateStore(work),
        security=SqlSecurityStore(work),
        firmware=SqlFirmwareStore(work),
        campaigns=SqlCampaignStore(work),
        logs=SqlLogStore(work),
        transactions=SqlTransactionStore(work),
        energy=SqlEnergyStore(work),
        der=SqlEnergyStore(work),
        expected_starts=SqlExpectedStartStore(work),
    )


async def prefetch(work: Work, wanted: Wanted) -> None:
    """Read what a batch is going to ask for, with one query per kind."""
    knocking = await load_by_identity(work, wanted.identities)
    await work.load(STATION_SHELF, wanted.stations)
    await work.load(RUNNING_SHELF, wanted.stations.union(knocking))
    await work.load(TOKEN_SHELF, wanted.tokens)


@dataclass(frozen=True, slots=True)
class Parts:
    """What a node is made of that a test, or another way to run, may choose."""

    database: Database
    clock: Clock = field(default_factory=SystemClock)
    ids: Ids = field(default_factory=RandomIds)
    policy: StationPolicy = field(default_factory=StationPolicy)
    upkeep_after_boot: timedelta = timedelta()
    security: SecurityPolicy = field(default_factory=SecurityPolicy)
    pki: Pki = field(default_factory=Pki)
    billing: BillingPolicy = field(default_factory=BillingPolicy)
    firmware: FirmwarePolicy = field(default_factory=FirmwarePolicy)
    limits: GatewayLimits = field(default_factory=GatewayLimits)
    retention: Retention = field(default_factory=Retention)
    # What only spreads load over time needs no better randomness.
    rng: random.Random = field(default_factory=random.Random)
    through_bytes: bool = False
    # With a bus it is one node among others, by this name, with these roles.
    bus: Bus | None = None
    name: str = ""
    roles: frozenset[Role] = ALL_ROLES


@dataclass(frozen=True, slots=True)
class Node:
    """One process: its stations' door, its decisions, and its database."""

    parts: Parts
    engine: Engine
    gateway: StationGateway
    link: LocalLink | NatsLink
    timers: Timers
    membership: Membership | None = None
    outbox: OutboxReader = field(default_factory=OutboxReader)


def node_of(parts: Parts) -> Node:
    link = link_of(parts)
    surroundings = Surroundings(
        parts.clock,
        parts.ids,
        stores_for,
        parts.policy,
        parts.firmware,
        security_policy=parts.security,
        pki=parts.pki,
        billing_policy=parts.billing,
    )
    company = company_of(parts.bus) if parts.bus else None
    vocabulary = Vocabulary(ROUTES, PHRASES, upkeep_after_boot=parts.upkeep_after_boot)
    engine = Engine(parts.database, surroundings, vocabulary, link, prefetch, company)
    limits = limits_of(parts)
    gateway = StationGateway(link, parts.clock, limits, parts.rng, neighbours=link)
    if Role.CORE in parts.roles:
        link.attach_decisions(engine)
    if Role.GATEWAY in parts.roles:
        link.attach_sockets(gateway)
    in_parts, outbox = is_postgresql(parts.database), OutboxReader()
    ringing = {
        **rings(parts.retention, in_parts=in_parts),
        "look_after_security": look_after_security,
        **file_rings(engine.files),
        **alert_rings(LAG if in_parts else timedelta(), outbox),
    }
    timers = Timers(parts.database, parts.clock, engine.post, ringing, PAUSES)
    if isinstance(link, LocalLink):
        return Node(parts, engine, gateway, link, timers, outbox=outbox)
    membership = Membership(link, parts.database, engine, gateway, parts.roles, parts.clock)
    return Node(parts, engine, gateway, link, timers, membership, outbox)


def limits_of(parts: Parts) -> GatewayLimits:
    """Where decisions are elsewhere, a message has to fit into a letter of NATS."""
    if parts.bus is None or Role.CORE in parts.roles:
        return parts.limits
    most = min(parts.limits.message_bytes_max, parts.bus.bytes_max - ENVELOPE_BYTES)
    return replace(parts.limits, message_bytes_max=most)


def link_of(parts: Parts) -> LocalLink | NatsLink:
    if parts.bus is None:
        return LocalLink(through_bytes=parts.through_bytes)
    return NatsLink(parts.bus, parts.name, through_bytes=parts.through_bytes)


@asynccontextmanager
async def running_node(parts: Parts) -> AsyncIterator[Node]:
    """A node that decides; its gateway listens when it is told to. The schema must be there."""
    async with _in_its_place(parts), asyncio.TaskGroup() as group:
        node = node_of(parts)
        engine = group.create_task(node.engine.run())
        tasks = [engine]
        if node.membership:
            await node.membership.join()
            tasks.append(group.create_task(node.membership.run()))
        if Role.CORE in parts.roles:
            tasks.append(group.create_task(node.engine.caretaker.run()))
        if Role.WORKER in parts.roles:
            for kind in RECURRING:
                await node.timers.begin(kind)
            await node.timers.begin(SWEEP)
            tasks.append(group.create_task(keep_files(node.engine, parts.clock)))
            if is_postgresql(parts.database):
                keeping = keep(parts.database, parts.clock, parts.retention)
                tasks.append(group.create_task(keeping))
            tasks.append(group.create_task(node.timers.run()))
            tasks.append(group.create_task(node.engine.bulk.run()))
        try:
            yield node
        finally:
            await _leave(node, engine)
            for task in tasks:
                task.cancel()


@asynccontextmanager
async def _in_its_place(parts: Parts) -> AsyncIterator[None]:
    """Alone on its database, or with others of whom none believes that he is alone."""
    if parts.bus is None:
        async with alone_on(parts.database):
            await check_alone(parts.database)
            await _nobody_is_connected(parts.database)
            yield
    else:
        await check_nobody_alone(parts.database)
        yield


async def _nobody_is_connected(database: Database) -> None:
    """Whoever was connected to the process before this one is not any more."""
    disconnected = (
        sa.update(STATIONS)
        .where(STATIONS.c.connected)
        .values(connected=False, node=None, version=STATIONS.c.version + 1)
    )
    await database.commit([Run(disconnected)])


async def _leave(node: Node, engine: "asyncio.Task[None]") -> None:
    """What was begun is finished, and nothing new begins."""
    await node.engine.bulk.drain()
    if isinstance(node.link, NatsLink):
        await node.link.leave()
    await node.gateway.stop()
    idle = asyncio.ensure_future(node.engine.idle())
    # Where one of us has failed the engine stops too, and what waits for it waits in vain.
    await asyncio.wait({idle, engine}, return_when=asyncio.FIRST_COMPLETED)
    idle.cancel()
    node.engine.events.end()
    if node.membership:
        await node.membership.leave()
