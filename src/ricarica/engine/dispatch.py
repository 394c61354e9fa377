"""From a station's message to its answer: decode or mend, may it speak, handle, encode, log."""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog

from ricarica.certificates.inquiries import Question
from ricarica.engine import gathering
from ricarica.engine.counts import CallCounts
from ricarica.engine.live import LiveStations
from ricarica.engine.mailbox import Wanted
from ricarica.engine.message_log import Logged, stage
from ricarica.engine.sql import PUT_ASIDE
from ricarica.engine.tracing import Tracing
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey, TenantId
from ricarica.link.letters import Answer, Delivered, Refusal, Reply, Withheld
from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import BY_SUBPROTOCOL, Dialect
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError, RemoteProtocolError, code_word
from ricarica.ocpp.payload import Payload
from ricarica.stations.commands import Topic, Trigger
from ricarica.stations.events import MessagePutAside
from ricarica.stations.habits import PLAIN
from ricarica.stations.model import Acceptance, ImpostorError, Station
from ricarica.translation.quirks import members, mending
from ricarica.translation.quirks.adapting import adapted
from ricarica.translation.quirks.known import EXTRA_MEMBER
from ricarica.translation.quirks.models import habits_of
from ricarica.translation.route import Origin, Route, no_questions, no_tokens

# No JSON, or a list of nothing: no fact is lost with it.
TELLS_NOTHING = frozenset({ErrorKind.FORMATION, ErrorKind.OCCURRENCE})
UNREADABLE = "unreadable"  # flags what was put aside because nobody could mend it

WHY_LENGTH_MAX = 500  # characters of what went wrong; the log has it whole
ASIDE_MAX = 10_000  # of one station: one that nobody can read for good must not fill the disk
ASIDE = sa.select(sa.func.count()).where(
    PUT_ASIDE.c.tenant == sa.bindparam("tenant"), PUT_ASIDE.c.station == sa.bindparam("station")
)
ACTION_LENGTH_MAX = 60  # twice the longest there is: what is longer is no action, and is cut

log = structlog.get_logger("ricarica.calls")

Routes = Mapping[str, Mapping[str, Route]]
"""By the dialect's name, then by action."""


class CallLine(msgspec.Struct, omit_defaults=True, gc=False):
    """What the log says of a call; tokens and payloads stay out of it."""

    station: str
    action: str
    id: str
    outcome: str
    epoch: int
    ms: int
    trace_id: str | None = None


class Dispatcher:
    """What all deliveries have in common."""

    def __init__(self, routes: Routes, live: LiveStations, clock: Clock) -> None:
        self.routes = routes
        self.live = live
        self.clock = clock
        self.counts = CallCounts()
        self.tracing: Tracing | None = None
        self._lines: list[CallLine] = []

    def job(self, delivered: Delivered, reply: Callable[[Reply], None]) -> "DeliveryJob":
        return DeliveryJob(self, delivered, reply)

    def finish(self, delivered: Delivered, reply: Reply, flags: tuple[str, ...] = ()) -> None:
        """Count it, and give it a line in the log."""
        outcome = outcome_of(reply)
        elapsed_s = self.elapsed_s(delivered)
        is_known = actions.request_type(BY_SUBPROTOCOL[delivered.subprotocol], delivered.action)
        # Whatever a station may call what it wants: it must not fill our memory with names.
        self.counts.count(delivered.action if is_known else "unknown", outcome)
        self.counts.duration_s.observe(elapsed_s)
        if flags:  # hardly ever, and counting none costs as much as all the rest here
            self.counts.flags.update(flags)
        traced = self.tracing.call(delivered, outcome, elapsed_s) if self.tracing else None
        if not self._lines:
            asyncio.get_running_loop().call_soon(self._write_lines)  # those of a batch together
        action, ms = delivered.action[:ACTION_LENGTH_MAX], int(elapsed_s * 1000)
        self._lines.append(
            CallLine(
                str(delivered.key),
                action,
                delivered.message_id,
                outcome,
                delivered.epoch,
                ms,
                traced,
            )
        )

    def _write_lines(self) -> None:
        lines, self._lines = self._lines, []
        log.info("call", each=lines)

    def elapsed_s(self, delivered: Delivered) -> float:
        return max((self.clock.now() - delivered.at).total_seconds(), 0.0)


class DeliveryJob:
    """One CALL or SEND of a station."""

    __slots__ = (
        "_dialect",
        "_dispatcher",
        "_flags",
        "_is_strangers",
        "_reply",
        "_request",
        "_route",
        "box",
        "delivered",
    )

    def __init__(
        self, dispatcher: Dispatcher, delivered: Delivered, reply: Callable[[Reply], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._reply = reply
        self.delivered = delivered
        self.box: Hashable = (delivered.key.tenant, delivered.key.station)
        self._dialect: Dialect = BY_SUBPROTOCOL[delivered.subprotocol]
        self._route = dispatcher.routes[self._dialect.name].get(delivered.action)
        self._request: Payload | Refusal | None = None
        self._flags: tuple[str, ...] = ()
        self._is_strangers = False

    @property
    def tenant(self) -> TenantId:
        return self.delivered.key.tenant

    @property
    def hurries(self) -> bool:
        return True

    @property
    def connection(self) -> tuple[StationKey, int]:
        return self.delivered.key, self.delivered.epoch

    def questions(self) -> Sequence[Question]:
        """What others have to be asked before this can be handled: hardly ever anything."""
        route = self._route
        if route is None or route.ask_first is no_questions:
            return ()
        self._request = self._read()
        return () if isinstance(self._request, Refusal) else route.ask_first(self._request)

    def prepare(self, wanted: Wanted) -> None:
        tenant = self.delivered.key.tenant
        wanted.stations.add((tenant, self.delivered.key.station))
        if self._route is None or self._route.tokens is no_tokens:
            return  # it is read when its turn has come: a batch of them all is much memory
        self._request = self._request or self._read()
        if not isinstance(self._request, Refusal):
            for uid in self._route.tokens(self._request):
                wanted.tokens.add((tenant, uid.strip().casefold()))

    async def run(self, unit: UnitOfWork) -> Reply:
        delivered = self.delivered
        if self._dispatcher.live.epoch(delivered.key) != delivered.epoch:
            return Withheld(1000, "this connection gave way to a newer one")
        try:
            reply = await self._decide(unit)
        except NotFoundError:  # it was removed while connected
            return Withheld(1008, "this station is not registered any more")
        except ImpostorError as error:  # B01.FR.12
            log.warning("call.impostor", station=str(delivered.key), why=str(error))
            reply = Withheld(1008, str(error))
        if not self._is_strangers or self._dispatcher.live.is_worth_logging(delivered.key):
            self._log(unit, reply)
        return reply

    def put_aside(self, unit: UnitOfWork, error: Exception) -> Reply:
        """A fault of ours. What a station would delete after its last attempt is kept as it is."""
        reply: Reply = self._failed(error)
        answer = self._answer_when_put_aside
        if answer is not None:
            self._keep(unit, error)
            reply = Answer(wire.encode(answer(None), self._dialect))
        self._log(unit, reply)
        return reply

    @property
    def _answer_when_put_aside(self) -> Callable[[Any], Payload] | None:
        """None: it is refused. What strangers say unasked must not fill the disk."""
        is_ours = not self._is_strangers or self.delivered.asked_for
        return self._route.answer_when_put_aside if self._route and is_ours else None

    def _failed(self, error: Exception) -> Refusal:
        station, action = str(self.delivered.key), self.delivered.action
        if isinstance(error, InvalidError):  # a number, say, that nothing here can hold
            log.warning("call.impossible", station=station, action=action, why=str(error))
            return self._refusal(ErrorKind.PROPERTY, "a value in it makes no sense")
        log.error("call.failed", station=station, action=action, exc_info=error)
        return self._refusal(ErrorKind.INTERNAL, "this could not be processed; try later")

    def release(self, result: Reply) -> None:
        self._dispatcher.finish(self.delivered, result, self.delivered.flags + self._flags)
        self._reply(result)

    def fail(self, error: BaseException) -> None:
        self.release(Withheld())

    # -- parts

    def _read(self) -> Payload | Refusal:
        action = self.delivered.action
        if self._route is None:
            return self._unrouted(action)
        try:
            return wire.decode(self.delivered.payload, self._route.request)
        except RemoteProtocolError as error:
            return self._refusal(error.kind, error.description)

    def _unrouted(self, action: str) -> Refusal:
        """Known or not, we cannot do it; but what is known has to be right in itself."""
        request = actions.request_type(self._dialect, action)
        if request is None:
            name = action[:ACTION_LENGTH_MAX]
            return self._refusal(ErrorKind.NOT_IMPLEMENTED, f"{name} is unknown")
        if action not in actions.from_station(self._dialect):
            return self._refusal(ErrorKind.NOT_SUPPORTED, f"{action} is not for stations to send")
        try:
            wire.decode(self.delivered.payload, request)
        except RemoteProtocolError as error:
            return self._refusal(error.kind, error.description)
        return self._refusal(ErrorKind.NOT_IMPLEMENTED, f"{action} is not implemented here yet")

    async def _decide(self, unit: UnitOfWork) -> Reply:
        station = await unit.slices.stations.get(self.delivered.key)
        is_accepted = station.acceptance is Acceptance.ACCEPTED
        self._is_strangers = not is_accepted and self.delivered.action != "BootNotification"
        if actions.request_type(self._dialect, self.delivered.action) is None:
            return self._unrouted(self.delivered.action)
        if refusal := self._may_not_speak(station, unit):
            return refusal
        request, self._request = self._request or self._read(), None
        if not isinstance(request, Refusal):
            is_rare = self.delivered.action in members.LOOKED_THROUGH
            refusal = self._look_through() if is_rare else None
            return refusal or await self._handle(request, station, unit)
        if self._route is None or station.pedantic:
            return request
        return await self._mend(self._route, station, unit)

    async def _handle(self, request: Payload, station: Station, unit: UnitOfWork) -> Reply:
        assert self._route is not None, "what has no route was refused when it was read"
        key, at = self.delivered.key, self.delivered.at
        unit.slices.stations.heard_from(station, at)
        habits = habits_of(station)
        if habits is not PLAIN:
            request, flags = adapted(request, habits)
            self._flags += flags
        certificate = self._dispatcher.live.certificate(key)
        origin = Origin(key, self._dialect, at, habits, certificate)
        response = await self._route.handle(request, origin, unit.slices)
        if self._route.part_of is not None:
            body = wire.written(request)
            await gathering.note_page(unit, key, self._route.part_of(request), body, at)
        return Answer(wire.encode(response, self._dialect) if response is not None else b"{}")

    def _look_through(self) -> Refusal | None:
        assert self._route is not None, "what has no route was refused when it was read"
        payload, kind = self.delivered.payload, self._route.request
        if twice := members.named_twice(payload, kind):
            return self._refusal(ErrorKind.OCCURRENCE, f"{twice} is there more than once")
        if members.has_extras(payload, kind):
            self._flags += (EXTRA_MEMBER.flag,)
        return None

    async def _mend(self, route: Route, station: Station, unit: UnitOfWork) -> Reply:
        """What is not as it should be, as far as it is known what was meant."""
        delivered = self.delivered
        try:
            mended = mending.mended(delivered.payload, route.request, delivered.at)
        except RemoteProtocolError as error:
            unit.slices.stations.heard_from(station, delivered.at)
            return await self._unreadable(error, unit)
        self._flags = mended.flags
        try:
            return await self._handle(mended.payload, station, unit)
        except LocalProtocolError as error:  # it asked with more than we may say again
            raise InvalidError(str(error)) from error

    async def _unreadable(self, error: RemoteProtocolError, unit: UnitOfWork) -> Reply:
        """A fact is kept as it came, for the station would delete what we refuse."""
        answer = self._answer_when_put_aside
        if answer is None or error.kind in TELLS_NOTHING or await self._has_no_room(unit):
            return self._refusal(error.kind, error.description)
        log.warning(
            "call.unreadable",
            station=str(self.delivered.key),
            action=self.delivered.action,
            why=error.description,
        )
        self._flags = (UNREADABLE,)
        self._keep(unit, error)
        return Answer(wire.encode(answer(None), self._dialect))

    async def _has_no_room(self, unit: UnitOfWork) -> bool:
        key = self.delivered.key
        values = {"tenant": key.tenant, "station": key.station}
        [(count,)] = await unit.work.fetch(ASIDE, values)
        return int(count) >= ASIDE_MAX

    def _may_not_speak(self, station: Station, unit: UnitOfWork) -> Refusal | None:
        if self._route is not None and self._route.before_acceptance:
            return None
        if station.acceptance is not Acceptance.BLOCKED and self.delivered.asked_for:
            return (
                None  # B01.FR.10, B02.FR.02: before its boot is accepted it says what it is asked
            )
        if station.acceptance is not Acceptance.ACCEPTED:
            # B02.FR.09, B03.FR.07; recommended by the errata of 1.6 too
            return self._refusal(ErrorKind.SECURITY, "this station has not been accepted yet")
        if station.booted_at is not None:
            return None
        if self._dialect.boots_first:
            # B01.FR.10
            return self._refusal(ErrorKind.SECURITY, "boot first")
        if self._dispatcher.live.remind_to_boot(station.key):
            unit.tell(station.key, Trigger(Topic.BOOT))
        return None

    def _refusal(self, kind: ErrorKind, description: str) -> Refusal:
        return Refusal(code_word(kind, self._dialect), description)

    def _keep(self, unit: UnitOfWork, error: Exception) -> None:
        delivered = self.delivered
        unit.work.add(
            PUT_ASIDE,
            (
                delivered.key.tenant,
                delivered.key.station,
                unit.slices.ids.event(),
                delivered.at,
                delivered.action,
                delivered.payload.decode(errors="replace"),
                f"{type(error).__name__}: {error}",
            ),
        )
        why = f"{type(error).__name__}: {error}"[:WHY_LENGTH_MAX]
        unit.announce(MessagePutAside(delivered.key, delivered.action[:ACTION_LENGTH_MAX], why))

    def _log(self, unit: UnitOfWork, reply: Reply) -> None:
        delivered = self.delivered
        stage(
            unit,
            Logged(
                delivered.key,
                at=delivered.at,
                from_station=True,
                message_id=delivered.message_id,
                action=delivered.action[:ACTION_LENGTH_MAX],
                request=delivered.payload,
                response=_response(reply),
                outcome=outcome_of(reply),
                duration_ms=int(self._dispatcher.elapsed_s(delivered) * 1000),
                flags=delivered.flags + self._flags,
            ),
        )


def outcome_of(reply: Reply) -> str:
    match reply:
        case Answer():
            return "answered"
        case Refusal(code=code):
            return code
        case Withheld():
            return "withheld"


def _response(reply: Reply) -> bytes | None:
    match reply:
        case Answer(payload=payload):
            return payload
        case Refusal(description=description):
            return description.encode()
        case _:
            return None
