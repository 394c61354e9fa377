"""One seed, from its first connection to the last check."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from ricarica.app.examination import examine
from ricarica.app.retention import Retention
from tests.simulation.bus import Hub
from tests.simulation.chaos import Chaos
from tests.simulation.clients import Client
from tests.simulation.disk import Point, Weather, the_disk
from tests.simulation.invariants import Evidence, broken_promises
from tests.simulation.keeping import AFTER_UPKEEP, AT_ONCE, unkept_promises
from tests.simulation.ledger import sessions_of
from tests.simulation.lines import Manners
from tests.simulation.people import Office, furnish, visit
from tests.simulation.plan import Plan
from tests.simulation.servers import Ground, Server
from tests.simulation.trace import Trace
from tests.simulation.virtual import SeededIds, ServerClock, StuckError, VirtualLoop, virtual_loop
from tests.simulation.watch import BrokenPromiseError, Watch
from tests.simulation.wishes import Desk, list_all_tokens

CALM = Manners()
CALM_S = 3_600.0  # within which everything must have come to an end (I24)
UPKEEP_S = 900.0  # within which what stations shall keep is told again where that failed
DOWN_S = 40.0  # how long a killed server stays away at most
RETENTION = Retention(messages=timedelta(minutes=10), events=timedelta(minutes=10))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a seed."""

    plan: Plan
    sessions: int
    facts: int
    commits: int
    kills: int
    connections: int
    virtual_s: float
    digest: str
    failure: str | None = None
    invariant: str | None = None
    at_step: int = 0
    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        if self.failure is None:
            return f"SEED={self.plan.seed} fine: {self.sessions} sessions, {self.digest}"
        last = "\n".join(self.lines)
        return (
            f"{last}\nSEED={self.plan.seed} step {self.at_step}: {self.failure}\n"
            f"Again, with everything that leads to it: make sim SEED={self.plan.seed}"
            f"{self.plan.arguments}"
        )


def simulate(plan: Plan, follow: Callable[[str], None] | None = None) -> Outcome:
    with virtual_loop() as loop:
        simulation = Simulation(plan, loop, follow)
        try:
            loop.run_until_complete(simulation.run())
        except BrokenPromiseError as violation:
            return simulation.outcome(str(violation), violation.invariant)
        except StuckError:
            return simulation.outcome("I24: everyone waits for ever", "I24")
        return simulation.outcome()


class Simulation:
    """Implements what its parts ask of their surroundings."""

    def __init__(self, plan: Plan, loop: VirtualLoop, follow: Callable[[str], None] | None) -> None:
        self.plan = plan
        self.loop = loop
        self._calm = False
        self.clock = ServerClock(loop)
        self.trace = Trace(loop.time, follow)
        self.weather = Weather(
            slow_s=plan.slow_s, lost=plan.flaky_commits / 2, unknown=plan.flaky_commits / 2
        )
        self.manners = plan.manners
        self.disk = the_disk()
        self.disk.wipe()
        self.watch = Watch(loop.time, self.trace)
        rng = Random(f"servers {plan.seed}")
        ids = SeededIds(rng, self.clock, plan.wire_numbers_max)
        self.hub = Hub(loop, Random(f"hub {plan.seed}")) if plan.nodes > 1 else None
        self._ground = Ground(
            self.disk, self.weather, self.clock, ids, rng, RETENTION, plan.through_bytes, self.hub
        )
        self._starts = 0
        self._rng = Random(f"simulation {plan.seed}")
        self.servers = [self._server() for _ in range(plan.nodes)]
        self.clients = [
            Client(each, self, Random(f"{each.identity} {plan.seed}")) for each in plan.stations
        ]
        self._office = Office(self, plan, Random(f"office {plan.seed}"))
        self._desk = Desk(self, plan, Random(f"desk {plan.seed}"))
        self._chaos = Chaos(self, plan, Random(f"chaos {plan.seed}"))
        loop.before_step = self._step
        loop.set_exception_handler(self._fell)

    def outcome(self, failure: str | None = None, invariant: str | None = None) -> Outcome:
        counts = self.watch.counts
        return Outcome(
            plan=self.plan,
            sessions=sum(len(sessions_of(client)) for client in self.clients),
            facts=sum(len(client.station.journal.entries) for client in self.clients),
            commits=counts.commits,
            kills=counts.kills,
            connections=counts.connections,
            virtual_s=self.loop.time(),
            digest=self.trace.digest,
            failure=failure,
            invariant=invariant,
            at_step=self.loop.steps,
            lines=list(self.trace.lines),
        )

    # -- the course of events

    async def run(self) -> None:
        await self._begin()
        visits = [
            self._spend(
                visit(
                    self, client, evse, self.plan, Random(f"{client.key} {evse} {self.plan.seed}")
                )
            )
            for client in self.clients
            for evse in range(1, client.plan.evses + 1)
        ]
        troubles = [self._spend(self._endure(trouble)) for trouble in self._chaos.troubles()]
        if self.plan.orders:
            troubles.append(self._spend(self._office.give_orders()))
        if self.plan.wishes:
            troubles.append(self._spend(self._desk.take_wishes()))
        if self.plan.changes:
            troubles.append(self._spend(self._office.change_things()))
        await asyncio.sleep(self.plan.chaos_s)
        for trouble in troubles:
            trouble.cancel()
        await self._come_to_rest(visits)
        await self._look_into_it()

    async def _begin(self) -> None:
        self.weather.clear_up()
        for server in self.servers:
            server.start()
        for server in self.servers:
            await server.started.wait()
        self._office.prices.append(await furnish(self.servers[0], self.plan))
        if self.plan.lists:
            await list_all_tokens(self.servers[0])
        self.weather.slow_s = self.plan.slow_s
        self.weather.lost = self.weather.unknown = self.plan.flaky_commits / 2
        for number in range(len(self.servers)):
            self._spend(self._keep_up(number))
        for client in self.clients:
            client.station.settings.override(
                {"sample_interval": str(self.plan.sample_s), "offline_unknown_allowed": "true"}
            )
            client.set_clock(client.plan.skew)
            self._spend(client.run())
            if client.plan.accepted_at_s:
                self._spend(self._office.accept(client))

    async def _come_to_rest(self, visits: list["asyncio.Task[None]"]) -> None:
        """I24: with faults stopped, everything comes to its end, and soon."""
        self.trace("chaos", "is over")
        self._calm = True
        self.weather.clear_up()
        self.clock.ahead = timedelta()
        self.manners = CALM
        for line in self.watch.talks:
            line.manners = CALM
        for client in self.clients:
            client.calm = True
            client.station.misbehaviour.behave()
            client.set_clock(client.plan.skew)
            for evse in client.station.evses:
                client.act(partial(client.station.clear_fault, evse))
        await asyncio.wait(visits)
        await self._all_is_told()
        for broken in unkept_promises(self._evidence(), AT_ONCE):
            raise broken
        if self.plan.lists or self.plan.wishes:
            await asyncio.sleep(UPKEEP_S)
            await self._all_is_told()
        for server in self.servers:
            await server.engine.idle()

    async def _all_is_told(self) -> None:
        begun_at = self.loop.time()
        while not self._is_at_rest():
            await asyncio.sleep(20)
            if self.loop.time() - begun_at > CALM_S:
                raise BrokenPromiseError(
                    "I24", f"after {CALM_S:.0f} s of calm: {self._who_is_not()}"
                )

    def _is_at_rest(self) -> bool:
        settled = all(client.is_settled for client in self.clients)
        waiting = self._office.waiting or self._desk.waiting
        return settled and not waiting and all(s.ready for s in self.servers)

    def _who_is_not(self) -> str:
        waiting = [
            f"{client.plan.identity} ({client.station.queued} queued, "
            f"online {client.station.online}, accepted {client.station.is_accepted})"
            for client in self.clients
            if not client.is_settled
        ]
        orders = len(self._office.waiting) + len(self._desk.waiting)
        return ", ".join(waiting) or f"{orders} orders without an end"

    def _evidence(self) -> Evidence:
        return Evidence(
            self.disk,
            self.clients,
            self.watch,
            self._office.prices,
            frozenset(self._chaos.lost_queues) | self._forgetful(),
            self._chaos.moved_clocks,
            self._chaos.was_absurd,
            self._chaos.has_jumped,
            self.now(),
        )

    async def _look_into_it(self) -> None:
        ends = sum(self._office.ended.values())
        if ends != self._office.ordered:
            raise BrokenPromiseError("I9", f"{self._office.ordered} orders had {ends} ends")
        evidence = self._evidence()
        for broken in (*broken_promises(evidence), *unkept_promises(evidence, AFTER_UPKEEP)):
            raise broken
        # What `ricarica doctor data` says of the same database, which knows no journals.
        for finding in await examine(self.disk):
            if finding.check == "I13" and self._chaos.has_jumped:
                continue  # what was announced long ago by that clock, it has forgotten since
            raise BrokenPromiseError(finding.check, f"{finding.text} ({finding.row})")

    def _forgetful(self) -> frozenset[str]:
        """Stations that gave up what was refused too often."""
        return frozenset(
            client.plan.identity
            for client in self.clients
            if any(entry.dropped for entry in client.station.journal.entries)
        )

    # -- servers

    def _server(self) -> Server:
        self._starts += 1
        return Server(f"node-{self._starts}", self._ground, self.watch)

    async def _keep_up(self, number: int) -> None:
        """Somebody starts it again whenever it dies."""
        while True:
            await asyncio.sleep(1)
            dead = self.servers[number]
            if not dead.alive:
                await asyncio.sleep(self._rng.random() * DOWN_S)
                self.servers[number] = self._server()
                self.servers[number].start()
                if self.hub:
                    self._spend(self._bury(dead.name))

    async def _bury(self, dead: str) -> None:
        """The others notice after a while that it is no more."""
        buried = False
        while not buried:
            await asyncio.sleep(15)
            if server := self.any_server():
                task = server.spend(server.bury(dead))
                await asyncio.wait([task])
                buried = not task.cancelled() and task.exception() is None

    def server_for(self, _identity: str) -> Server | None:
        return self.any_server()

    def any_server(self) -> Server | None:
        ready = [server for server in self.servers if server.alive and server.ready]
        return self._rng.choice(ready) if ready else None

    def is_calm(self) -> bool:
        return self._calm

    def now(self) -> datetime:
        return self.clock.now()

    # -- parts

    def _step(self) -> None:
        if self.watch.found:
            self.loop.before_step = None
            raise self.watch.found
        for server in self.servers:
            server.passes(Point.STEP)

    def _fell(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback or a task raised what nobody expected."""
        error = context.get("exception")
        self.trace("simulation", f"{context['message']}: {error!r}")
        self.watch.violate("simulation", f"{context['message']}: {error!r}")

    def _spend(self, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """A task whose failure is the simulation's."""
        task = self.loop.create_task(work)
        task.add_done_callback(self._failed)
        return task

    def _failed(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()):
            self.trace("simulation", f"{type(error).__name__}: {error}")
            self.watch.violate("simulation", repr(error))

    async def _endure(self, trouble: Any) -> None:
        await trouble
