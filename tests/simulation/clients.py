"""A simulated station on a simulated line: it dials, talks, is lost, and dials again."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Protocol

from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.link.letters import Knock
from ricarica.simulator.core import BootState
from ricarica.simulator.simulated import SimulatedStation, ac_evse
from tests.simulation.lines import CLOSE, PING, PONG, TEXT, Line, Manners
from tests.simulation.plan import StationPlan
from tests.simulation.servers import Server
from tests.simulation.virtual import START, ServerClock, VirtualLoop

HANDSHAKE_S = 30.0
SILENCE_S = 200.0  # of the server, after which a station gives its connection up
LOOKS_S = 60.0
LOOKS_AGAIN_S = 5.0  # when it waits for something, and does not say until when
BOOT_FIRST = '"SecurityError","boot first"'
REPEATS = ("repeat_same_id", "repeat_other_id", "lose_acks")


class Network(Protocol):
    """Where a station's calls go."""

    @property
    def loop(self) -> VirtualLoop: ...

    @property
    def clock(self) -> ServerClock: ...

    @property
    def manners(self) -> Manners: ...

    def server_for(self, identity: str) -> Server | None:
        """A server that listens, or nobody."""
        ...

    def trace(self, who: str, what: str) -> None: ...


class Client:
    """Implements `lines.StationEnd`, for one line at a time."""

    def __init__(self, plan: StationPlan, network: Network, rng: Random) -> None:
        self.plan = plan
        self.key = StationKey(DEFAULT_TENANT, StationId(plan.identity))
        self.station = SimulatedStation(
            plan.dialect,
            plan.identity,
            [ac_evse(number) for number in range(1, plan.evses + 1)],
            Random(f"{plan.identity} {rng.random()}"),
            now=START,
        )
        self.calm = False  # no trouble of its own making any more
        self._network = network
        self._rng = rng
        self._line: Line | None = None
        self._lines = 0
        self._failures = 0
        self._was_online = False  # while it has a line to lose
        self._heard_at = 0.0
        self._left: asyncio.Event = asyncio.Event()
        self._accepted: asyncio.Future[bool] | None = None
        self._wake: asyncio.TimerHandle | None = None

    @property
    def is_settled(self) -> bool:
        """Nothing to tell any more, and connected to tell it."""
        station, line = self.station, self._line
        is_heard = station.online and line is not None and line.is_sound
        return is_heard and station.is_accepted and station.is_idle and not station.queued

    # -- keeping connected

    async def run(self) -> None:
        while True:
            server = self._network.server_for(self.plan.identity)
            if self.station.wants_connection and server:
                await self._connect(server)
            await asyncio.sleep(self._back_off())
            self.live()

    async def _connect(self, server: Server) -> None:
        network = self._network
        self._lines += 1
        line = Line(network.loop, self._rng, network.manners, f"{self.plan.identity}#{self._lines}")
        line.connect(_OneLine(self, line))
        self._line, self._accepted = line, network.loop.create_future()
        self._left.clear()
        await asyncio.sleep(network.manners.latency_s)
        server.receive(line, self._knock())
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                accepted = await self._accepted
        except TimeoutError:
            accepted = False
            line.leave()
        if accepted:
            self._failures = 0
            await self._talk(line)
        else:
            self._failures += 1
        self._line = None

    async def _talk(self, line: Line) -> None:
        self._misbehave()
        self._was_online = True
        self._heard_at = self._network.loop.time()
        self.act(self.station.go_online)
        leaves_at = self._heard_at + self._stay()
        try:
            while self._line is line and not self._left.is_set():
                looks_at = min(self._network.loop.time() + LOOKS_S, leaves_at)
                try:
                    async with asyncio.timeout_at(looks_at):
                        await self._left.wait()
                except TimeoutError:
                    self._give_up_when_silent(line)
                    if self._network.loop.time() >= leaves_at:
                        self._leave(line)
        finally:
            self._was_online = False
            self.live()
            self.station.go_offline()

    def _knock(self) -> Knock:
        password = self.plan.password
        return Knock(
            DEFAULT_TENANT,
            self.plan.identity,
            (self.plan.dialect.subprotocol,),
            secure=False,
            username=None if password is None else self.plan.identity.encode(),
            password=password,
            remote="192.0.2.1",
            at=self._network.clock.now(),
        )

    def _misbehave(self) -> None:
        faults = self.station.misbehaviour
        faults.reuse_ids = self.plan.reuses_ids
        for habit in self.plan.mangles:
            setattr(faults, habit, not self.calm)
        for habit in REPEATS:
            spends = not self.calm and self._rng.random() < self.plan.repeats
            setattr(faults, habit, self._rng.randint(1, 3) if spends else 0)

    def _stay(self) -> float:
        stays_s = self.plan.stays_s
        return self._rng.expovariate(1 / stays_s) if stays_s and not self.calm else 1e9

    def _give_up_when_silent(self, line: Line) -> None:
        if self._network.loop.time() - self._heard_at > SILENCE_S:
            self.trace("gives up a silent line")
            self._leave(line)

    def _leave(self, line: Line) -> None:
        line.leave()
        self._left.set()

    def _back_off(self) -> float:
        away_s = 0.0 if self.calm else self._rng.random() * self.plan.away_s
        return away_s + float(5 * 2 ** min(self._failures, 3) * (0.5 + self._rng.random()))

    # -- the line

    def opened(self) -> None:
        if self._accepted and not self._accepted.done():
            self.trace("connected")
            self._accepted.set_result(True)

    def turned_away(self, why: str) -> None:
        if self._accepted and not self._accepted.done():
            self.trace(f"turned away: {why}")
            self._accepted.set_result(False)

    def heard(self, line: Line, opcode: int, payload: bytes) -> None:
        if not self.station.online:
            return
        self._heard_at = self._network.loop.time()
        if opcode == TEXT:
            text = payload.decode()
            self.trace(f"< {text}")
            self.act(lambda: self.station.receive(text))
            self._be_impatient(text)
        elif opcode == PING:
            line.say(PONG, b"")
        elif opcode == CLOSE:
            self.trace(f"closed: {payload[2:].decode()}")
            line.say(CLOSE, payload)
            self._leave(line)

    def _be_impatient(self, text: str) -> None:
        """Some stations speak though they were told to wait, until they are told to boot."""
        core = self.station.core
        if self.plan.impatient and not self.calm and core.boot is BootState.PENDING:
            core.boot = BootState.ACCEPTED
            self.live()
        elif BOOT_FIRST in text and core.boot is BootState.ACCEPTED:
            core.boot, core.boot_due = BootState.UNKNOWN, core.now
            self.live()

    def lost(self, why: str) -> None:
        self.trace(why)
        if self._accepted and not self._accepted.done():
            self._accepted.set_result(False)
        self._left.set()

    # -- the station

    def act(self, what: Callable[[], object]) -> None:
        """Something happens at the station, now."""
        self.station.tick(self._network.clock.true_now())
        what()
        self._flush()

    def live(self) -> None:
        self.act(lambda: None)

    def set_clock(self, skew: timedelta) -> None:
        self.station.misbehaviour.clock_skew = skew

    def _flush(self) -> None:
        line = self._line
        texts = self.station.frames_to_send()
        if line and self.station.online and not self._left.is_set():
            for text in texts:
                self.trace(f"> {text}")
                line.say(TEXT, text.encode())
            if half := self.station.cut_short():
                self.trace("> half a frame")
                line.say_half(half.encode())
        elif line and not self.station.online and self._was_online and not self._left.is_set():
            self.trace("goes down")
            self._leave(line)
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._wake:
            self._wake.cancel()
            self._wake = None
        now = self._network.loop.time()
        due = self.station.deadline()
        at = max((due - START).total_seconds(), now + 0.001) if due else now + LOOKS_AGAIN_S
        if due or not self.station.is_idle:
            self._wake = self._network.loop.call_at(at, self.live)

    def trace(self, what: str) -> None:
        self._network.trace(self.plan.identity, what)


class _OneLine:
    """Lets a client hear only the line that it is on."""

    def __init__(self, client: Client, line: Line) -> None:
        self._client = client
        self._line = line

    def opened(self) -> None:
        if self._is_current():
            self._client.opened()

    def turned_away(self, why: str) -> None:
        if self._is_current():
            self._client.turned_away(why)

    def heard(self, opcode: int, payload: bytes) -> None:
        if self._is_current():
            self._client.heard(self._line, opcode, payload)

    def lost(self, why: str) -> None:
        if self._is_current():
            self._client.lost(why)

    def _is_current(self) -> bool:
        return self._client._line is self._line
