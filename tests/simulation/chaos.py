"""What goes wrong, and when. Each kind of trouble is a loop of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Protocol

from tests.simulation.bus import Hub
from tests.simulation.clients import Client
from tests.simulation.disk import Point, Weather
from tests.simulation.plan import Plan
from tests.simulation.servers import Server
from tests.simulation.virtual import ServerClock

FEW = 6  # times that a point is passed before the server dies there
FAULTS = ("GroundFailure", "HighTemperature", "OverCurrentFailure")


class Stage(Protocol):
    """What can be made to go wrong."""

    @property
    def servers(self) -> list[Server]: ...

    @property
    def clients(self) -> list[Client]: ...

    @property
    def weather(self) -> Weather: ...

    @property
    def clock(self) -> ServerClock: ...

    @property
    def hub(self) -> Hub | None: ...

    def trace(self, who: str, what: str) -> None: ...


class Chaos:
    def __init__(self, stage: Stage, plan: Plan, rng: Random) -> None:
        self._stage = stage
        self._plan = plan
        self._rng = rng
        self.lost_queues: set[str] = set()  # stations that forgot what nobody had acknowledged
        self.moved_clocks = False
        self.has_jumped = False  # the servers' clock
        self.was_absurd = False

    def troubles(self) -> Iterator[Awaitable[None]]:
        plan = self._plan
        yield from (
            self._again_and_again(rate, trouble)
            for rate, trouble in (
                (plan.kills, self._kill),
                (plan.restarts, self._restart),
                (plan.outages, self._outage),
                (plan.clock_jumps, self._jump),
                (plan.outages if self._stage.hub else 0.0, self._silence),
                (plan.mishaps, self._mishap),
            )
            if rate
        )

    async def _again_and_again(self, rate: float, trouble: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(self._rng.expovariate(rate / 3600))
            await trouble()

    # -- the server

    async def _kill(self) -> None:
        server = self._rng.choice(self._stage.servers)
        if not server.alive:
            return
        point = self._rng.choice(list(Point))
        if self._rng.random() < 0.1:
            self._say("the machine of a server dies")
            server.kill(machine_too=True)
        else:
            times = self._rng.randint(1, 300 if point is Point.STEP else FEW)
            server.arm(point, times)

    async def _restart(self) -> None:
        server = self._rng.choice(self._stage.servers)
        if server.alive and server.ready:
            stopping = server.spend(server.stop())
            await asyncio.wait([stopping])
            if server.alive:
                server.kill()

    # -- the database

    async def _outage(self) -> None:
        weather, rng = self._stage.weather, self._rng
        kind = rng.choice(("away", "read-only", "slow"))
        self._say(f"the database is {kind}")
        if kind == "away":
            weather.readable = False
        elif kind == "read-only":
            weather.writable = False
        else:
            weather.slow_s = rng.choice((1.0, 10.0, 30.0))
        await asyncio.sleep(rng.choice((2, 10, 60, 300)) * rng.random())
        weather.readable = weather.writable = True
        weather.slow_s = self._plan.slow_s
        self._say("the database is back")

    async def _silence(self) -> None:
        """No node hears of another."""
        hub = self._stage.hub
        assert hub, "only nodes that talk can fall silent"
        self._say("NATS is away")
        hub.go_down()
        await asyncio.sleep(self._rng.uniform(1, 60))
        hub.come_back()
        self._say("NATS is back")

    async def _jump(self) -> None:
        clock = self._stage.clock
        clock.ahead += self._plan.clock_jump * self._rng.choice((-1, 1))
        self.has_jumped = True
        self.was_absurd |= abs(clock.ahead) > timedelta(days=1)
        self._say(f"the server's clock is off by {clock.ahead}")
        await asyncio.sleep(self._rng.uniform(10, 150))
        if self._rng.random() < 0.7:
            clock.ahead = timedelta()
            self._say("the server's clock is right again")

    # -- stations

    async def _mishap(self) -> None:
        client = self._rng.choice(self._stage.clients)
        evse = self._rng.randint(1, client.plan.evses)
        station = client.station
        kind = self._rng.randrange(7)
        if kind == 0 and station.wants_connection:
            client.trace("loses power")
            client.act(station.lose_power)
        elif kind == 1:
            client.trace(f"EVSE {evse} breaks")
            client.act(lambda: station.fault(evse, self._rng.choice(FAULTS)))
            await asyncio.sleep(self._rng.uniform(5, 60))
            client.act(lambda: station.clear_fault(evse))
        elif kind == 2:
            self._forget_some(client)
        elif kind == 3 and station.transaction(evse) is None:
            client.trace(f"the meter of EVSE {evse} is swapped")
            station.reset_register(evse, Decimal(self._rng.choice((0, 5_000))))
        elif kind == 4:
            self.moved_clocks = True
            client.set_clock(timedelta(hours=self._rng.choice((-6, -1, 0, 0, 1, 6))))
            client.trace("its clock is set")
        elif kind == 5:
            station.misbehaviour.garbage += 1
            client.live()
        else:
            station.misbehaviour.drop_mid_message += 1

    def _forget_some(self, client: Client) -> None:
        """Its memory was full, or it lost what was not yet written there."""
        station = client.station
        if station.online or not station.queued:
            return
        waiting = station.core.queue.waiting
        for each in list(waiting):
            if self._rng.random() < 0.5:
                waiting.remove(each)
                if each.entry:
                    station.journal.drop(each.entry, "forgotten")
        client.trace("forgets a part of its queue")
        self.lost_queues.add(client.plan.identity)

    def _say(self, what: str) -> None:
        self._stage.trace("chaos", what)
