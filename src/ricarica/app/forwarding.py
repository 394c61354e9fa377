"""Mirrors of the stations that are connected here, as the rows want it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

import structlog

from ricarica.engine.commands import Call
from ricarica.engine.core import Engine
from ricarica.engine.forwarding import Forward, Line, Standing, State
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Answer, Delivered, Outcome, Reply, Told
from ricarica.ocpp.dialects import Dialect
from ricarica.station_gateway.mirror import WAITING_MAX, Mirror, Said, Target

LOOK_EVERY_S = 5.0  # at the rows; nobody waits for a mirror to the second
READ_AGAIN_S = 300.0
BY = "second back end"

log = structlog.get_logger("ricarica.forwarding")


@dataclass(slots=True)
class _Running:
    forward: Forward
    dialect: Dialect
    mirror: Mirror
    task: "asyncio.Task[None]"
    noted: Standing = field(default_factory=Standing)


class Forwarder:
    """`run` until it is cancelled."""

    def __init__(self, engine: Engine, clock: Clock, rng: Random, *, may_be_private: bool) -> None:
        self._engine = engine
        self._clock = clock
        self._rng = rng
        self._may_be_private = may_be_private
        self._wanted: dict[StationKey, Forward] = {}
        self._state: State | None = None  # of the rows when they were read
        self._read_at = 0.0
        self._running: dict[StationKey, _Running] = {}
        # What stations said before it was noticed that they are here.
        self._awaited: set[StationKey] = set()
        self._early: dict[StationKey, deque[Said]] = {}

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self.look()
                except RicaricaError as error:
                    log.warning("forwarding.failed", error=str(error))
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for key in list(self._running):
                self._stop(key)
            for key in list(self._awaited):
                self._await_no_more(key)

    async def look(self) -> None:
        """Begin what is wanted, end what is not any more, and note how each stands."""
        await self._read()
        wanted = self._wanted
        news: dict[StationKey, Standing] = {}
        for key, running in list(self._running.items()):
            if not self._goes_on(running, wanted.get(key)):
                self._stop(key)
                if key in wanted:
                    news |= self._news(key, running, Line.OFF)
        for key in self._awaited - {key for key, forward in wanted.items() if forward.is_on}:
            self._await_no_more(key)
        for key, forward in wanted.items():
            if forward.is_on and key not in self._running:
                await self._begin_or_wait(forward)
        for key, running in self._running.items():
            is_connected = running.mirror.counts.is_connected
            news |= self._news(key, running, Line.CONNECTED if is_connected else Line.WAITING)
        await self._engine.forwards.note(news)

    async def _read(self) -> None:
        """The rows, when they have changed; now and then in any case, for clocks may differ."""
        now = self._clock.monotonic()
        state = await self._engine.forwards.state()
        if state != self._state or now - self._read_at >= READ_AGAIN_S:
            self._wanted = await self._engine.forwards.wanted()
            self._state, self._read_at = state, now

    def _goes_on(self, running: _Running, forward: Forward | None) -> bool:
        live = self._engine.live.get(running.forward.station)
        is_here = live is not None and live.dialect is running.dialect
        return is_here and forward == running.forward and not running.task.done()

    async def _begin_or_wait(self, forward: Forward) -> None:
        key = forward.station
        live = self._engine.live.get(key)
        if live is None:
            if key not in self._awaited:
                self._awaited.add(key)
                self._engine.taps[key] = _tap_of(partial(self._keep_early, key))
            return
        try:
            await self._begin(forward, live.dialect)
        except RicaricaError as error:
            log.warning("forward.failed", station=str(key), error=str(error))

    def _keep_early(self, key: StationKey, said: Said) -> None:
        self._early.setdefault(key, deque(maxlen=WAITING_MAX)).append(said)

    def _await_no_more(self, key: StationKey) -> deque[Said] | None:
        """What it has said meanwhile."""
        self._awaited.discard(key)
        self._engine.taps.pop(key, None)
        return self._early.pop(key, None)

    async def _begin(self, forward: Forward, dialect: Dialect) -> None:
        key = forward.station
        target = Target(
            forward.url,
            forward.identity or key.station,
            self._engine.forwards.password_of(forward),
            dialect,
            self._may_be_private,
        )
        boot = await self._engine.forwards.last_boot(key)

        async def carry(action: str, payload: bytes) -> Told:
            return await self._carry(key, action, payload)

        mirror = Mirror(target, boot, forward.allows, carry, self._clock, self._rng)
        mirror.waiting.extend(self._await_no_more(key) or ())
        self._engine.taps[key] = _tap_of(mirror.offer)
        task = asyncio.create_task(mirror.run())
        self._running[key] = _Running(forward, dialect, mirror, task)

    async def _carry(self, key: StationKey, action: str, payload: bytes) -> Told:
        try:
            called = await self._engine.commands.call(key, Call(action, payload), by=BY)
        except InvalidError as error:
            return Told(Outcome.REFUSED, code="FormationViolation", description=str(error)[:255])
        return called.told

    def _stop(self, key: StationKey) -> None:
        running = self._running.pop(key)
        self._engine.taps.pop(key, None)
        running.task.cancel()

    def _news(self, key: StationKey, running: _Running, line: Line) -> dict[StationKey, Standing]:
        """How it stands, unless that is known."""
        counts = running.mirror.counts
        before = running.noted
        said = (line, counts.why, counts.sent, counts.dropped)
        if said == (before.line, before.why, before.sent, before.dropped):
            return {}
        at = before.at if before.line is line and before.at else self._clock.now()
        running.noted = Standing(line, counts.why, at, counts.sent, counts.dropped)
        return {key: running.noted}


def _tap_of(
    offer: Callable[[Said], None],
) -> "Callable[[Delivered, Callable[[Reply], None]], Callable[[Reply], None]]":
    def tap(delivered: Delivered, reply: Callable[[Reply], None]) -> Callable[[Reply], None]:
        def told(ours: Reply) -> None:
            reply(ours)
            # What we could not store comes again, and is told then.
            if isinstance(ours, Answer) or not delivered.wants_answer:
                answer = ours.payload if isinstance(ours, Answer) else None
                said = Said(delivered.action, delivered.payload, answer, delivered.wants_answer)
                offer(said)

        return told

    return tap
