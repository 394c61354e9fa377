"""What NATS does between nodes: letters in order, late, and lost while it is away."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar, cast

import msgspec

from ricarica.kernel.errors import RicaricaError
from ricarica.link.bus import Bus, NoAnswerError, UnreachedError
from ricarica.link.letters import Letter
from tests.simulation.virtual import VirtualLoop

L = TypeVar("L", bound=Letter)
LATENCY_S = 0.002
Spend = Callable[[Coroutine[Any, Any, None]], object]


@dataclass(slots=True, eq=False)
class _Ear:
    bus: "SimulatedBus"
    kind: type[Letter]
    queue: str
    hear: Callable[[Any], None] | None = None
    answer: Callable[[Any], Awaitable[Letter | None]] | None = None


class Hub:
    """The one NATS server of a seed."""

    def __init__(self, loop: VirtualLoop, rng: Random) -> None:
        self.loop = loop
        self.rng = rng
        self.is_up = True
        self.ears: dict[str, list[_Ear]] = {}
        self._members: list[SimulatedBus] = []
        self._last_due: dict[tuple[SimulatedBus, SimulatedBus], float] = {}

    def bus(self, spend: Spend) -> Bus:
        member = SimulatedBus(self, spend)
        self._members.append(member)
        return cast("Bus", member)

    def forget(self, bus: Bus) -> None:
        """Its process is no more."""
        member = cast("SimulatedBus", bus)
        member.is_alive = False
        self._members.remove(member)
        for ears in self.ears.values():
            ears[:] = [ear for ear in ears if ear.bus is not member]

    def go_down(self) -> None:
        self.is_up = False
        for member in self._members:
            member.call_all(member.on_lost)

    def come_back(self) -> None:
        self.is_up = True
        for member in self._members:
            member.call_all(member.on_back)

    def carry(self, sender: "SimulatedBus", ear: "SimulatedBus", what: Callable[[], None]) -> None:
        """Letters from one to another arrive in order."""
        way = (sender, ear)
        due = self.loop.time() + self.rng.random() * LATENCY_S
        due = self._last_due[way] = max(due, self._last_due.get(way, 0.0) + 1e-6)
        self.loop.call_at(due, lambda: what() if ear.is_alive and self.is_up else None)


class SimulatedBus:
    """As `link.bus.Bus`, of one process."""

    bytes_max = 1 << 20
    letters = 0

    def __init__(self, hub: Hub, spend: Spend) -> None:
        self.is_alive = True
        self.on_lost: list[Callable[[], None]] = []
        self.on_back: list[Callable[[], None]] = []
        self._hub = hub
        self._spend = spend

    @property
    def is_connected(self) -> bool:
        return self.is_alive and self._hub.is_up

    def when_lost(self, call: Callable[[], None]) -> None:
        self.on_lost.append(call)

    def when_back(self, call: Callable[[], None]) -> None:
        self.on_back.append(call)

    def call_all(self, calls: list[Callable[[], None]]) -> None:
        for call in calls:
            call()

    def send(self, subject: str, letter: Letter) -> bool:
        if not self.is_connected:
            return False
        payload = msgspec.msgpack.encode(letter)
        for ear in self._hub.ears.get(subject, ()):
            if ear.bus is not self and ear.hear is not None:
                self._hub.carry(self, ear.bus, self._hearing(ear, payload))
        return True

    def _hearing(self, ear: _Ear, payload: bytes) -> Callable[[], None]:
        hear = ear.hear
        assert hear is not None, "only those who listen are told"
        return lambda: hear(msgspec.msgpack.decode(payload, type=ear.kind))

    async def request(self, subject: str, letter: Letter, answer: type[L], timeout_s: float) -> L:
        others = [ear for ear in self._hub.ears.get(subject, ()) if ear.bus is not self]
        if not self.is_connected or not others:
            raise UnreachedError(f"nobody listens at {subject}")
        ear = self._hub.rng.choice(others)
        told: asyncio.Future[bytes] = self._hub.loop.create_future()
        payload = msgspec.msgpack.encode(letter)
        self._hub.carry(self, ear.bus, lambda: ear.bus.respond(ear, payload, self, told))
        try:
            async with asyncio.timeout(timeout_s):
                back = await told
        except TimeoutError as error:
            raise NoAnswerError(f"no answer from {subject}") from error
        if not back:
            raise NoAnswerError(f"{subject} could not answer")
        return msgspec.msgpack.decode(back, type=answer)

    def respond(
        self, ear: _Ear, payload: bytes, asker: "SimulatedBus", told: "asyncio.Future[bytes]"
    ) -> None:
        async def answering() -> None:
            assert ear.answer is not None, "only those who serve are asked"
            try:
                letter = await ear.answer(msgspec.msgpack.decode(payload, type=ear.kind))
            except RicaricaError:
                letter = None
            back = msgspec.msgpack.encode(letter) if letter is not None else b""
            self._hub.carry(self, asker, lambda: _settle(told, back))

        self._spend(answering())

    async def listen(self, subject: str, kind: type[L], hear: Callable[[L], None]) -> None:
        self._hub.ears.setdefault(subject, []).append(_Ear(self, kind, "", hear=hear))

    async def serve(
        self,
        subject: str,
        kind: type[L],
        answer: Callable[[L], Awaitable[Letter | None]],
        *,
        queue: str = "",
    ) -> Callable[[], Awaitable[None]]:
        ear = _Ear(self, kind, queue, answer=answer)
        self._hub.ears.setdefault(subject, []).append(ear)

        async def stop() -> None:
            if ear in self._hub.ears[subject]:
                self._hub.ears[subject].remove(ear)

        return stop

    async def answered(self) -> None:
        """Who asked before we left is left to notice that we are gone."""

    async def flush(self) -> None:
        """What was said is on its way."""


def _settle(told: "asyncio.Future[bytes]", back: bytes) -> None:
    if not told.done():
        told.set_result(back)
