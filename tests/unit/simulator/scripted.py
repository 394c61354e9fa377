"""A server that says what a test wrote down, and holds every frame against the official schema."""

import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.simulated import SimulatedStation, ac_evse
from tests.wire.ocpp import official

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
Json = dict[str, Any]
Response = Json | str | None
"""A payload, an error code, or None for silence."""


class ScriptedServer:
    """Answers like a friendly server unless `script` says otherwise for an action."""

    def __init__(self, station: SimulatedStation) -> None:
        self.station = station
        self.now = NOON
        self.script: dict[str, Callable[[Json], Response]] = {}
        self.heard: list[tuple[str, Json]] = []
        self.told: list[tuple[str, Json]] = []
        """What came by SEND, and is not answered."""
        self.answers: dict[str, Json | str] = {}
        self.garbage: list[str] = []
        self._transaction_ids = itertools.count(4711)
        self._ids = itertools.count(1)
        self._commands: dict[str, str] = {}
        self._last_start: tuple[str, int] | None = None
        station.tick(self.now)

    # Time and network

    def connect(self) -> None:
        self.station.go_online()
        self.exchange()

    def disconnect(self) -> None:
        self.station.go_offline()

    def let_pass(self, seconds: int) -> None:
        """Time goes by; whatever falls due is exchanged when it does."""
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            due = self.station.deadline()
            self.now = min(end, due) if due is not None else end
            self.station.tick(self.now)
            self.exchange()

    def exchange(self) -> None:
        while texts := self.station.frames_to_send():
            for text in texts:
                self._read(text)

    # Talking

    def command(self, action: str, payload: Json | None = None) -> Json | str:
        """The station's answer: a payload, or the code of its refusal."""
        message_id = f"c{next(self._ids)}"
        self._commands[message_id] = action
        _assert_valid(self.station.dialect, f"{action}Request", payload or {})
        self.station.receive(json.dumps([2, message_id, action, payload or {}]))
        self.exchange()
        return self.answers[message_id]

    def of(self, action: str) -> list[Json]:
        """What the station said with this action so far."""
        return [payload for name, payload in self.heard if name == action]

    def events(self) -> list[Json]:
        return self.of("TransactionEvent")

    def forget(self) -> None:
        self.heard.clear()

    def _read(self, text: str) -> None:
        try:
            frame = json.loads(text, parse_float=Decimal)
        except json.JSONDecodeError:
            self.garbage.append(text)
            return
        if not isinstance(frame, list) or len(frame) < 3 or frame[0] not in (2, 3, 4, 6):
            self.garbage.append(text)
        elif frame[0] == 6:
            _assert_valid(self.station.dialect, f"{frame[2]}Request", frame[3])
            self.told.append((frame[2], frame[3]))
        elif frame[0] == 2:
            self._read_call(*frame[1:])
        else:
            self._read_answer(frame)

    def _read_call(self, message_id: str, action: str, payload: Json) -> None:
        if not self.station.misbehaviour.mangles and action != "NoSuchAction":
            _assert_valid(self.station.dialect, f"{action}Request", payload)
        self.heard.append((action, payload))
        response = self.script.get(action, self.friendly(action))(payload)
        if isinstance(response, str):
            self.station.receive(json.dumps([4, message_id, response, "", {}]))
        elif response is not None:
            _assert_valid(self.station.dialect, f"{action}Response", response)
            self.station.receive(json.dumps([3, message_id, response]))

    def _read_answer(self, frame: list[Any]) -> None:
        message_id = frame[1]
        if frame[0] == 4:
            self.answers[message_id] = str(frame[2])
            return
        action = self._commands[message_id]
        _assert_valid(self.station.dialect, f"{action}Response", frame[2])
        self.answers[message_id] = frame[2]

    def friendly(self, action: str) -> Callable[[Json], Response]:
        if self.station.dialect.family == "v16":
            return {
                "StartTransaction": self._start,
                "BootNotification": lambda _: self._boot(),
                "Heartbeat": lambda _: {"currentTime": stamp(self.now)},
                "Authorize": lambda _: {"idTagInfo": {"status": "Accepted"}},
                "StopTransaction": lambda _: {"idTagInfo": {"status": "Accepted"}},
            }.get(action, lambda _: {})
        return {
            "BootNotification": lambda _: self._boot(),
            "Heartbeat": lambda _: {"currentTime": stamp(self.now)},
            "Authorize": lambda _: {"idTokenInfo": {"status": "Accepted"}},
        }.get(action, lambda _: {})

    def _boot(self) -> Json:
        return {"status": "Accepted", "currentTime": stamp(self.now), "interval": 300}

    def _start(self, payload: Json) -> Json:
        key = json.dumps(payload)
        if self._last_start is None or self._last_start[0] != key:
            self._last_start = key, next(self._transaction_ids)
        return {"idTagInfo": {"status": "Accepted"}, "transactionId": self._last_start[1]}


def stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _assert_valid(dialect: Dialect, name: str, payload: Json) -> None:
    complaint = official.complaint(dialect, name, payload)
    assert complaint is None, f"{dialect} {name} {payload}: {complaint}"


def booted(dialect: Dialect) -> ScriptedServer:
    """A server whose station has two sockets, and has reported them."""
    station = SimulatedStation(dialect, "RIC-0001", [ac_evse(1), ac_evse(2)], Random(1), now=NOON)
    server = ScriptedServer(station)
    server.connect()
    server.forget()
    return server


def charging(dialect: Dialect) -> ScriptedServer:
    server = booted(dialect)
    server.station.plug_in(1)
    server.station.present("TAG1", 1)
    server.exchange()
    return server


def status_of(answer: Json | str) -> Any:
    assert isinstance(answer, dict), answer
    return answer["status"]


def ref(server: ScriptedServer) -> str:
    running = server.station.transaction(1)
    assert running is not None
    return running.ref
