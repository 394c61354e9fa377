"""A node among others: it says that it lives, and looks after what the dead have left behind."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

import sqlalchemy as sa
import structlog

from ricarica.access.model import system_actor
from ricarica.app.missed import Missed
from ricarica.app.neighbours import Neighbours
from ricarica.app.roles import Role
from ricarica.engine.company import Company, Connection
from ricarica.engine.core import Engine
from ricarica.engine.outbox import Happening
from ricarica.engine.sql import NODES
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import ConflictError, RicaricaError
from ricarica.kernel.ids import EventId, StationId, StationKey, TenantId
from ricarica.link.bus import Bus
from ricarica.link.letters import Bring, Happened, NodeGone, Unheard, Written
from ricarica.link.nats import NatsLink
from ricarica.link.remote import RemoteDecisions
from ricarica.slices import Slices
from ricarica.station_gateway.gateway import StationGateway
from ricarica.stations.facts import Disconnected
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Add, Database, Expect, Row, Run
from ricarica.storage.open import is_postgresql
from ricarica.storage.work import Place

BEAT_S = 1.0  # between words to the other processes
SEEN_EVERY_S = 3.0  # between signs of life in the database
LOOK_EVERY_S = 5.0  # between looks for the dead
SWEEP_EVERY = 12  # looks between those for what a sweep that broke off has left
DEAD_AFTER_S = 15  # without a sign of life in the database
DEAD_AFTER = sa.text(f"interval '{DEAD_AFTER_S} seconds'")
OWN_GAP = timedelta(seconds=6)  # between signs of ours; longer, and the database stood still
SEEN_AGAIN_AT_ONCE = 200  # stations; what they say waits for that look
# Stations, in so many seconds: at half the caretaker's pace, so that what people want meanwhile
# has its turn.
BROUGHT_AT_ONCE, BRING_EVERY_S = 50, 5.0
SWEPT_AT_ONCE = 500  # stations; those that are connected wait for that commit

log = structlog.get_logger("ricarica.cluster")


def company_of(bus: Bus) -> Company:
    """How the engine reaches the others."""

    def expect(connections: Iterable[Connection]) -> Expect:
        rows = [(key.tenant, key.station, epoch) for key, epoch in connections]
        return Expect(STATIONS, "epoch", rows)

    def wrote(places: list[Place]) -> None:
        bus.send("written", Written(tuple(places)))

    def happened(happening: Happening) -> None:
        bus.send("events", Happened(*happening))

    def bring(key: StationKey, kind: str, anew: bool) -> None:
        bus.send("bring", Bring(key, kind, anew))

    return Company(expect, wrote, happened, bring)


async def check_alone(database: Database) -> None:
    """
    Raises:
        ConflictError: others serve stations on this database, which one without a bus would take
            for gone.
    """
    if not is_postgresql(database):
        return
    living = sa.select(NODES.c.name).where(NODES.c.seen_at > sa.func.now() - DEAD_AFTER)
    if found := await database.fetch(living.order_by(NODES.c.name)):
        names = ", ".join(name for (name,) in found)
        raise ConflictError(
            f"other processes serve on this database: {names}. Give their nats_url to be one of "
            f"them; if they have died, wait {DEAD_AFTER_S} s"
        )


class Membership:
    """One process's place among the others."""

    def __init__(
        self,
        link: NatsLink,
        database: Database,
        engine: Engine,
        gateway: StationGateway,
        roles: frozenset[Role],
        clock: Clock,
    ) -> None:
        self._neighbours = Neighbours(link.bus, link.node, database)
        self._missed = Missed(engine.events, link.bus, clock)
        self._link = link
        self._bus = link.bus
        self._database = database
        self._engine = engine
        self._gateway = gateway
        self._roles = roles
        self._reaches_since = time.monotonic()  # the database, without a failure or a gap
        self._seen_at: datetime | None = None  # our last sign of life, by the database's clock
        self._looks = 0  # for the dead
        # Stations of which words may have been lost, in order.
        self._to_see: dict[StationKey, None] = {}
        self._to_bring: dict[StationKey, None] = {}

    async def join(self) -> None:
        await self._say_here()
        try:
            await self._neighbours.meet()
        except ConflictError:
            await self.leave()
            raise
        await self._bus.listen("events", Happened, self._heard_of)
        await self._bus.listen("written", Written, self._heard_what_changed)
        await self._bus.listen("bring", Bring, self._bring)
        await self._bus.listen(
            "nodes.gone", NodeGone, lambda gone: self._engine.gateway_gone(gone.node)
        )
        await self._bus.listen("unheard", Unheard, self._others_were)
        self._bus.when_lost(self._missed.lost)
        self._bus.when_back(self._missed.back)
        self._bus.when_back(self._hears_again)
        await self._link.start(as_core=Role.CORE in self._roles)

    async def run(self) -> None:
        """Until cancelled. A slow database, or much to do, makes nobody fall silent."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._speak())
            group.create_task(self._again(lambda: self._say_alive(group), SEEN_EVERY_S))
            group.create_task(self._again(self._missed.read, BEAT_S))
            group.create_task(self._again(self._see_again, BEAT_S))
            group.create_task(self._again(self._bring_again, BRING_EVERY_S))
            if self._link.remote:
                group.create_task(self._again(partial(self._see_off, self._link.remote), BEAT_S))
            if Role.WORKER in self._roles:
                group.create_task(self._again(self._look_after, LOOK_EVERY_S))

    async def leave(self) -> None:
        with suppress(RicaricaError):
            await self._database.commit([Run(sa.delete(NODES).where(self._is_ours))])

    # -- parts

    async def _speak(self) -> None:
        while True:
            self._link.beat()
            self._link.check_cores(time.monotonic())
            await asyncio.sleep(BEAT_S)

    async def _again(self, work: Callable[[], Awaitable[None]], every_s: float) -> None:
        while True:
            try:
                await work()
            except (RicaricaError, RuntimeError) as error:
                # A statement that went wrong must not cost the stations their sockets.
                self._reaches_since = time.monotonic()
                log.warning("cluster.failed", error=str(error))
            await asyncio.sleep(every_s)

    async def _look_after(self) -> None:
        self._looks += 1
        if await self._bury() or self._looks % SWEEP_EVERY == 1:
            await self._sweep()

    @property
    def _is_ours(self) -> sa.ColumnElement[bool]:
        return NODES.c.name == self._link.node

    async def _say_here(self) -> None:
        now = (await self._database.fetch(sa.select(sa.func.now())))[0][0]
        row = (self._link.node, ",".join(sorted(self._roles)), now, now)
        await self._database.commit([Add(NODES, row, if_new=True)])

    async def _say_alive(self, group: asyncio.TaskGroup) -> None:
        """By the database's clock, for ours may be wrong."""
        seen = sa.update(NODES).where(self._is_ours).values(seen_at=sa.func.now())
        for (at,) in await self._database.take(seen.returning(NODES.c.seen_at)):
            if self._seen_at is None or at - self._seen_at > OWN_GAP:
                self._reaches_since = time.monotonic()
            self._seen_at = at
            return
        # We were silent for so long that our stations are believed to be gone. Let them come
        # anew, here or elsewhere, so that what is believed becomes true.
        log.error("cluster.declared_dead", node=self._link.node)
        await self._say_here()
        group.create_task(self._gateway.send_all_off())

    async def _bury(self) -> bool:
        """Forget the processes that are silent; whether there were any."""
        # While nobody could write nobody gave a sign of life; that says nothing about them.
        if self._seen_at is None or time.monotonic() - self._reaches_since < DEAD_AFTER_S:
            return False
        # Nor does it if the database stands still before it takes this, and goes on with it.
        in_time = sa.func.now() <= sa.literal(self._seen_at + OWN_GAP, NODES.c.seen_at.type)
        dead = sa.delete(NODES).where(NODES.c.seen_at < sa.func.now() - DEAD_AFTER, in_time)
        found = [name for (name,) in await self._database.take(dead.returning(NODES.c.name))]
        for name in found:
            log.warning("cluster.node_gone", gone=name)
            self._bus.send("nodes.gone", NodeGone(name))
            self._engine.gateway_gone(name)
        return bool(found)

    async def _sweep(self) -> None:
        """Stations of processes that are no more are not connected."""
        left = (
            sa.select(STATIONS.c.tenant, STATIONS.c.station, STATIONS.c.epoch)
            .where(STATIONS.c.connected, STATIONS.c.node.is_not(None))
            .where(STATIONS.c.node.not_in(sa.select(NODES.c.name)))
            .limit(SWEPT_AT_ONCE)
        )
        while found := await self._database.fetch(left):
            for tenant in sorted({row[0] for row in found}):
                theirs = [(row[1], row[2]) for row in found if row[0] == tenant]
                await self._disconnect(TenantId(tenant), theirs, "its server is gone")

    async def _see_off(self, remote: RemoteDecisions) -> None:
        """Whoever has left us is not connected to us, whether or not a core has heard of it."""
        left = remote.left(time.monotonic(), SWEPT_AT_ONCE)
        if not left:
            return
        names = [(key.tenant, key.station) for key in left]
        try:
            found = await self._database.fetch(
                sa.select(STATIONS.c.tenant, STATIONS.c.station, STATIONS.c.epoch)
                .where(STATIONS.c.connected, STATIONS.c.node == self._link.node)
                .where(sa.tuple_(STATIONS.c.tenant, STATIONS.c.station).in_(names))
            )
            gone = [row for row in found if not remote.holds(_key_of(row))]
            for tenant in sorted({row[0] for row in gone}):
                mine = [(row[1], row[2]) for row in gone if row[0] == tenant]
                await self._disconnect(
                    TenantId(tenant), mine, "it left, and its core did not hear of it"
                )
        except BaseException:
            remote.see_again(left)
            raise

    async def _disconnect(
        self, tenant: TenantId, stations: list[tuple[str, int]], reason: str
    ) -> None:
        async def disconnect(slices: Slices) -> None:
            for name, epoch in stations:
                key = StationKey(tenant, StationId(name))
                await slices.stations.disconnect(Disconnected(key, epoch, reason, slices.now))

        await self._engine.carry_out(system_actor(tenant), disconnect)

    def _bring(self, bring: Bring) -> None:
        self._engine.caretaker.bring(bring.key, bring.kind, anew=bring.anew)

    def _heard_what_changed(self, written: Written) -> None:
        self._engine.batches.remembered.forget_places(written.rows)
        stations = [key for table, key in written.rows if table == STATIONS.name]
        self._engine.look_again(StationKey(*key) for key in stations)

    def _others_were(self, unheard: Unheard) -> None:
        self._missed.others_were(unheard)
        self._hears_again()

    def _hears_again(self) -> None:
        """What others wrote, and wanted, while nothing could be heard is unknown."""
        self._engine.batches.remembered.forget_all()
        everyone = dict.fromkeys(self._engine.live.keys())
        self._to_see |= everyone
        self._to_bring |= everyone

    async def _see_again(self) -> None:
        """Who may not stay any more has to go; a part after the other, for there may be many."""
        while part := list(islice(self._to_see, SEEN_AGAIN_AT_ONCE)):
            for key in part:
                del self._to_see[key]
            try:
                await self._engine.look_again(part)
            except BaseException:
                self._to_see |= dict.fromkeys(part)
                raise

    async def _bring_again(self) -> None:
        """Tell stations what is missing."""
        for key in list(islice(self._to_bring, BROUGHT_AT_ONCE)):
            del self._to_bring[key]
            self._engine.caretaker.bring(key)

    def _heard_of(self, happened: Happened) -> None:
        self._engine.events.receive(
            Happening(
                EventId(happened.id),
                TenantId(happened.tenant),
                happened.kind,
                happened.at,
                happened.station,
                happened.body,
            )
        )


def _key_of(row: Row) -> StationKey:
    return StationKey(TenantId(row[0]), StationId(row[1]))
