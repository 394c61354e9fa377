"""Sees every frame and every commit as it happens, and says at once when a promise is broken."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from ricarica.engine.outbox import Told
from ricarica.engine.sql import MESSAGES, OUTBOX
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.reservations.model import ReservationState
from ricarica.reservations.sql import RESERVATIONS
from ricarica.stations.sql import CONNECTORS, STATIONS
from ricarica.storage.database import Add, Row, Save, Staged
from ricarica.transactions.sql import ENTRIES, RUNNING, SAMPLES, TRANSACTIONS
from tests.simulation.lines import TEXT, Line, text_of
from tests.simulation.servers import Server

CALL, RESULT, ERROR = 2, 3, 4
OWN_CALL_S = 29.9  # no command of ours waits for less
FRAME = msgspec.json.Decoder(list[msgspec.Raw])
# Told to those who watch, and not all kept.
PASSING = frozenset({"StreamAdvanced", "TokenJudged", "TransactionProgressed"})
OWNED = (TRANSACTIONS, SAMPLES, ENTRIES, CONNECTORS, RUNNING)
# What answers to nonsense name: the id that there was none, or the one in all nonsense.
NO_IDS = frozenset({b'"-1"', b'"x"', b'""'})


class BrokenPromiseError(AssertionError):
    """A promise was broken."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


TRIGGERS = frozenset({b'"TriggerMessage"', b'"ExtendedTriggerMessage"'})


@dataclass(slots=True)
class Talk:
    """What went over one line."""

    key: StationKey | None = None
    delivered: dict[bytes, float] = field(default_factory=dict)  # when a call came first
    calls: Counter[bytes] = field(default_factory=Counter)
    replies: Counter[bytes] = field(default_factory=Counter)
    statuses: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    asked: tuple[bytes, float] | None = None


@dataclass(slots=True)
class Counts:
    commits: int = 0
    messages: int = 0
    answers: int = 0
    kills: int = 0
    connections: int = 0


def _place(table: sa.Table, name: str) -> int:
    return list(table.columns.keys()).index(name)


EPOCH, ACCEPTANCE = _place(STATIONS, "epoch"), _place(STATIONS, "acceptance")
FROM_STATION, MESSAGE_ID = _place(MESSAGES, "from_station"), _place(MESSAGES, "message_id")
REPEAT_KEY, REF = _place(TRANSACTIONS, "repeat_key"), _place(TRANSACTIONS, "ref")
RESERVED_EVSE, STATE = _place(RESERVATIONS, "evse"), _place(RESERVATIONS, "state")
EXPIRES_AT, CHANGED_AT = _place(RESERVATIONS, "expires_at"), _place(RESERVATIONS, "changed_at")
EVENT_ID, KIND, BODY = _place(OUTBOX, "id"), _place(OUTBOX, "kind"), _place(OUTBOX, "body")
Owner = tuple[str, str]


class Watch:
    """Implements `servers.Watching`."""

    def __init__(self, now: Callable[[], float], trace: Callable[[str, str], None]) -> None:
        self.trace = trace
        self.found: BrokenPromiseError | None = None
        self.counts = Counts()
        self.talks: dict[Line, Talk] = {}
        self.statuses: dict[tuple[StationKey, int, int], tuple[int, datetime, str]] = {}
        self.announced: dict[str, Counter[str]] = {"TransactionStarted": Counter()}
        self.announced["TransactionEnded"] = Counter()
        self.hands: Counter[Owner] = Counter()  # stations on which an operator is at work
        self.epochs: dict[Owner, int] = {}
        self.acceptance: dict[Owner, str] = {}
        self.triggered: set[Owner] = set()  # asked to tell something
        self._now = now
        self._committed_at: dict[tuple[str, bytes], float] = {}
        self._delivered_over: dict[tuple[str, bytes], list[Line]] = {}
        self._numbers: dict[tuple[str, str], str] = {}
        self._events: set[int] = set()
        self._reservations: dict[tuple[str, int], Row] = {}

    def violate(self, invariant: str, what: str) -> None:
        self.found = self.found or BrokenPromiseError(invariant, what)

    # -- servers.Watching

    def seated(self, _server: Server, line: Line, key: StationKey) -> None:
        self.counts.connections += 1
        self._talk(line).key = key

    def died(self, _server: Server) -> None:
        self.counts.kills += 1

    # -- frames

    def received(self, line: Line, data: bytes) -> None:
        text = text_of(data)
        frame = _frame(text) if text else None
        if not frame:
            return
        talk = self._talk(line)
        if bytes(frame[0]) == b"2" and len(frame) > 1:
            id = bytes(frame[1])
            talk.delivered.setdefault(id, self._now())
            talk.calls[id] += 1
            self._delivered_over.setdefault((_station(line), id), []).append(line)
            if len(frame) == 4 and bytes(frame[2]) == b'"StatusNotification"':
                talk.statuses[id] = _payload(frame[3])
        elif talk.asked and len(frame) > 1 and talk.asked[0] == bytes(frame[1]):
            talk.asked = None

    def sent(self, line: Line, opcode: int, payload: bytes) -> None:
        if opcode != TEXT:
            return
        frame = FRAME.decode(payload)
        kind, id = int(bytes(frame[0])), bytes(frame[1])
        talk = self._talk(line)
        if kind == CALL:
            self._asks(line, talk, id)
            if talk.key and bytes(frame[2]) in TRIGGERS:
                self.triggered.add((talk.key.tenant, talk.key.station))
        elif kind in {RESULT, ERROR} and id not in NO_IDS:
            self._answers(line, talk, id, is_result=kind == RESULT)

    def _asks(self, line: Line, talk: Talk, id: bytes) -> None:
        if talk.asked and self._now() - talk.asked[1] < OWN_CALL_S:
            self.violate("I9", f"a second call over {line.name} while one is outstanding")
        talk.asked = (id, self._now())

    def _answers(self, line: Line, talk: Talk, id: bytes, *, is_result: bool) -> None:
        self.counts.answers += 1
        talk.replies[id] += 1
        if talk.replies[id] > talk.calls[id]:
            self.violate("I14", f"{id!r} was answered more often than asked over {line.name}")
        self._is_not_displaced(line)
        if not is_result:
            return
        written_at = self._committed_at.get((_station(line), id), -1.0)
        if written_at < talk.delivered.get(id, 0.0):
            self.violate("I1", f"{id!r} was answered over {line.name} before its commit")
        if (status := talk.statuses.pop(id, None)) is not None:
            self._note_status(line, talk, status)

    def _is_not_displaced(self, line: Line) -> None:
        current = self.epochs.get((DEFAULT_TENANT, _station(line)), 0)
        if line.epoch is not None and line.epoch < current:
            self.violate("I10", f"{line.name}, of epoch {line.epoch}, speaks in epoch {current}")

    def _note_status(self, line: Line, talk: Talk, status: dict[str, Any]) -> None:
        if talk.key is None or line.epoch is None or "timestamp" not in status:
            return
        evse = int(status.get("evseId", status["connectorId"]))
        connector = int(status["connectorId"]) if "evseId" in status else min(evse, 1)
        word = str(status.get("connectorStatus", status.get("status")))
        at = _instant(status["timestamp"])
        place = (talk.key, evse, connector)
        known = self.statuses.get(place)
        if known is None or (line.epoch, at) >= known[:2]:
            self.statuses[place] = (line.epoch, at, word)

    # -- commits

    def committed(self, server: Server, staged: Sequence[Staged]) -> None:
        self.counts.commits += 1
        rows: dict[sa.Table, list[Row]] = {}
        for item in staged:
            if isinstance(item, Add | Save):
                rows.setdefault(item.table, []).append(item.row)
        spoke = self._messages(rows.get(MESSAGES, ()))
        self._stations(rows.get(STATIONS, ()))
        for table in OWNED:
            self._owned(table, rows.get(table, ()), spoke)
        for row in rows.get(TRANSACTIONS, ()):
            self._number(row)
        self._reserved(rows.get(RESERVATIONS, ()))
        self._outbox(rows.get(OUTBOX, ()))
        tables = " ".join(f"{table.name}={len(each)}" for table, each in rows.items())
        self.trace(server.name, f"commits {tables}")

    def _messages(self, rows: Sequence[Row]) -> set[Owner]:
        spoke = set()
        for row in rows:
            if not row[FROM_STATION] or not row[MESSAGE_ID]:
                continue
            self.counts.messages += 1
            spoke.add((row[0], row[1]))
            lines: list[Line] = []
            for id in _spellings(row[MESSAGE_ID]):
                self._committed_at[row[1], id] = self._now()
                lines += self._delivered_over.get((row[1], id), ())
            self._is_fenced(row, lines)
        return spoke

    def _is_fenced(self, row: Row, lines: Sequence[Line]) -> None:
        epochs = [line.epoch for line in lines if line.epoch is not None]
        current = self.epochs.get((row[0], row[1]), 0)
        if epochs and max(epochs) < current:
            self.violate("I10", f"{row[1]}: {row[MESSAGE_ID]} of epoch {epochs} in {current}")

    def _stations(self, rows: Sequence[Row]) -> None:
        for row in rows:
            owner = (row[0], row[1])
            if row[EPOCH] < self.epochs.get(owner, 0):
                self.violate("I10", f"the epoch of {row[1]} fell to {row[EPOCH]}")
            self.epochs[owner] = row[EPOCH]
            self.acceptance[owner] = row[ACCEPTANCE]

    def _owned(self, table: sa.Table, rows: Sequence[Row], spoke: set[Owner]) -> None:
        for row in rows:
            owner = (row[0], row[1])
            if owner not in spoke and not self.hands[owner]:
                self.violate("I12", f"{table.name} of {row[1]} were written though it was silent")
            # B02.FR.02: what we trigger a pending station may tell, and an operator here does.
            is_asked = self.acceptance.get(owner) == "pending" and owner in self.triggered
            may_tell = is_asked and table.name == "connectors"
            if self.acceptance.get(owner) != "accepted" and not may_tell:
                self.violate("I11", f"{table.name} of {row[1]}, which nobody has accepted")

    def _number(self, row: Row) -> None:
        if row[REF] in {"0", "-1"}:
            self.violate("I8", f"{row[1]} has a transaction named {row[REF]}")
        if row[REPEAT_KEY] is None:
            return
        first = self._numbers.setdefault((row[1], row[REPEAT_KEY]), row[REF])
        if first != row[REF]:
            self.violate("I8", f"{row[1]}: one start was given the names {first} and {row[REF]}")

    def _reserved(self, rows: Sequence[Row]) -> None:
        self._reservations |= {(row[1], row[2]): row for row in rows}
        for row in rows:
            if row[STATE] != ReservationState.HELD or not row[RESERVED_EVSE]:
                continue
            place = (row[1], row[RESERVED_EVSE], row[STATE])
            held = [
                each
                for each in self._reservations.values()
                if (each[1], each[RESERVED_EVSE], each[STATE]) == place
                and each[EXPIRES_AT] > row[CHANGED_AT]
            ]
            if len(held) > 1:
                self.violate("I19", f"{row[1]} EVSE {row[RESERVED_EVSE]} is held {len(held)} times")

    def _outbox(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row[EVENT_ID] in self._events:
                self.violate("I3", f"the event {row[EVENT_ID]} is in the outbox twice")
            self._events.add(row[EVENT_ID])
            if row[KIND] in self.announced:
                body = msgspec.json.decode(row[BODY])
                self.announced[row[KIND]][body["transaction"]] += 1

    def published(self, told: Told) -> None:
        if told.kind not in PASSING and told.id not in self._events:
            self.violate("I2", f"{told.kind} {told.id} was published, and is nowhere")

    def _talk(self, line: Line) -> Talk:
        talk = self.talks.get(line)
        if talk is None:
            talk = self.talks[line] = Talk()
        return talk


def _station(line: Line) -> str:
    return StationId(line.name.partition("#")[0])


def _frame(text: str) -> list[msgspec.Raw] | None:
    try:
        return FRAME.decode(text)
    except msgspec.DecodeError:
        return None


def _payload(raw: msgspec.Raw) -> dict[str, Any]:
    payload: dict[str, Any] = msgspec.json.decode(raw)
    return payload


def _spellings(message_id: str) -> tuple[bytes, ...]:
    """As it may have stood in the frame: some stations number their messages."""
    text = msgspec.json.encode(message_id)
    return (text, message_id.encode()) if message_id.isdigit() else (text,)


def _instant(text: str) -> datetime:
    return msgspec.convert(text if text.endswith("Z") else text + "Z", datetime)
