"""One connection of a station: what goes out next, and what an arriving text means."""

import json
from dataclasses import dataclass, field
from datetime import datetime

from ricarica.ocpp import actions, events, wire
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError, RemoteProtocolError, code_word
from ricarica.ocpp.events import CallReceived, Event
from ricarica.ocpp.frames import MessageId
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.session import Session
from ricarica.simulator import charging, commands, misbehaviour
from ricarica.simulator.core import (
    Answer,
    Answered,
    BootState,
    Call,
    Refused,
    Station,
    Unanswered,
)
from ricarica.simulator.journal import Entry
from ricarica.simulator.queue import Waiting

ANSWER_TYPES = ("[3,", "[4,")


@dataclass(slots=True, eq=False)
class InFlight:
    """What we asked and wait for. `waiting` is set for a transaction message."""

    payload: Payload
    call: Call | None = None
    waiting: Waiting | None = None
    entry: Entry | None = None


@dataclass(slots=True, eq=False)
class Connection:
    station: Station
    opened_at: datetime
    in_flight: InFlight | None = None
    calls_made: int = 0
    extra: list[str] = field(default_factory=list)
    """Frames that only a misbehaving station would send."""
    cut_short: str | None = None
    """The half frame after which the socket is to be torn down."""
    session: Session = field(init=False)

    def __post_init__(self) -> None:
        self.session = Session(self.station.dialect, new_id=self._new_id)

    def _new_id(self) -> str:
        self.calls_made += 1
        reuses = self.station.misbehaviour.reuse_ids
        return str(self.calls_made) if reuses else self.station.fresh_ref()

    def _seconds(self) -> float:
        return (self.station.now - self.opened_at).total_seconds()

    # Out

    def pump(self) -> None:
        """Send the next call, if nothing is outstanding and anything waits."""
        station = self.station
        self._send_unanswered()
        if self.in_flight is not None or station.misbehaviour.is_silent:
            return
        upcoming = self._next_call() or self._next_transaction_message()
        if upcoming is None:
            return
        self.in_flight = upcoming
        action = action_of(upcoming.payload)
        timeout_s = station.settings.seconds("message_timeout").total_seconds()
        station.heartbeat_due = station.now + commands.heartbeat_interval(station)
        payload = wire.encode(upcoming.payload, station.dialect)
        self.session.call(action, payload, self._seconds(), timeout_s, upcoming)
        if station.misbehaviour.parallel_calls:
            self._call_in_parallel()

    def _send_unanswered(self) -> None:
        """These wait for nobody, and nobody answers them. (2.1 SEND)"""
        sends = self.station.sends
        while sends:
            payload = sends.popleft()
            self.session.tell(action_of(payload), wire.encode(payload, self.station.dialect))

    def _next_call(self) -> InFlight | None:
        calls = self.station.calls
        for call in calls:
            if self.station.is_accepted or call.before_acceptance:
                calls.remove(call)
                return InFlight(call.payload, call=call)
        return None

    def _next_transaction_message(self) -> InFlight | None:
        station = self.station
        waiting = station.queue.next(station.now) if station.is_accepted else None
        if waiting is None:
            return None
        payload = station.speech.event(waiting.event)
        return InFlight(payload, waiting=waiting, entry=self._entry(waiting, payload))

    def _entry(self, waiting: Waiting, payload: Payload) -> Entry:
        """The journal's line for this fact: one, however often it is sent."""
        if waiting.entry is None:
            waiting.entry = self._note(payload, waiting.event.at)
        return waiting.entry

    def _note(self, payload: Payload, at: datetime) -> Entry:
        station = self.station
        return station.journal.note(
            Entry(
                at=at,
                station=station.identity,
                kind=action_of(payload),
                key=station.speech.event_key(payload),
                payload=json.loads(wire.encode(payload, station.dialect)),
                sent_at=station.now,
            )
        )

    def _call_in_parallel(self) -> None:
        for _ in range(2):
            heartbeat = f'[2,"{self.station.fresh_ref()}","Heartbeat",{{}}]'
            self.extra.append(heartbeat)

    def frames_to_send(self) -> list[str]:
        """Texts for the socket. A station that misbehaves spoils them here, at the last moment."""
        faults = self.station.misbehaviour
        texts = [*self.session.frames_to_send(), *self.extra]
        self.extra = []
        if faults.is_silent:
            return []
        spoilt = [each for text in texts for each in self._spoilt(text)]
        while faults.spend("garbage"):
            spoilt.append(misbehaviour.garbage(self.station.rng))
        return spoilt

    def _spoilt(self, text: str) -> list[str]:
        faults = self.station.misbehaviour
        if self.cut_short is not None:
            return []
        if faults.mangles and misbehaviour.is_call(text):
            text = faults.mangled(text)
        if faults.spend("drop_mid_message"):
            self.cut_short = misbehaviour.cut_off(text)
            return []
        if misbehaviour.is_call(text):
            if faults.spend("repeat_same_id"):
                return [text, text]
            if faults.spend("repeat_other_id"):
                return [text, misbehaviour.with_id(text, self.station.fresh_ref())]
        return [text]

    # In

    def receive(self, text: str) -> None:
        if self.station.misbehaviour.is_silent or self._loses(text):
            return
        self._heed(self.session.receive(text, self._seconds()))

    def _loses(self, text: str) -> bool:
        is_ack = self.in_flight is not None and self.in_flight.waiting is not None
        return (
            is_ack
            and text.startswith(ANSWER_TYPES)
            and self.station.misbehaviour.spend("lose_acks")
        )

    def expire(self) -> None:
        self._heed(self.session.expire(self._seconds()))

    def close(self) -> None:
        self._heed(self.session.close())

    def deadline_s(self) -> float | None:
        return self.session.next_deadline()

    def _heed(self, happened: list[Event]) -> None:
        """Act on each event; answering one call may bring the next."""
        pending = list(happened)
        while pending:
            pending.extend(self._heed_one(pending.pop(0)))

    def _heed_one(self, event: Event) -> list[Event]:
        match event:
            case events.CallReceived():
                return self._carry_out(event)
            case events.Answered(tag=InFlight() as asked):
                self._settle(asked, self._read_answer(asked, event))
            case events.Refused(tag=InFlight() as asked):
                self._settle(asked, Refused(event.code, event.description))
            case events.BadAnswer(tag=InFlight() as asked):
                self._settle(asked, Refused("GenericError", event.description))
            case events.TimedOut(tag=InFlight() as asked):
                self._settle(asked, Unanswered())
            case events.Abandoned(tag=InFlight() as asked):
                self._settle(asked, Unanswered())
            case _:
                pass  # late, unknown and broken texts change nothing at a station
        return []

    def _read_answer(self, asked: InFlight, event: events.Answered) -> Answer:
        expected = actions.response_type(self.station.dialect, event.action)
        assert expected is not None, "an answer to what is never answered"
        try:
            return Answered(wire.decode(event.payload, expected), bytes(event.payload))
        except RemoteProtocolError as error:
            word = code_word(error.kind, self.station.dialect)
            self.session.reject_result(event.id, word, error.description)
            return Refused(word, error.description)

    def _settle(self, asked: InFlight, answer: Answer) -> None:
        if self.in_flight is asked:
            self.in_flight = None
        if asked.call is not None:
            asked.call.then(answer)
        if asked.waiting is not None:
            self._settle_transaction_message(asked, asked.waiting, answer)

    def _settle_transaction_message(
        self, asked: InFlight, waiting: Waiting, answer: Answer
    ) -> None:
        station = self.station
        assert asked.entry is not None, "a transaction message is always in the journal"
        match answer:
            case Answered():
                station.queue.delivered()
                station.journal.acknowledge(asked.entry, station.now, json.loads(answer.raw))
                heard = station.speech.event_answer(answer.payload)
                charging.heed_event_answer(station, waiting.event, heard)
            case Refused():
                if station.queue.refused(station.now, station.retry_rule) is not None:
                    station.journal.drop(asked.entry, f"{answer.code}: {answer.description}")
            case Unanswered():
                station.queue.unanswered(station.now, station.retry_rule)

    # What the server wants

    def _carry_out(self, call: CallReceived) -> list[Event]:
        station = self.station
        if station.misbehaviour.ignores_calls:
            return []
        if station.boot is BootState.REJECTED:
            return self._refuse(call.id, ErrorKind.SECURITY, "not accepted yet")
        expected = actions.request_type(station.dialect, call.action)
        if expected is None:
            return self._refuse(call.id, ErrorKind.NOT_IMPLEMENTED, "unknown action")
        try:
            request = wire.decode(call.payload, expected)
        except RemoteProtocolError as error:
            return self._refuse(call.id, error.kind, error.description)
        command = station.abilities.commands.get(type(request))
        answer = command(station, request) if command is not None else None
        if answer is None:
            return self._refuse(call.id, ErrorKind.NOT_IMPLEMENTED, "this station cannot do that")
        return self._answer(call.id, answer)

    def _answer(self, message_id: MessageId, answer: Payload) -> list[Event]:
        try:
            payload = wire.encode(answer, self.station.dialect)
        except LocalProtocolError as error:
            return self._refuse(message_id, ErrorKind.INTERNAL, str(error))
        return self.session.answer(message_id, payload)

    def _refuse(self, message_id: MessageId, kind: ErrorKind, why: str) -> list[Event]:
        return self.session.refuse(message_id, code_word(kind, self.station.dialect), why)


def action_of(payload: Payload) -> str:
    return type(payload).__name__.removesuffix("Request")
