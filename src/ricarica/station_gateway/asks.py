"""Our calls to one station, from the core's request to the outcome it is told."""

import asyncio

import msgspec

from ricarica.link import letters
from ricarica.link.letters import LOST, UNREADABLE, Ask, Outcome, Told
from ricarica.ocpp.answers import reject_unfit
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.events import Abandoned, Answered, BadAnswer, LateAnswer, Refused, TimedOut
from ricarica.ocpp.session import Session
from ricarica.ocpp.triggers import called_forth

AskEvent = Answered | Refused | BadAnswer | TimedOut | Abandoned


class _Pending(msgspec.Struct):
    """Goes through the session as the tag of a call."""

    ask: Ask
    told: "asyncio.Future[Told]"
    asked_at: float
    behind: str = ""
    sent_at: float | None = None

    def timed(self, told: Told, now: float) -> Told:
        """With how long it took, and for what it waited."""
        sent_at = now if self.sent_at is None else self.sent_at
        return msgspec.structs.replace(
            told,
            duration_ms=_ms(now - self.asked_at),
            waited_ms=_ms(sent_at - self.asked_at),
            behind=self.behind,
        )


class Asks:
    """Holds calls back at first, because some stations restart when called before their boot.

    After that the session sends one at a time.
    """

    __slots__ = ("_held", "_pending_max", "_session", "called_forth", "unanswered_in_a_row")

    def __init__(self, session: Session, pending_max: int) -> None:
        self._session = session
        self._pending_max = pending_max
        self._held: list[_Pending] | None = []
        self.unanswered_in_a_row = 0
        self.called_forth: frozenset[str] = frozenset()
        """What we made the station say, over this connection."""

    @property
    def holding(self) -> bool:
        return self._held is not None

    def put(self, ask: Ask, now: float) -> "asyncio.Future[Told]":
        told: asyncio.Future[Told] = asyncio.get_running_loop().create_future()
        pending = _Pending(ask, told, now)
        if self._held is None:
            self._call(pending, now)
        elif len(self._held) < self._pending_max:
            self._held.append(pending)
        else:
            _tell(pending, Told(Outcome.UNREACHED, description="too many calls are waiting"))
        return told

    def let_go(self, now: float) -> None:
        """From now on calls go to the station."""
        held, self._held = self._held, None
        for pending in sorted(held or (), key=lambda each: not each.ask.is_urgent):
            self._call(pending, now)

    def settle(self, event: AskEvent, now: float) -> None:
        pending: _Pending = event.tag
        if isinstance(event, Answered | Refused):
            self.unanswered_in_a_row = 0
            if isinstance(event, Answered):
                reject_unfit(self._session, event)
        elif isinstance(event, TimedOut) and not event.was_hurried:
            self.unanswered_in_a_row += 1
        _tell(pending, pending.timed(_told_from(event), now))
        self._note_sent(now)

    def abandon(self) -> None:
        """The connection is gone before the station was ever called."""
        held, self._held = self._held, None
        for pending in held or ():
            _tell(pending, Told(Outcome.UNREACHED))

    def _call(self, pending: _Pending, now: float) -> None:
        ask, before = pending.ask, self._session.asking()
        self.called_forth |= called_forth(ask.action, ask.payload)
        pending.behind = before.ask.action if before else ""
        try:
            self._session.call(
                ask.action,
                ask.payload,
                now,
                ask.timeout_s,
                pending,
                is_urgent=ask.is_urgent,
            )
        except LocalProtocolError as error:
            _tell(pending, Told(Outcome.UNREACHED, description=str(error)))
        self._note_sent(now)

    def _note_sent(self, now: float) -> None:
        current: _Pending | None = self._session.asking()
        if current and current.sent_at is None:
            current.sent_at = now


def _told_from(event: AskEvent) -> Told:
    match event:
        case Answered():
            return Told(Outcome.ANSWERED, str(event.id), payload=bytes(event.payload))
        case Refused():
            return Told(
                Outcome.REFUSED,
                str(event.id),
                code=event.code,
                description=event.description,
                details=bytes(event.details),
            )
        case BadAnswer():
            why = event.description
            return Told(Outcome.UNKNOWN, str(event.id), code=UNREADABLE, description=why)
        case TimedOut():
            return Told(Outcome.UNKNOWN, str(event.id))
        case Abandoned():
            if not event.sent:
                return Told(Outcome.UNREACHED)
            return Told(Outcome.UNKNOWN, str(event.id), code=LOST)


def late_from(event: LateAnswer) -> letters.LateAnswer:
    payload = None if event.payload is None else bytes(event.payload)
    return letters.LateAnswer(str(event.id), event.action, payload)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _tell(pending: _Pending, told: Told) -> None:
    if not pending.told.done():  # whoever asked may have given up
        pending.told.set_result(told)
