"""One connection's conversation: texts and times in, events, texts and a deadline out.

It does no I/O and has no clock: the driver hands in what it received and what time it is (any
monotonic seconds), acts on the events, sends `frames_to_send()` after every call, and calls
`expire` when `next_deadline()` has passed. Both ends of a connection use the same class.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import msgspec

from ricarica.ocpp import frames
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError, code_word, shortened
from ricarica.ocpp.events import (
    Abandoned,
    Answered,
    BadAnswer,
    CallReceived,
    Event,
    Garbled,
    LateAnswer,
    Overrun,
    Refused,
    Repeated,
    ResultRefused,
    SendReceived,
    TimedOut,
    UnsolicitedAnswer,
)
from ricarica.ocpp.frames import MessageId, Unreadable
from ricarica.ocpp.memory import Memory

INTRODUCTION = "BootNotification"
# What all dialects call a ProtocolError, and only some of them something else besides.
LITERAL = frozenset({ErrorKind.MALFORMED_CALL, ErrorKind.FORMATION})
# What is true only at the moment: the same again with the same id, once it was answered, is no
# repeat but news, of a station that has few ids.
FLEETING = frozenset({INTRODUCTION, "Authorize", "Heartbeat", "StatusNotification"})
UNREADABLE_ID = "-1"  # OCPP-J 2.x §4.2.3: the id to answer with when there was none
# The time-out of a call that keeps a person waiting: how long it is is up to us (OCPP-J 2.1
# §4.1.2), and whoever has not answered by then seldom does.
HURRIED_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    own_calls_max: int = 64  # waiting to be sent; commands come from people, one at a time
    peer_calls_max: int = 32  # waiting for their turn; a proper peer has none
    repeats_max: int = 256  # ids remembered per generation; an hour of one a quarter minute
    repeats_s: float = 300  # how long at least, for stations retry within minutes


class _OwnCall(msgspec.Struct):
    id: str
    action: str
    payload: bytes
    timeout_s: float
    tag: Any
    is_urgent: bool
    was_hurried: bool = False
    deadline: float = 0.0


class Session:
    __slots__ = (
        "_current",
        "_dialect",
        "_introduced",
        "_limits",
        "_memory",
        "_new_id",
        "_out",
        "_outstanding",
        "_own_waiting",
        "_peer_waiting",
        "_timed_out",
    )

    def __init__(
        self,
        dialect: Dialect,
        *,
        new_id: Callable[[], str],
        limits: Limits = Limits(),
        introduced: bool = True,
    ) -> None:
        """`introduced`: the peer has booted before. A stranger is taken at its word: until it
        has introduced itself, nothing it gets wrong is tolerated."""
        self._dialect = dialect
        self._introduced = introduced
        self._new_id = new_id
        self._limits = limits
        self._out: list[str] = []
        self._outstanding: _OwnCall | None = None
        self._own_waiting: deque[_OwnCall] | None = None
        self._timed_out: deque[_OwnCall] | None = None
        self._current: CallReceived | None = None
        self._peer_waiting: deque[CallReceived | SendReceived] | None = None
        self._memory: Memory | None = None

    @property
    def dialect(self) -> Dialect:
        return self._dialect

    @property
    def is_introduced(self) -> bool:
        return self._introduced

    # --- what the driver asks after every call ------------------------------------------------

    def frames_to_send(self) -> list[str]:
        """The texts to send now, in order. Each is given once."""
        out, self._out = self._out, []
        return out

    def next_deadline(self) -> float | None:
        """When to call `expire`."""
        return self._outstanding.deadline if self._outstanding else None

    def asking(self) -> Any:
        """The tag of the call that the peer owes an answer to; None: it owes none."""
        return self._outstanding.tag if self._outstanding else None

    def receive_window(self) -> int:
        """How many more calls of the peer there is room for. At 0, stop reading."""
        return self._limits.peer_calls_max - len(self._peer_waiting or ())

    # --- what we say --------------------------------------------------------------------------

    def call(
        self,
        action: str,
        payload: bytes,
        now: float,
        timeout_s: float,
        tag: Any,
        *,
        is_urgent: bool = False,
    ) -> None:
        """Ask the peer: at once, or when our earlier calls have been answered.

        The time-out counts from the sending. `tag` comes back with the outcome. What is urgent
        goes before what is not, and what is not and was sent already gets less time.
        """
        own = _OwnCall(self._new_id(), action, payload, timeout_s, tag, is_urgent)
        if not self._outstanding:
            self._send_call(own, now)
            return
        if self._own_waiting is None:
            self._own_waiting = deque()
        if len(self._own_waiting) >= self._limits.own_calls_max:
            raise LocalProtocolError(f"{len(self._own_waiting)} calls are waiting already")
        if is_urgent:
            self._own_waiting.insert(sum(each.is_urgent for each in self._own_waiting), own)
            self._hurry(self._outstanding)
        else:
            self._own_waiting.append(own)

    def tell(self, action: str, payload: bytes) -> None:
        """Say what is never answered (SEND), even while a call is outstanding."""
        if not self._dialect.has_unanswered_calls:
            raise LocalProtocolError(f"{self._dialect} has no unanswered calls")
        self._write(frames.Send(self._new_id(), action, msgspec.Raw(payload)))

    def answer(self, message_id: MessageId, payload: bytes) -> list[Event]:
        """Answer the peer's call. The events are what it had asked meanwhile."""
        if self._current and self._current.action == INTRODUCTION:
            self._introduced = True
        return self._settle(frames.CallResult(message_id, msgspec.Raw(payload)))

    def refuse(
        self, message_id: MessageId, code: str, description: str = "", details: bytes = b"{}"
    ) -> list[Event]:
        """Answer the peer's call with an error. The details are an object."""
        text = shortened(description)
        return self._settle(frames.CallError(message_id, code, text, msgspec.Raw(details)))

    def reject_result(self, message_id: MessageId, code: str, description: str = "") -> bool:
        """Tell the peer that its answer was wrong, if the dialect has words for that."""
        if self._dialect.has_result_errors:
            self._write(frames.CallResultError(message_id, code, shortened(description)))
        return self._dialect.has_result_errors

    # --- what the peer says -------------------------------------------------------------------

    def receive(self, text: str | bytes, now: float) -> list[Event]:
        frame = frames.read(text)
        match frame:
            case frames.Call():
                return self._call_received(frame, now)
            case frames.CallResult() | frames.CallError():
                return self._answer_received(frame, now)
            case frames.Send() if self._dialect.has_unanswered_calls:
                return self._in_turn(SendReceived(frame.id, frame.action, frame.payload))
            case frames.CallResultError() if self._dialect.has_result_errors:
                return [ResultRefused(frame.id, frame.code, frame.description or "")]
            case frames.Send() | frames.CallResultError():
                why = "there are no messages of type 5 and 6"
                return self._garbled(Unreadable(ErrorKind.MESSAGE_TYPE, why, id=frame.id), now)
            case Unreadable():
                return self._garbled(frame, now)

    def expire(self, now: float) -> list[Event]:
        """Give up the call whose time is over, and send the next."""
        own = self._outstanding
        if not own or now < own.deadline:
            return []
        if self._timed_out is None:
            self._timed_out = deque(maxlen=16)  # more cannot have timed out within minutes
        self._timed_out.append(own)
        self._send_next(now)
        return [TimedOut(own.tag, own.id, own.action, own.was_hurried)]

    def close(self) -> list[Event]:
        """The connection is gone: what becomes of our calls."""
        sent, waiting = self._outstanding, self._own_waiting or ()
        self._outstanding = self._own_waiting = None
        self._out = []
        abandoned: list[Event] = []
        if sent:
            abandoned = [Abandoned(sent.tag, sent.id, sent.action, sent=True)]
        return abandoned + [Abandoned(own.tag, own.id, own.action, sent=False) for own in waiting]

    # --- the peer's calls ---------------------------------------------------------------------

    def _call_received(self, call: frames.Call, now: float) -> list[Event]:
        if not self._introduced and call.action != INTRODUCTION and isinstance(call.id, int):
            why = "message ids are strings"
            return self._garbled(
                Unreadable(ErrorKind.PROTOCOL, why, message_type=frames.CALL, id=call.id), now
            )
        if self._memory is None:
            self._memory = Memory(self._limits.repeats_max, self._limits.repeats_s, now)
        digest = _digest(call)
        before = self._memory.recall(call.id, now)
        is_news = before and before.answer and call.action in FLEETING
        if before and before.digest == digest and not is_news:
            if before.answer:
                self._out.append(before.answer)
            return [Repeated(call.id, call.action)]
        self._memory.keep(call.id, digest)
        received = CallReceived(call.id, call.action, call.payload, digest, bool(before))
        return self._in_turn(received)

    def _in_turn(self, received: CallReceived | SendReceived) -> list[Event]:
        """Hand out what the peer said, unless it owes us patience for an earlier call."""
        if not self._current:
            return self._handed_out(received)
        if self._peer_waiting is None:
            self._peer_waiting = deque()
        if self.receive_window() <= 0:
            return [Overrun()]
        self._peer_waiting.append(received)
        return []

    def _handed_out(self, received: CallReceived | SendReceived) -> list[Event]:
        if isinstance(received, CallReceived):
            self._current = received
        return [received]

    def _settle(self, frame: frames.CallResult | frames.CallError) -> list[Event]:
        current = self._current
        if not current or current.id != frame.id:
            raise LocalProtocolError(f"there is no call {frame.id!r} to answer")
        text = self._write(frame)
        assert self._memory, "a call was received"
        self._memory.answered(current.id, current.digest, text)
        self._current = None
        events: list[Event] = []
        while self._peer_waiting and not self._current:
            events += self._handed_out(self._peer_waiting.popleft())
        return events

    # --- our calls ----------------------------------------------------------------------------

    def _send_call(self, own: _OwnCall, now: float) -> None:
        own.deadline = now + own.timeout_s
        self._outstanding = own
        self._write(frames.Call(own.id, own.action, msgspec.Raw(own.payload)))

    def _hurry(self, own: _OwnCall) -> None:
        if not own.is_urgent and not own.was_hurried:
            own.was_hurried = True
            own.deadline += min(HURRIED_S - own.timeout_s, 0.0)

    def _send_next(self, now: float) -> None:
        self._outstanding = None
        if self._own_waiting:
            self._send_call(self._own_waiting.popleft(), now)

    def _answer_received(
        self, frame: frames.CallResult | frames.CallError, now: float
    ) -> list[Event]:
        own = self._outstanding
        if not own or own.id != frame.id:
            return [self._late(frame)]
        self._send_next(now)
        if isinstance(frame, frames.CallResult):
            return [Answered(own.tag, own.id, own.action, frame.payload)]
        text = frame.description or ""
        return [Refused(own.tag, own.id, own.action, frame.code, text, frame.details)]

    def _late(self, frame: frames.CallResult | frames.CallError) -> Event:
        for own in self._timed_out or ():
            if own.id == frame.id and self._timed_out:
                self._timed_out.remove(own)
                if isinstance(frame, frames.CallResult):
                    return LateAnswer(own.tag, own.id, own.action, payload=frame.payload)
                return LateAnswer(own.tag, own.id, own.action, code=frame.code)
        return UnsolicitedAnswer(frame.id)

    # --- what is no message -------------------------------------------------------------------

    def _garbled(self, unreadable: Unreadable, now: float) -> list[Event]:
        own = self._outstanding
        answers = (frames.CALL_RESULT, frames.CALL_ERROR)
        if own and unreadable.id == own.id and unreadable.message_type in answers:
            self._send_next(now)
            if unreadable.message_type == frames.CALL_RESULT:
                code = code_word(unreadable.kind, self._dialect)
                self.reject_result(own.id, code, unreadable.description)
            return [BadAnswer(own.tag, own.id, own.action, unreadable.description)]
        if answered := _has_an_answer(unreadable, self._dialect):
            message_id = UNREADABLE_ID if unreadable.id is None else unreadable.id
            kind = unreadable.kind
            if not self._introduced and kind in LITERAL:
                kind = ErrorKind.PROTOCOL
            code = code_word(kind, self._dialect)
            self._write(frames.CallError(message_id, code, shortened(unreadable.description)))
        return [Garbled(unreadable.kind, unreadable.description, answered)]

    def _write(self, frame: frames.Frame) -> str:
        text = frames.write(frame)
        self._out.append(text)
        return text


def _digest(call: frames.Call) -> bytes:
    hashed = blake2b(call.action.encode(), digest_size=16)
    hashed.update(call.payload)
    return hashed.digest()


def _has_an_answer(unreadable: Unreadable, dialect: Dialect) -> bool:
    """An error may only answer a call, or, in some dialects, what might have been one."""
    if unreadable.kind is ErrorKind.MESSAGE_TYPE:
        return dialect.answers_unknown_message_types and isinstance(unreadable.id, str)
    if unreadable.id is None:
        return dialect.answers_unreadable_frames
    return unreadable.message_type == frames.CALL
