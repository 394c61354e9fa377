"""One run of the server's process: from its start until it is stopped, or killed anywhere."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa

from ricarica.access.model import system_actor
from ricarica.app.cluster import company_of
from ricarica.app.retention import Retention, rings
from ricarica.app.wiring import prefetch, stores_for
from ricarica.engine.core import Engine, Vocabulary
from ricarica.engine.outbox import Told
from ricarica.engine.sql import NODES
from ricarica.engine.timers import Timers
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey, TenantId
from ricarica.link.letters import Knock, Verdict, Written
from ricarica.link.local import LocalLink
from ricarica.link.nats import NatsLink
from ricarica.slices import Slices, Surroundings
from ricarica.station_gateway.admission import Visitor
from ricarica.station_gateway.drain import drain
from ricarica.station_gateway.duplicates import Claim
from ricarica.station_gateway.gateway import StationGateway
from ricarica.station_gateway.limits import GatewayLimits
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.stations.commands import Result
from ricarica.stations.facts import Disconnected
from ricarica.stations.model import UnknownStations
from ricarica.stations.service import StationPolicy
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Add, Run, Staged
from ricarica.translation.routes import PHRASES, ROUTES
from tests.simulation.bus import Hub
from tests.simulation.disk import Disk, Point, ServersDatabase, Weather
from tests.simulation.lines import TEXT, Line
from tests.simulation.virtual import SeededIds, ServerClock

T = TypeVar("T")
ADMIT_S = 15.0  # as the gateway's own patience
STARTS_AGAIN_S = 2.0  # when the database was away at the start
TIMERS_S = 60.0  # more rarely than in earnest, for nothing is due so often
# Pings cost the simulation more than they tell it.
LIMITS = replace(GatewayLimits(), ping_s=150.0)


@dataclass(frozen=True, slots=True)
class Ground:
    """What servers stand on, and what outlives them."""

    disk: Disk
    weather: Weather
    clock: ServerClock
    ids: SeededIds
    rng: Random
    retention: Retention
    through_bytes: bool
    hub: Hub | None  # where there are several nodes


class Watching(Protocol):
    """Who sees what servers do."""

    def committed(self, server: "Server", staged: Sequence[Staged]) -> None: ...

    def trace(self, who: str, what: str) -> None: ...

    def seated(self, server: "Server", line: Line, key: StationKey) -> None: ...

    def published(self, told: Told) -> None: ...

    def received(self, line: Line, data: bytes) -> None: ...

    def sent(self, line: Line, opcode: int, payload: bytes) -> None: ...

    def died(self, server: "Server") -> None: ...


class Server:
    """Implements `disk.Owner` and `lines.Observer`."""

    def __init__(self, name: str, ground: Ground, watch: Watching) -> None:
        self.name = name
        self.rng = ground.rng
        self.alive = True
        self.ready = False
        self.started = asyncio.Event()
        self.lines: list[Line] = []
        self._ground = ground
        self._watch = watch
        self._fuse: tuple[Point, int] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.database = ServersDatabase(ground.disk, ground.weather, self)
        self.bus = ground.hub.bus(self.spend) if ground.hub else None
        self.link: LocalLink | NatsLink = (
            NatsLink(self.bus, name, through_bytes=ground.through_bytes)
            if self.bus
            else LocalLink(through_bytes=ground.through_bytes)
        )
        company = company_of(self.bus) if self.bus else None
        policy = StationPolicy(unknown=UnknownStations.PENDING, retry=timedelta(seconds=30))
        surroundings = Surroundings(ground.clock, ground.ids, stores_for, policy)
        vocabulary = Vocabulary(ROUTES, PHRASES)
        self.engine = Engine(self.database, surroundings, vocabulary, self.link, prefetch, company)
        self.gateway = StationGateway(
            self.link, ground.clock, LIMITS, ground.rng, neighbours=self.link
        )
        self.link.attach_decisions(self.engine)
        self.link.attach_sockets(self.gateway)
        self.timers = Timers(self.database, ground.clock, self.engine.post, rings(ground.retention))
        self.actor = system_actor(DEFAULT_TENANT)

    # -- life and death

    def start(self) -> None:
        self.trace("starts")
        self.spend(self._run())

    async def _run(self) -> None:
        if self.bus is None:
            await self._stubbornly(self._nobody_is_connected)
        self.spend(self.engine.run())
        self.spend(self.engine.caretaker.run())
        self.spend(self._watch_events())
        await self._join()
        await self._stubbornly(lambda: self.timers.begin("tidy"))
        self.ready = True
        self.started.set()
        self.trace("ready")
        while True:
            await self._stubbornly(self._ring)
            await asyncio.sleep(TIMERS_S)

    async def _watch_events(self) -> None:
        with self.engine.events.subscribe(DEFAULT_TENANT) as watch:
            async for told in watch:
                self._watch.published(told)

    async def _join(self) -> None:
        """As `app.cluster.Membership`, but for the rows that only PostgreSQL has."""
        if not isinstance(self.link, NatsLink) or self.bus is None:
            return
        here = Add(NODES, (self.name, "core,gateway", self.now(), self.now()), if_new=True)
        await self._stubbornly(lambda: self.database.commit([here]))
        remembered = self.engine.batches.remembered
        await self.bus.listen("written", Written, lambda it: remembered.forget_places(it.rows))
        self.bus.when_back(remembered.forget_all)
        await self.link.start()

    async def bury(self, dead: str) -> None:
        """Stations of a process that is no more are not connected."""
        self.engine.gateway_gone(dead)
        left = sa.select(STATIONS.c.tenant, STATIONS.c.station, STATIONS.c.epoch)
        for tenant, name, epoch in await self.database.fetch(
            left.where(STATIONS.c.connected, STATIONS.c.node == dead)
        ):
            key = StationKey(TenantId(tenant), StationId(name))
            await self._disconnect(Disconnected(key, epoch, "its server is gone", self.now()))

        gone = sa.delete(NODES).where(NODES.c.name == dead)
        await self.database.commit([Run(gone)])

    async def _disconnect(self, gone: Disconnected) -> None:
        await self.carry_out(lambda slices: slices.stations.disconnect(gone))

    async def _ring(self) -> None:
        await self.timers.ring_due()

    async def _nobody_is_connected(self) -> None:
        version = STATIONS.c.version + 1
        nobody = sa.update(STATIONS).where(STATIONS.c.connected)
        await self.database.commit([Run(nobody.values(connected=False, version=version))])

    async def _stubbornly(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                return await work()
            except StorageUnavailableError:
                await asyncio.sleep(STARTS_AGAIN_S)

    def spend(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """A task that lives no longer than the process."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def arm(self, point: Point, times: int) -> None:
        """Die when this point is passed for the so many-th time from now on."""
        self._fuse = (point, times)

    def passes(self, point: Point) -> bool:
        if self.alive and self._fuse and self._fuse[0] is point:
            left = self._fuse[1] - 1
            self._fuse = (point, left)
            if left <= 0:
                self.trace(f"killed {point.value}")
                self.kill()
        return self.alive

    def kill(self, *, machine_too: bool = False) -> None:
        """From here on nothing it does has an effect."""
        self.alive = self.ready = False
        self._fuse = None
        if self._ground.hub and self.bus:
            self._ground.hub.forget(self.bus)
        for task in list(self._tasks):
            task.cancel()
        for line in self.lines:
            line.server_died(machine_too=machine_too)
        self.lines.clear()
        self._watch.died(self)

    async def stop(self) -> None:
        """As at a rolling restart: what is being decided is finished, stations are sent off."""
        self.ready = False
        self.trace("drains")
        if isinstance(self.link, NatsLink):
            await self.link.leave()
        await drain(list(self.gateway._registry), self.gateway._around)
        with suppress(TimeoutError, StorageUnavailableError):
            async with asyncio.timeout(60):
                await self.engine.idle()
        self.trace("stopped")
        self.kill()

    # -- for stations and people

    def receive(self, line: Line, knock: Knock) -> None:
        self.lines.append(line)
        line.observe(self)
        self.spend(self._receive(line, knock))

    async def _receive(self, line: Line, knock: Knock) -> None:
        try:
            async with asyncio.timeout(ADMIT_S):
                admission = await self.link.admit(knock)
        except (TimeoutError, StorageUnavailableError):
            line.turn_away("503")
            return
        if admission.verdict is not Verdict.WELCOME:
            line.turn_away(admission.verdict.value)
            return
        assert admission.key, "who is welcome has a key"
        assert admission.subprotocol, "who is welcome has a dialect"
        claim = Claim(knock.remote, knock.password or b"", admission.authenticated)
        visitor = Visitor(
            key=admission.key,
            subprotocol=admission.subprotocol,
            spelling=admission.subprotocol,
            claim=claim,
            secure=False,
            introduced=admission.introduced,
            origin=None,
            held_by=admission.held_by,
        )
        await self._seat(line, visitor)

    async def _seat(self, line: Line, visitor: Visitor) -> None:
        socket = StationSocket(line, self.gateway._around, lambda _: None, inflates=False)
        line.set_protocol(socket)
        socket.hold()
        line.accept()
        connection = await self.gateway._seated(visitor, socket)
        if connection:
            line.epoch = connection.epoch
            self._watch.seated(self, line, visitor.key)
            connection.begin()

    async def tell(self, key: StationKey, command: object) -> Result:
        return await self.engine.commands.tell(key, command)

    async def carry_out(
        self, work: Callable[[Slices], Awaitable[T]], station: StationKey | None = None
    ) -> T:
        return await self.engine.carry_out(self.actor, work, station=station)

    # -- lines.Observer

    def received(self, line: Line, data: bytes) -> None:
        self._watch.received(line, data)

    def sent(self, line: Line, opcode: int, payload: bytes) -> bool:
        if not self.alive or (opcode == TEXT and not self.passes(Point.ANSWER)):
            return False
        self._watch.sent(line, opcode, payload)
        return True

    # -- disk.Owner

    def committed(self, staged: Sequence[Staged]) -> None:
        self._watch.committed(self, staged)

    def trace(self, what: str) -> None:
        self._watch.trace(self.name, what)

    def now(self) -> datetime:
        return self._ground.clock.now()
