"""One station's connection: its conversation, driven by its socket, the core and the clock."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import structlog

from ricarica.kernel.ids import StationKey
from ricarica.link import letters
from ricarica.link.letters import Answer, Ask, Closed, Delivered, Noted, Refusal, Reply, Told
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
from ricarica.ocpp.frames import MessageId
from ricarica.ocpp.session import Session
from ricarica.station_gateway.admission import Visitor
from ricarica.station_gateway.asks import Asks, late_from
from ricarica.station_gateway.duplicates import Claim
from ricarica.station_gateway.liveness import Liveness, Pulse
from ricarica.station_gateway.station_socket import StationSocket
from ricarica.station_gateway.surroundings import Surroundings
from ricarica.station_gateway.throttle import TokenBucket
from ricarica.station_gateway.timers import Alarm
from ricarica.station_gateway.websocket import CloseCode

log = structlog.get_logger("ricarica.gateway")

_FLOOD_NOTED_S = 60.0  # one alarm a minute says as much as a thousand
_WEIGHT_OF_A_READ = 0.25  # of a message; a proper one comes whole, or in some hundreds of bytes
_OFFENCES = frozenset({"bad_frame", "binary_frame", "overrun"})  # what ends a connection


class Connection:
    """Lives from its epoch to its `Closed` letter, which it sends exactly once.

    It has no task of its own. Nothing in it waits: messages are taken when they come, and answers,
    calls and pings are written from wherever they arise.
    """

    __slots__ = (
        "_alarm",
        "_alarm_at",
        "_around",
        "_asks",
        "_asks_from",
        "_begun_at",
        "_bucket",
        "_check_at",
        "_draining",
        "_epoch",
        "_flood_noted_at",
        "_is_stranger",
        "_leave",
        "_liveness",
        "_notes",
        "_open",
        "_resting",
        "_rests_until",
        "_session",
        "_settled",
        "_signs",
        "_socket",
        "_unanswered",
        "_visitor",
    )

    def __init__(
        self,
        visitor: Visitor,
        epoch: int,
        session: Session,
        socket: StationSocket,
        surroundings: Surroundings,
        leave: "Callable[[Connection], None]",
    ) -> None:
        now = surroundings.clock.monotonic()
        self._visitor = visitor
        self._epoch = epoch
        self._session = session
        self._socket = socket
        self._around = surroundings
        self._leave = leave
        self._asks = Asks(session, surroundings.limits.asks_max)
        self._asks_from = now + surroundings.limits.first_ask_after_s
        self._bucket = TokenBucket(surroundings.limits.messages, now)
        self._liveness = Liveness(surroundings.limits, now)
        self._check_at = self._next_check(now)
        self._unanswered = 0
        self._notes = 0  # since the last check
        self._flood_noted_at = -_FLOOD_NOTED_S
        self._open = True
        self._draining = False
        self._is_stranger = not session.is_introduced  # it has not booted
        self._alarm: Alarm | None = None
        self._alarm_at = 0.0
        self._begun_at: float | None = None  # when we saw a message of which a part was there
        self._resting = False  # while we do not read
        self._rests_until = now
        self._signs: tuple[asyncio.Future[bool], ...] = ()  # for all who ask whether it is alive
        self._settled: asyncio.Event | None = None  # while someone waits for the last answer

    @property
    def visitor(self) -> Visitor:
        return self._visitor

    @property
    def key(self) -> StationKey:
        return self._visitor.key

    @property
    def claim(self) -> Claim:
        return self._visitor.claim

    @property
    def epoch(self) -> int:
        return self._epoch

    # -- from the socket

    def begin(self) -> None:
        self._set_alarm()
        if self._is_stranger:
            self._socket.take_at_most(self._around.limits.stranger_bytes_max)
        self._socket.listen(self)

    def heard(self) -> None:
        self._liveness.heard(self._around.clock.monotonic())
        self._show(True)

    def take_ping(self, payload: bytes) -> None:
        self._keep_writing(self._socket.pong(payload))
        self._keep_up(self._around.clock.monotonic())

    def take_pong(self) -> None:
        now = self._around.clock.monotonic()
        self._liveness.ponged(now)
        self._keep_up(now)

    def take_text(self, text: str, weight: float) -> None:
        now = self._around.clock.monotonic()
        self._begun_at = None
        self._react(self._session.receive(text, now))
        self._flush()
        self._keep_up(now, weight)

    def take_piece(self) -> None:
        self._keep_up(self._around.clock.monotonic(), _WEIGHT_OF_A_READ)

    def ended(self, reason: str) -> None:
        self._end(reason)

    def _keep_up(self, now: float, weight: float = 1.0) -> None:
        """Do not read while the station is ahead of us; TCP then makes it wait."""
        if not self._open:
            return
        if credit_s := self._bucket.take(now, weight):
            self._rests_until = now + credit_s
            self._flooded(now)
        if credit_s or self._session.receive_window() <= 0:
            self._resting = True
            self._socket.hold()
            self._set_alarm()

    def _read_on(self) -> None:
        if (
            self._resting
            and self._around.clock.monotonic() >= self._rests_until
            and self._session.receive_window() > 0
        ):
            self._resting = False
            self._socket.release()

    def _flooded(self, now: float) -> None:
        self._around.tally.throttled += 1
        if now - self._flood_noted_at >= _FLOOD_NOTED_S:
            self._flood_noted_at = now
            self.note("flooding", "messages come faster than the limit; reading more slowly")

    # -- from the conversation

    def _react(self, events: Iterable[Event]) -> None:
        for event in events:
            match event:
                case CallReceived():
                    self._deliver_call(event)
                case SendReceived():
                    self._deliver_send(event)
                case Answered() | Refused() | BadAnswer() | TimedOut() | Abandoned():
                    self._asks.settle(event, self._around.clock.monotonic())
                    self._worry(event)
                case Overrun():
                    self.note("overrun", "calls came without waiting for answers, endlessly")
                    self.close(CloseCode.POLICY_VIOLATION, "too many calls at once")
                case ResultRefused(id=id):
                    self.note(*_remark_on(event), misread=str(id))
                case LateAnswer():
                    self.note(*_remark_on(event), late=late_from(event))
                case _:
                    self.note(*_remark_on(event))

    def _deliver_call(self, call: CallReceived) -> None:
        if not self._open or self._draining:
            return  # never answered, so the station keeps it and comes back with it
        self._unanswered += 1
        self._around.tally.unanswered += 1
        self._around.decisions.deliver(
            Delivered(
                key=self.key,
                epoch=self._epoch,
                subprotocol=self._visitor.subprotocol,
                message_id=str(call.id),
                action=call.action,
                payload=bytes(call.payload),
                digest=call.digest,
                wants_answer=True,
                at=self._around.clock.now(),
                flags=("message_id_reuse",) if call.message_id_reused else (),
                asked_for=call.action in self._asks.called_forth,
            ),
            partial(self._reply, call.id),
        )

    def _deliver_send(self, send: SendReceived) -> None:
        if not self._open or self._draining:
            return
        self._around.decisions.deliver(
            Delivered(
                key=self.key,
                epoch=self._epoch,
                subprotocol=self._visitor.subprotocol,
                message_id=str(send.id),
                action=send.action,
                payload=bytes(send.payload),
                digest=b"",
                wants_answer=False,
                at=self._around.clock.now(),
            ),
            _no_reply,
        )

    def _worry(self, event: Event) -> None:
        limits = self._around.limits
        limit = limits.unanswered_asks_noted
        if not isinstance(event, TimedOut) or self._asks.unanswered_in_a_row != limit:
            return
        self.note("asks_unanswered", f"{limit} calls in a row had no answer; it is connected")
        if self._around.clock.monotonic() - self._asks_from >= limits.deaf_after_s:
            self.close(CloseCode.GOING_AWAY, "calls are not answered; connect again")

    # -- from the core

    def _reply(self, message_id: MessageId, reply: Reply) -> None:
        if not self._open:
            return  # too late; the station repeats what was not answered
        self._unanswered -= 1
        self._around.tally.unanswered -= 1
        if isinstance(reply, Answer):
            events = self._session.answer(message_id, reply.payload)
        elif isinstance(reply, Refusal):
            code, text, details = reply.code, reply.description, reply.details
            events = self._session.refuse(message_id, code, text, details)
        else:
            self.close(reply.close_code, reply.reason)
            return
        self._let_asks_go()
        if self._is_stranger and self._session.is_introduced:
            self._is_stranger = False
            self._socket.take_at_most(self._around.limits.message_bytes_max)
        if events:
            self._react(events)
        self._flush()
        self._read_on()
        if self._settled and not self._unanswered:
            self._settled.set()

    async def ask(self, ask: Ask) -> Told:
        told = self._asks.put(ask, self._around.clock.monotonic())
        self._flush()
        if self._open:
            self._set_alarm()  # what is urgent leaves less time to what was sent before it
        return await told

    def _let_asks_go(self) -> None:
        if self._asks.holding:
            self._asks.let_go(self._around.clock.monotonic())

    async def alive(self, within_s: float) -> bool:
        """Whether the peer shows a sign of life in time; see `Seated`."""
        if not self._open or self._resting:
            return self._open  # what we do not read for its abundance is sign enough
        sign: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._signs += (sign,)
        at = self._around.clock.monotonic() + within_s
        alarm = self._around.timers.call_at(
            at, lambda: None if sign.done() else sign.set_result(False)
        )
        self._keep_writing(self._socket.ping())
        try:
            return await sign
        finally:
            alarm.cancel()
            self._signs = tuple(other for other in self._signs if other is not sign)

    def _show(self, alive: bool) -> None:
        for sign in self._signs:
            if not sign.done():
                sign.set_result(alive)

    def give_way(self) -> None:
        self._around.tally.swapped += 1
        self.close(CloseCode.POLICY_VIOLATION, "replaced by a newer connection")

    def take_no_more(self) -> None:
        self._draining = True

    async def settled(self) -> None:
        """Wait until the messages taken so far have been answered."""
        if self._open and self._unanswered:
            self._settled = asyncio.Event()
            await self._settled.wait()

    # -- from the clock

    def _on_alarm(self) -> None:
        self._alarm = None
        now = self._around.clock.monotonic()
        self._react(self._session.expire(now))
        if now >= self._asks_from:
            self._let_asks_go()
        if now >= self._check_at:
            self._check(now)
        self._read_on()
        self._flush()
        if self._open:
            self._set_alarm()

    def _check(self, now: float) -> None:
        self._check_at = self._next_check(now)
        self._notes = 0
        if self._resting:
            return
        if self._is_dripping(now):
            self.close(CloseCode.POLICY_VIOLATION, "the message takes too long")
            return
        match self._liveness.check(now):
            case Pulse.PING:
                self._keep_writing(self._socket.ping())
            case Pulse.LOST:
                self._lose("no sign of life")

    def _is_dripping(self, now: float) -> bool:
        """One message has been coming for longer than any link needs."""
        if not self._socket.unfinished:
            return False
        self._begun_at = now if self._begun_at is None else self._begun_at
        return now - self._begun_at >= self._around.limits.message_s

    def _next_check(self, now: float) -> float:
        # Spread by a tenth, so that the pings of all stations do not come in waves.
        return now + self._around.limits.ping_s * self._around.rng.uniform(0.9, 1.1)

    def _set_alarm(self) -> None:
        due = self._check_at
        if self._asks.holding:
            due = min(due, self._asks_from)
        # Even when that moment is past: an alarm may ring early, and time passes in between.
        if self._resting and self._session.receive_window() > 0:
            due = min(due, self._rests_until)
        if (deadline := self._session.next_deadline()) is not None:
            due = min(due, deadline)
        if self._alarm and self._alarm_at <= due:
            return  # it rings early, and is set anew then
        if self._alarm:
            self._alarm.cancel()
        self._alarm_at = due
        self._alarm = self._around.timers.call_at(due, self._on_alarm)

    # -- to the socket

    def _flush(self) -> None:
        texts = self._session.frames_to_send()
        if not texts or not self._open:
            return
        for text in texts:
            frame = text.encode()
            self._around.tally.messages_out += 1
            self._around.tally.bytes_out += len(frame)
            if not self._keep_writing(self._socket.send_text(frame)):
                return
        self._set_alarm()

    def _keep_writing(self, kept_up: bool) -> bool:
        if not kept_up:
            self._lose("the station does not read what is sent to it")
        return kept_up

    # -- the end

    def close(self, code: int, reason: str) -> None:
        """End the connection now; the socket follows as soon as the peer has said goodbye."""
        if self._open:
            self._end(reason)
            self._socket.close(code, reason)

    def _lose(self, reason: str) -> None:
        self._end(reason)
        self._socket.abort()

    def _end(self, reason: str) -> None:
        if not self._open:
            return
        self._open = False
        self._around.tally.unanswered -= self._unanswered
        log.info("disconnected", station=str(self.key), epoch=self._epoch, reason=reason)
        self._leave(self)
        if self._alarm:
            self._alarm.cancel()
        self._react(self._session.close())
        self._asks.abandon()
        if self._settled:
            self._settled.set()
        self._show(False)
        self._around.decisions.close(
            Closed(self.key, self._epoch, reason, self._around.clock.now())
        )

    def note(
        self, kind: str, text: str, misread: str = "", late: letters.LateAnswer | None = None
    ) -> None:
        """For the log; of a station that makes much noise only some is kept."""
        self._around.tally.noted += 1
        self._around.tally.remarks[kind] += 1
        if kind in _OFFENCES:
            now_s = self._around.clock.monotonic()
            key, remote = self.key, self.claim.remote
            self._around.offenders.note(key.tenant, key.station, remote, now_s)
        self._notes += 1
        if self._notes <= self._around.limits.notes_max:
            now = self._around.clock.now()
            noted = Noted(self.key, self._epoch, kind, text, now, misread, late)
            self._around.decisions.note(noted)


def _no_reply(_: Reply) -> None:
    """A SEND is never answered."""


def _remark_on(
    event: Repeated | LateAnswer | UnsolicitedAnswer | ResultRefused | Garbled,
) -> tuple[str, str]:
    match event:
        case Repeated():
            return "repeated", f"{event.action} {event.id}: the same answer again"
        case LateAnswer():
            return "late_answer", f"{event.action}: {event.code or 'answered'} after its time-out"
        case UnsolicitedAnswer():
            return "unsolicited_answer", f"an answer to {event.id}, which nobody asked"
        case ResultRefused():
            return "result_refused", f"{event.id}: {event.code} {event.description}"
        case Garbled():
            return "garbled", event.description
