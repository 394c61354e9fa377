"""Commands to stations, and what became of them."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import msgspec
import structlog

from ricarica.engine import gathering
from ricarica.engine.counts import CommandCounts
from ricarica.engine.energy_sayings import give_up, is_given_up
from ricarica.engine.late import LateAnswers, Unanswered
from ricarica.engine.live import LiveStation
from ricarica.engine.message_log import Logged, stage
from ricarica.engine.tracing import Tracing
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError, RicaricaError, StorageUnavailableError
from ricarica.kernel.ids import EvseNumber, Ids, StationKey
from ricarica.link import letters
from ricarica.link.letters import Ask, Told
from ricarica.link.letters import Outcome as Reached
from ricarica.link.ports import Sockets
from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import BY_NAME, Dialect
from ricarica.ocpp.errors import LocalProtocolError, RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.stations.commands import Outcome, Result, Topic, Trigger, Wait, outcome_of
from ricarica.stations.model import Station
from ricarica.translation import answers, hearing
from ricarica.translation.hearing import Heard
from ricarica.translation.route import Origin, Phrase, Phrases

log = structlog.get_logger("ricarica.commands")

UNSUPPORTED_CODES = frozenset({"NotImplemented", "NotSupported"})
ASKABLE = frozenset().union(*map(actions.from_csms, BY_NAME.values()))
FREE_TIMEOUT_S = 30.0  # OCPP-J 2.1 §4.1.2 suggests to begin with it
NOTED_AGAIN_AFTER_S = (0.5, 2.0, 8.0, 20.0)

NUMBER = "requestId"
NOT_CONNECTED = Result(Outcome.UNREACHED, detail="the station is not connected")


class Call(NamedTuple):
    """A request as it is on the wire: JSON."""

    action: str
    payload: bytes = b"{}"


class Asked(NamedTuple):
    """A request that went out, and what came of it."""

    ask: Ask
    at: datetime
    told: Told
    report: int | None


class Called(NamedTuple):
    """What came over the wire, and what it means.

    `report`: the number by which its parts are gathered, where an answer has parts.
    """

    told: Told
    result: Result
    report: int | None = None


Afterwards = Callable[[StationKey, Callable[[UnitOfWork], Awaitable[None]]], Awaitable[None]]
"""Carry something out in the station's order; the result need not be awaited."""


class Commands:
    """At most one CALL is in flight per station: the gateway's session sees to it."""

    def __init__(
        self,
        phrases: Mapping[str, Phrases],
        whereabouts: Callable[[StationKey], Awaitable[LiveStation | None]],
        sockets: Sockets,
        clock: Clock,
        afterwards: Afterwards,
        ids: Ids,
    ) -> None:
        self._phrases = phrases
        self._whereabouts = whereabouts
        self._sockets = sockets
        self._clock = clock
        self._afterwards = afterwards
        self._ids = ids
        self.counts = CommandCounts()
        self.tracing: Tracing | None = None
        self.late = LateAnswers()
        self._asking: Counter[StationKey] = Counter()

    def is_busy(self, key: StationKey) -> bool:
        """Whether somebody here is telling the station something."""
        return key in self._asking

    def sayable(self, dialect: str) -> frozenset[type]:
        """The commands that a dialect has words for, by its name."""
        return frozenset(self._phrases.get(dialect, {}))

    def reserves_plugs(self, dialect: str) -> bool:
        """Whether a dialect can say: hold a type of connector, wherever there is one."""
        return dialect in BY_NAME and BY_NAME[dialect].reserves_plugs

    def resets_when_idle(self, dialect: str) -> bool:
        """Whether a dialect can say: restart once nobody charges any more."""
        return dialect in BY_NAME and BY_NAME[dialect].resets_when_idle

    def topics(self, dialect: str) -> frozenset[Topic]:
        """What stations that speak it can be asked to report at once."""
        return frozenset(
            topic for topic in Topic if self._has_words(dialect, Trigger(topic, EvseNumber(1)))
        )

    def _has_words(self, dialect: str, command: object) -> bool:
        phrase = self._phrases.get(dialect, {}).get(type(command))
        if phrase is None:
            return False
        try:
            wire.encode(phrase.request_for(command), BY_NAME[dialect])
        except LocalProtocolError:
            return False
        return True

    async def tell(self, key: StationKey, command: object, by: str = "") -> Result:
        """Send a command in the station's own words, and wait for what becomes of it.

        Args:
            by: Who wants it; empty: we ourselves, and then whatever people want goes first.
        """
        result = await self._told(key, command, by)
        if is_given_up(command, result):
            await self._afterwards(key, lambda unit: give_up(unit.slices, key, command, result))
        self.counts.told[type(command).__name__, result.outcome.value] += 1
        return result

    async def _told(self, key: StationKey, command: object, by: str) -> Result:
        live = await self._whereabouts(key)
        if live is None:
            return NOT_CONNECTED
        phrase = self._phrases[live.dialect.name].get(type(command))
        if phrase is None:
            return Result(
                Outcome.UNSUPPORTED, detail=f"OCPP {live.dialect.name} has no word for it"
            )
        try:
            request = phrase.request_for(command)
            payload = wire.encode(request, live.dialect)
        except LocalProtocolError as error:
            return Result(Outcome.UNSUPPORTED, detail=str(error))
        # A few commands have another action for what the first one has no word for.
        said = replace(phrase, action=type(request).__name__.removesuffix("Request"))
        ask = Ask(key, said.action, payload, phrase.timeout_s, live.node, bool(by))
        asked = await self._ask(ask, by)
        told = asked.told
        heard = await self._heard(asked, live.dialect)
        self._log(asked, heard.flags)
        if told.outcome is Reached.UNKNOWN and told.message_id:
            unanswered = Unanswered(said, command, live.dialect, ask, asked.at)
            self.late.expect(told.message_id, unanswered)
        result = replace(self._result(said, told, heard, live, command), waited=wait_of(told))
        origin = Origin(key, live.dialect, self._clock.now())
        await self._remember(said, command, heard, origin)
        return result

    async def call(
        self,
        key: StationKey,
        call: Call,
        *,
        checked: bool = True,
        timeout_s: float = FREE_TIMEOUT_S,
        by: str = "",
    ) -> Called:
        """Send an action with a payload as given, once it is valid (or at once, unchecked).

        Raises:
            InvalidError: the dialect has no such action for us to send, or the payload does
                not fit; the text names the member.
        """
        live = await self._whereabouts(key)
        if live is None:
            return Called(Told(Reached.UNREACHED), NOT_CONNECTED)
        payload = call.payload
        if checked:
            payload = self.numbered(live.dialect, call)
            check(live.dialect, call.action, payload)
        ask = Ask(key, call.action, payload, timeout_s, live.node, bool(by))
        asked = await self._ask(ask, by)
        self._log(asked)
        told = asked.told
        result = replace(_result_of(told, live.dialect, call.action), waited=wait_of(told))
        return Called(told, result, asked.report)

    def numbered(self, dialect: Dialect, call: Call) -> bytes:
        """The payload with a requestId of ours, where there has to be one and it was left out."""
        request = actions.request_type(dialect, call.action)
        if request is None or not _needs_number(request):
            return call.payload
        try:
            members = msgspec.json.decode(call.payload, type=dict[str, msgspec.Raw])
        except msgspec.MsgspecError:
            return call.payload  # the check has the words for what is wrong with it
        if NUMBER in members:
            return call.payload
        return msgspec.json.encode({NUMBER: self._ids.wire_number(), **members})

    async def _ask(self, ask: Ask, by: str) -> Asked:
        at = self._clock.now()
        number = _report_number(ask.action, ask.payload)
        if number is not None:
            text = ask.payload.decode(errors="replace")
            report = gathering.Report(ask.key, number, ask.action, text, by, at)
            # Committed before its first page can come.
            await self._afterwards(ask.key, lambda unit: gathering.expect(unit, report))
        self.late.superseded(ask)
        told = await self._counted(ask)
        if told.outcome in (Reached.ANSWERED, Reached.REFUSED):
            self.late.overtaken(ask.key)
        return Asked(ask, at, told, number)

    def _log(self, asked: Asked, flags: tuple[str, ...] = ()) -> None:
        ask, at, told, number = asked
        outcome = _outcome_word(told)
        self.counts.flags.update(flags)
        log.info(
            "command",
            station=str(ask.key),
            action=ask.action,
            id=told.message_id,
            outcome=outcome,
            ms=told.duration_ms,
        )
        logged = Logged(
            ask.key,
            at=at,
            from_station=False,
            message_id=told.message_id or "",
            action=ask.action,
            request=ask.payload,
            response=told.payload if told.payload is not None else _text(told),
            outcome=outcome,
            duration_ms=told.duration_ms,
            flags=flags,
        )

        async def write(unit: UnitOfWork) -> None:
            stage(unit, logged)
            if number is not None:
                await gathering.note_answer(unit, ask.key, number, _answer_of(told))

        self._afterwards(ask.key, write)

    async def _counted(self, ask: Ask) -> Told:
        self.counts.waiting += 1
        self._asking[ask.key] += 1
        try:
            told = await self._traced(ask) if self.tracing else await self._sockets.ask(ask)
        finally:
            self.counts.waiting -= 1
            self._asking[ask.key] -= 1
            if not self._asking[ask.key]:
                del self._asking[ask.key]
        # An unchecked call may have any name, which must not fill our memory.
        action = ask.action if ask.action in ASKABLE else "unknown"
        self.counts.asked[action, told.outcome.value] += 1
        self.counts.duration_s.observe(told.duration_ms / 1000)
        return told

    async def _traced(self, ask: Ask) -> Told:
        assert self.tracing, "asked only with somebody who traces"
        with self.tracing.ask(ask) as note:
            told = await self._sockets.ask(ask)
            note(told)
        return told

    def _result(
        self, phrase: Phrase, told: Told, heard: Heard, live: LiveStation, command: object
    ) -> Result:
        match told.outcome:
            case Reached.ANSWERED if heard.error:
                detail = f"its answer makes no sense: {heard.error}"
                return Result(Outcome.UNKNOWN, detail=detail)
            case Reached.ANSWERED:
                return phrase.result_from(heard.response)
            case Reached.REFUSED:
                if told.code in UNSUPPORTED_CODES:
                    live.cannot |= {type(command)}
                    return Result(Outcome.UNSUPPORTED, told.code, told.description)
                return Result(Outcome.REFUSED, told.code, told.description)
            case Reached.UNREACHED:
                return Result(Outcome.UNREACHED, detail="the connection was lost before it left")
            case Reached.UNKNOWN:
                return Result(Outcome.UNKNOWN, detail=why_unknown(told))

    async def _heard(self, asked: Asked, dialect: Dialect) -> Heard:
        ask, told = asked.ask, asked.told
        if told.outcome is not Reached.ANSWERED:
            return Heard()
        payload = told.payload or b"{}"
        heard = hearing.read(payload, ask.action, dialect)
        if heard.error and not await self._is_pedantic(ask.key):
            heard = hearing.mended(payload, ask.action, dialect, self._clock.now())
        return heard

    async def _is_pedantic(self, key: StationKey) -> bool:
        found: list[Station] = []

        async def look(unit: UnitOfWork) -> None:
            found.append(await unit.slices.stations.get(key))

        with suppress(RicaricaError):  # nobody can look just then, or it was removed
            await self._afterwards(key, look)
        return any(station.pedantic for station in found)

    async def _remember(
        self, phrase: Phrase, command: object, heard: Heard, origin: Origin
    ) -> None:
        remember, response = phrase.remember, heard.response
        if remember is None or response is None:
            return

        async def write(unit: UnitOfWork) -> None:
            await remember(command, response, origin, unit.slices)

        await self._note(origin.station, write)

    async def _note(self, key: StationKey, write: Callable[[UnitOfWork], Awaitable[None]]) -> None:
        """What the station did is done, though the database may be away just then."""
        for pause_s in (0.0, *NOTED_AGAIN_AFTER_S):
            await asyncio.sleep(pause_s)
            try:
                await self._afterwards(key, write)
            except StorageUnavailableError:
                continue
            except RicaricaError as error:
                log.warning("command.not_noted", station=str(key), error=str(error))
            return
        log.warning("command.not_noted", station=str(key), error="nothing could be stored")

    def is_worth_telling(self, live: LiveStation, command: object) -> bool:
        """Whether it is sayable, and not known to be in vain."""
        kind = type(command)
        return kind in self._phrases[live.dialect.name] and kind not in live.cannot


def why_unknown(told: Told) -> str:
    match told.code:
        case letters.LOST:
            return "the connection was lost before the station answered"
        case letters.UNREADABLE:
            error = told.description
            return f"its answer makes no sense: {error}"
        case _:
            return "the station did not answer in time"


def wait_of(told: Told) -> Wait | None:
    return Wait(told.behind, told.waited_ms) if told.behind else None


def _result_of(told: Told, dialect: Dialect, action: str) -> Result:
    match told.outcome:
        case Reached.ANSWERED:
            return answers.result_from(dialect, action, told.payload or b"{}")
        case Reached.REFUSED:
            return Result(outcome_of(told.code or ""), told.code, told.description)
        case Reached.UNREACHED:
            return NOT_CONNECTED
        case Reached.UNKNOWN:
            return Result(Outcome.UNKNOWN, detail=why_unknown(told))


def check(dialect: Dialect, action: str, payload: bytes) -> None:
    """
    Raises:
        InvalidError: the dialect has no such action for us to send, or the payload does not fit.
    """
    request = actions.request_type(dialect, action)
    if request is None or action not in actions.from_csms(dialect):
        raise InvalidError(f"OCPP {dialect.name} has no {action} for us to send")
    try:
        wire.check(payload, request, dialect)
    except RemoteProtocolError as error:
        raise InvalidError(f"{action}: {error.description}") from error
    if b"null" in payload and (place := _null_in(msgspec.json.decode(payload), "$")):
        # Part 4 §4.2.1: an optional member that is empty is left out
        raise InvalidError(f"{action}: {place} is null; leave it out instead")


def _null_in(value: Any, place: str) -> str | None:
    match value:
        case None:
            return place
        case dict():
            inside = ((name, each) for name, each in value.items() if name != "customData")
            found = (_null_in(each, f"{place}.{name}") for name, each in inside)
        case list():
            found = (_null_in(each, f"{place}[{at}]") for at, each in enumerate(value))
        case _:
            return None
    return next(filter(None, found), None)


@cache
def _needs_number(request: type[Payload]) -> bool:
    fields = msgspec.structs.fields(request)
    return any(field.required and field.encode_name == NUMBER for field in fields)


class _Numbered(msgspec.Struct):
    requestId: int  # noqa: N815 - as it is on the wire


class _Answered(msgspec.Struct):
    status: str = "Accepted"


def _report_number(action: str, payload: bytes) -> int | None:
    """The number by which the pages of an answer will be known."""
    if action not in gathering.IN_PARTS:
        return None
    try:
        return msgspec.json.decode(payload, type=_Numbered).requestId
    except msgspec.MsgspecError:
        return None  # sent unchecked


def _answer_of(told: Told) -> str | None:
    """The station's own word; None: it was never reached."""
    match told.outcome:
        case Reached.ANSWERED:
            try:
                return msgspec.json.decode(told.payload or b"{}", type=_Answered).status
            except msgspec.MsgspecError:
                return "Accepted"
        case Reached.REFUSED:
            return told.code or "GenericError"
        case Reached.UNKNOWN:
            return "Accepted"  # perhaps; what comes will show it
        case Reached.UNREACHED:
            return None


def _outcome_word(told: Told) -> str:
    return told.code or "" if told.outcome is Reached.REFUSED else told.outcome.value


def _text(told: Told) -> bytes | None:
    return told.description.encode() if told.description else None
