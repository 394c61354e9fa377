"""Commands to stations, and what became of them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog

from ricarica.engine.counts import CommandCounts
from ricarica.engine.live import LiveStation
from ricarica.engine.message_log import Logged, stage
from ricarica.engine.tracing import Tracing
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.clock import Clock
from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Ask, Told
from ricarica.link.letters import Outcome as Reached
from ricarica.link.ports import Sockets
from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import BY_NAME, Dialect
from ricarica.ocpp.errors import LocalProtocolError, RemoteProtocolError
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases

log = structlog.get_logger("ricarica.commands")

UNSUPPORTED_CODES = frozenset({"NotImplemented", "NotSupported"})
ASKABLE = frozenset().union(*map(actions.from_csms, BY_NAME.values()))
FREE_TIMEOUT_S = 30.0  # OCPP-J 2.1 §4.1.2 suggests to begin with it

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
    ) -> None:
        self._phrases = phrases
        self._whereabouts = whereabouts
        self._sockets = sockets
        self._clock = clock
        self._afterwards = afterwards
        self.counts = CommandCounts()
        self.tracing: Tracing | None = None

    def sayable(self, dialect: str) -> frozenset[type]:
        """The commands that a dialect has words for, by its name."""
        return frozenset(self._phrases.get(dialect, {}))

    def resets_when_idle(self, dialect: str) -> bool:
        """Whether a dialect can say: restart once nobody charges any more."""
        return dialect in BY_NAME and BY_NAME[dialect].resets_when_idle

    async def tell(self, key: StationKey, command: object) -> Result:
        """Send a command in the station's own words, and wait for what becomes of it."""
        result = await self._told(key, command)
        self.counts.told[type(command).__name__, result.outcome.value] += 1
        return result

    async def _told(self, key: StationKey, command: object) -> Result:
        live = await self._whereabouts(key)
        if live is None:
            return Result(Outcome.UNREACHED, detail="the station is not connected")
        phrase = self._phrases[live.dialect.name].get(type(command))
        if phrase is None:
            return Result(
                Outcome.UNSUPPORTED, detail=f"OCPP {live.dialect.name} has no word for it"
            )
        try:
            payload = wire.encode(phrase.request_for(command), live.dialect)
        except LocalProtocolError as error:
            return Result(Outcome.UNSUPPORTED, detail=str(error))
        ask = Ask(key, phrase.action, payload, phrase.timeout_s, live.node)
        told = await self._ask(ask)
        result = self._result(phrase, told, live, command)
        await self._remember(key, phrase, command, told, live.dialect)
        return result

    async def call(
        self, key: StationKey, action: str, payload: bytes, *, checked: bool, timeout_s: float
    ) -> Told:
        """Send an action with a payload as given, once it is valid (or at once, unchecked).

        Raises:
            InvalidError: the dialect has no such action for us to send, or the payload does
                not fit; the text names the member.
        """
        live = await self._whereabouts(key)
        if live is None:
            return Told(Reached.UNREACHED)
        if checked:
            _check(live.dialect, action, payload)
        return await self._ask(Ask(key, action, payload, timeout_s, live.node))

    async def _ask(self, ask: Ask) -> Told:
        at = self._clock.now()
        told = await self._counted(ask)
        outcome = _outcome_word(told)
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
        )

        async def write(unit: UnitOfWork) -> None:
            stage(unit, logged)

        self._afterwards(ask.key, write)
        return told

    async def _counted(self, ask: Ask) -> Told:
        self.counts.waiting += 1
        try:
            told = await self._traced(ask) if self.tracing else await self._sockets.ask(ask)
        finally:
            self.counts.waiting -= 1
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

    def _result(self, phrase: Phrase, told: Told, live: LiveStation, command: object) -> Result:
        match told.outcome:
            case Reached.ANSWERED:
                return self._answered(phrase, told, live.dialect)
            case Reached.REFUSED:
                if told.code in UNSUPPORTED_CODES:
                    live.cannot.add(type(command))
                    return Result(Outcome.UNSUPPORTED, told.code, told.description)
                return Result(Outcome.REFUSED, told.code, told.description)
            case Reached.UNREACHED:
                return Result(Outcome.UNREACHED, detail="the connection was lost before it left")
            case Reached.UNKNOWN:
                return Result(Outcome.UNKNOWN, detail="the station did not answer in time")

    def _answered(self, phrase: Phrase, told: Told, dialect: Dialect) -> Result:
        try:
            response = _decoded(dialect, phrase.action, told)
        except RemoteProtocolError as error:
            return Result(Outcome.UNKNOWN, detail=f"its answer makes no sense: {error}")
        return phrase.result_from(response)

    async def _remember(
        self, key: StationKey, phrase: Phrase, command: object, told: Told, dialect: Dialect
    ) -> None:
        remember = phrase.remember
        if remember is None or told.outcome is not Reached.ANSWERED:
            return
        try:
            response = _decoded(dialect, phrase.action, told)
        except RemoteProtocolError:
            return
        origin = Origin(key, dialect, self._clock.now())

        async def write(unit: UnitOfWork) -> None:
            await remember(command, response, origin, unit.slices)

        try:
            await self._afterwards(key, write)
        except RicaricaError as error:  # what the station did is done, whether we noted it or not
            log.warning("command.not_noted", station=str(key), error=str(error))

    def is_worth_telling(self, live: LiveStation, command: object) -> bool:
        """Whether it is sayable, and not known to be in vain."""
        kind = type(command)
        return kind in self._phrases[live.dialect.name] and kind not in live.cannot


def _check(dialect: Dialect, action: str, payload: bytes) -> None:
    request = actions.request_type(dialect, action)
    if request is None or action not in actions.from_csms(dialect):
        raise InvalidError(f"OCPP {dialect.name} has no {action} for us to send")
    try:
        wire.check(payload, request, dialect)
    except RemoteProtocolError as error:
        raise InvalidError(f"{action}: {error.description}") from error


def _decoded(dialect: Dialect, action: str, told: Told) -> Any:
    response = actions.response_type(dialect, action)
    assert response is not None, "only what is answered is asked"
    return wire.decode(told.payload or b"{}", response)


def _outcome_word(told: Told) -> str:
    return told.code or "" if told.outcome is Reached.REFUSED else told.outcome.value


def _text(told: Told) -> bytes | None:
    return told.description.encode() if told.description else None
