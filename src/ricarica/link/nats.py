"""The link among many processes: straight through where both ends are here, over NATS elsewhere.

Subjects, each behind the bus's prefix:

- `gateway.<node>.ask`, `.hang_up`, `.rule`: what is asked of the gateway that holds a station;
- `gateway.<node>.replies`: what cores answer to a gateway without a core of its own;
- `core.<node>.admit`, `.open`: a core that a gateway without one chose; `core.<node>`: what a
  station says, to the core that decides for it;
- `admit`, `open`: any core, for a gateway that has heard of none yet;
- `cores`: cores say that they live.
"""

from collections.abc import Awaitable, Callable

import msgspec

from ricarica.link.bus import Bus, NoAnswerError, UnreachedError
from ricarica.link.letters import (
    ANYWHERE,
    Admission,
    Ask,
    Challenge,
    Closed,
    CoreLives,
    Delivered,
    HangUp,
    Knock,
    Noted,
    Opened,
    Outcome,
    Posted,
    Replied,
    Reply,
    Ruled,
    Told,
    Welcomed,
)
from ricarica.link.local import LocalLink
from ricarica.link.ports import Decisions, Sockets
from ricarica.link.remote import RemoteDecisions

CORES = "cores"  # the queue group of all cores
QUEUEING_S = 30.0  # how long a call may wait at the gateway for those before it
RULING_S = 8.0  # a ping to the older connection, and its answer


class NatsLink:
    """Both ends of one process. What it lacks itself, it finds at others."""

    def __init__(self, bus: Bus, node: str, *, through_bytes: bool = False) -> None:
        self.bus = bus
        self.node = node
        self._local = LocalLink(through_bytes=through_bytes)
        self._remote: RemoteDecisions | None = None
        self._decides = False
        self._has_sockets = False
        self._stop_taking: list[Callable[[], Awaitable[None]]] = []

    def attach_decisions(self, decisions: Decisions) -> None:
        self._local.attach_decisions(decisions)
        self._decides = True

    def attach_sockets(self, sockets: Sockets) -> None:
        self._local.attach_sockets(sockets)
        self._has_sockets = True

    async def start(self, *, as_core: bool = True) -> None:
        """Be there for others: `as_core` says whether to decide for gateways without a core."""
        if self._has_sockets:
            await self._start_gateway()
        if self._decides and as_core:
            await self._start_core()
        if self._has_sockets and not self._decides:
            self._remote = RemoteDecisions(self.bus, self.node, self._local.hang_up)
            await self._remote.start()
        await self.bus.flush()

    def beat(self) -> None:
        """A core says that it lives."""
        if self._stop_taking:
            self.bus.send("cores", CoreLives(self.node))

    async def leave(self) -> None:
        """A core goes: gateways look for another at once, and what they sent is still answered."""
        stops, self._stop_taking = self._stop_taking, []
        for stop in stops:
            await stop()
        if stops:
            await self.bus.answered()  # who is let in at the last moment has to hear the rest
            await self.bus.flush()
            self.bus.send("cores", CoreLives(self.node, leaving=True))

    def check_cores(self, now: float) -> None:
        """A gateway without a core looks whether those it relies on still live."""
        if self._remote:
            self._remote.check(now)

    @property
    def trouble(self) -> str | None:
        """Why our gateway can let nobody in now."""
        return self._remote.trouble if self._remote else None

    @property
    def remote(self) -> RemoteDecisions | None:
        """What a gateway without a core has instead."""
        return self._remote

    # -- Decisions, for our gateway

    async def admit(self, knock: Knock) -> Admission:
        return await self._core.admit(knock)

    async def open(self, opened: Opened) -> int:
        return await self._core.open(msgspec.structs.replace(opened, node=self.node))

    def deliver(self, delivered: Delivered, reply: Callable[[Reply], None]) -> None:
        self._core.deliver(delivered, reply)

    def close(self, closed: Closed) -> None:
        self._core.close(closed)

    def note(self, noted: Noted) -> None:
        self._core.note(noted)

    @property
    def _core(self) -> Decisions:
        return self._remote or self._local

    # -- Sockets, for our core

    async def ask(self, ask: Ask) -> Told:
        if self._is_here(ask.node):
            return await self._local.ask(ask)
        subject = f"gateway.{ask.node}.ask"
        try:
            return await self.bus.request(subject, ask, Told, ask.timeout_s + QUEUEING_S)
        except UnreachedError:
            return Told(Outcome.UNREACHED)
        except NoAnswerError:
            return Told(Outcome.UNKNOWN)

    def hang_up(self, hang_up: HangUp) -> None:
        if self._is_here(hang_up.node) or hang_up.node == ANYWHERE:
            self._local.hang_up(hang_up)
        if hang_up.node == ANYWHERE:
            self.bus.send("gateways.hang_up", hang_up)
        elif not self._is_here(hang_up.node):
            self.bus.send(f"gateway.{hang_up.node}.hang_up", hang_up)

    async def rule(self, challenge: Challenge) -> Ruled | None:
        return await self._local.rule(challenge)

    def _is_here(self, node: str) -> bool:
        return not node or node == self.node

    # -- Neighbours, for our gateway

    async def challenge(self, challenge: Challenge) -> Ruled | None:
        if self._is_here(challenge.node):
            return None  # our own registry knows better
        try:
            return await self.bus.request(
                f"gateway.{challenge.node}.rule", challenge, Ruled, RULING_S
            )
        except (UnreachedError, NoAnswerError):
            return None

    # -- what others ask of us

    async def _start_gateway(self) -> None:
        here = f"gateway.{self.node}"
        await self.bus.serve(f"{here}.ask", Ask, self._local.ask)
        await self.bus.serve(f"{here}.rule", Challenge, self._local.rule)
        await self.bus.listen(f"{here}.hang_up", HangUp, self._hang_up_here)
        await self.bus.listen("gateways.hang_up", HangUp, self._hang_up_here)

    def _hang_up_here(self, hang_up: HangUp) -> None:
        if self._remote is None or self._remote.concerns(hang_up):
            self._local.hang_up(hang_up)

    async def _start_core(self) -> None:
        await self.bus.listen(f"core.{self.node}", Posted, self._take)
        self._stop_taking = [
            await self.bus.serve("admit", Knock, self._local.admit, queue=CORES),
            await self.bus.serve("open", Opened, self._welcome, queue=CORES),
            await self.bus.serve(f"core.{self.node}.admit", Knock, self._local.admit),
            await self.bus.serve(f"core.{self.node}.open", Opened, self._welcome),
        ]

    async def _welcome(self, opened: Opened) -> Welcomed:
        return Welcomed(self.node, await self._local.open(opened))

    def _take(self, posted: Posted) -> None:
        match posted.letter:
            case Delivered():
                self._local.deliver(posted.letter, self._replier(posted))
            case Closed():
                self._local.close(posted.letter)
            case Noted():
                self._local.note(posted.letter)

    def _replier(self, posted: Posted) -> Callable[[Reply], None]:
        """What is lost on the way is no loss: the gateway closes what stays without an answer."""
        subject, epoch = f"gateway.{posted.gateway}.replies", posted.letter.epoch

        def reply(reply: Reply) -> None:
            self.bus.send(subject, Replied(posted.number, epoch, reply))

        return reply
