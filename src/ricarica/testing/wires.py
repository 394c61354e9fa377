"""Wires between simulated stations and the engine: sockets without sockets."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ricarica.kernel.clock import Clock
from ricarica.kernel.ids import StationKey
from ricarica.link import letters
from ricarica.link.letters import (
    Answer,
    Ask,
    Closed,
    Delivered,
    Noted,
    Refusal,
    Reply,
    Told,
    Withheld,
)
from ricarica.link.ports import Decisions
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.events import (
    Abandoned,
    Answered,
    BadAnswer,
    CallReceived,
    Event,
    Garbled,
    LateAnswer,
    Refused,
    ResultRefused,
    SendReceived,
    TimedOut,
)
from ricarica.ocpp.session import Session
from ricarica.simulator.simulated import SimulatedStation
from ricarica.station_gateway.asks import Asks, late_from

ASKS_MAX = 100  # that wait; more than any story has


@dataclass(slots=True)
class Frames:
    """Everything that went over one station's wire, over all its connections."""

    dialect: str  # its name; a story's station speaks one
    from_station: list[str] = field(default_factory=list)
    to_station: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for watch in WATCHERS:
            watch(self)


WATCHERS: list[Callable[[Frames], object]] = []
"""Who wants to know of all that goes over wires; a run of tests, for what it has shown."""


class Wire:
    """One connection of one simulated station."""

    def __init__(
        self,
        station: SimulatedStation,
        key: StationKey,
        epoch: int,
        decisions: Decisions,
        clock: Clock,
        frames: Frames,
    ) -> None:
        self.station = station
        self.key = key
        self.epoch = epoch
        self.frames = frames
        self.is_open = True
        self._decisions = decisions
        self._clock = clock
        self._asked = 0
        self._session = Session(station.dialect, new_id=self._new_id)
        self._asks = Asks(self._session, ASKS_MAX)
        self._asks.let_go(clock.monotonic())

    @property
    def dialect(self) -> Dialect:
        return self.station.dialect

    def move(self) -> bool:
        """Carry what waits at either end; whether there was anything."""
        if not self.is_open:
            return False
        moved = False
        for text in self.station.frames_to_send():
            self.frames.from_station.append(text)
            self._handle(self._session.receive(text, self._clock.monotonic()))
            moved = True
        self._handle(self._session.expire(self._clock.monotonic()))
        for text in self._session.frames_to_send():
            self.frames.to_station.append(text)
            self.station.receive(text)
            moved = True
        return moved

    def inject(self, text: str) -> None:
        """Let the station's end say something that the station itself would not."""
        self.frames.from_station.append(text)
        self._handle(self._session.receive(text, self._clock.monotonic()))

    async def ask(self, ask: Ask) -> Told:
        return await self._asks.put(ask, self._clock.monotonic())

    def cut(self, reason: str = "lost") -> None:
        """The connection is gone, at both ends."""
        if not self.is_open:
            return
        self.is_open = False
        self.station.go_offline()
        self._handle(self._session.close())
        self._decisions.close(Closed(self.key, self.epoch, reason, self._clock.now()))

    def _new_id(self) -> str:
        self._asked += 1
        return f"{self.epoch}-{self._asked}"

    def _handle(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case CallReceived() | SendReceived():
                    self._deliver(event)
                case Answered() | Refused() | BadAnswer() | TimedOut() | Abandoned():
                    self._asks.settle(event, self._clock.monotonic())
                case LateAnswer(action=action):
                    self._note("late_answer", action, late=late_from(event))
                case Garbled(kind=kind, description=text):
                    self._note(kind, text)
                case ResultRefused(id=id, code=code, description=text):
                    self._note("result_refused", f"{id}: {code} {text}", str(id))

    def _note(
        self, kind: str, text: str, misread: str = "", late: letters.LateAnswer | None = None
    ) -> None:
        now = self._clock.now()
        self._decisions.note(Noted(self.key, self.epoch, kind, text, now, misread, late))

    def _deliver(self, event: CallReceived | SendReceived) -> None:
        wants_answer = isinstance(event, CallReceived)
        delivered = Delivered(
            key=self.key,
            epoch=self.epoch,
            subprotocol=self.dialect.subprotocol,
            message_id=str(event.id),
            action=event.action,
            payload=bytes(event.payload),
            digest=event.digest if isinstance(event, CallReceived) else b"",
            wants_answer=wants_answer,
            at=self._clock.now(),
            asked_for=event.action in self._asks.called_forth,
        )
        self._decisions.deliver(delivered, lambda reply: self._reply(event, reply))

    def _reply(self, event: CallReceived | SendReceived, reply: Reply) -> None:
        if not self.is_open or isinstance(event, SendReceived):
            return
        match reply:
            case Answer(payload=payload):
                self._handle(self._session.answer(event.id, payload))
            case Refusal(code=code, description=description, details=details):
                self._handle(self._session.refuse(event.id, code, description, details))
            case Withheld(reason=reason):
                self.cut(reason)


class Teller:
    """Says whatever a test wants, over the wire of a station that is connected."""

    def __init__(
        self,
        station: SimulatedStation,
        wire: Callable[[], Wire],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self.station = station
        self._wire = wire
        self._settle = settle
        self._said = 0

    @property
    def wire(self) -> Wire:
        """The one it is connected by now."""
        return self._wire()

    async def call(self, action: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        """The payload of the answer."""
        answer = await self.call_raw(action, payload)
        assert answer[0] == 3, f"{action} was refused: {answer}"
        found: dict[str, Any] = answer[2]
        return found

    async def send(self, action: str, payload: Mapping[str, Any]) -> None:
        """What is never answered."""
        self._said += 1
        self._wire().inject(json.dumps([6, f"sent-{self._said}", action, payload]))
        await self._settle()

    async def call_raw(self, action: str, payload: Mapping[str, Any]) -> list[Any]:
        """The whole frame of the answer."""
        return await self.call_text(action, json.dumps(payload))

    async def call_text(self, action: str, payload: str) -> list[Any]:
        """The same for what need not be JSON."""
        self._said += 1
        id = f"told-{self._said}-{len(self._wire().frames.from_station)}"
        wire = self._wire()
        wire.inject(f'[2, "{id}", "{action}", {payload}]')
        await self._settle()
        frames = (json.loads(text) for text in reversed(wire.frames.to_station))
        return next(frame for frame in frames if frame[1] == id)
