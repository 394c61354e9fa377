"""/stations/{identity}/commands: what a station is told, whatever it speaks."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Annotated, Any

from litestar import post
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, to_builtins
from msgspec.structs import replace

from ricarica.access.model import Permission
from ricarica.api.away import Away, WhenAway, keep
from ricarica.api.caller import Asking, Caller
from ricarica.api.gate import needs
from ricarica.api.limits import LimitsBody, limits_from
from ricarica.api.replies import ShortText
from ricarica.authorization.commands import ClearCache
from ricarica.configuration.commands import ReportSettings, WriteSetting
from ricarica.engine.orders import merged, note_order, start_order, stop_order, trigger_orders
from ricarica.engine.paying import limited_start
from ricarica.engine.sayings import Saying
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber, StationKey, TransactionId
from ricarica.slices import Slices
from ricarica.stations.commands import (
    ChangeAvailability,
    Outcome,
    Reset,
    Result,
    Topic,
    Trigger,
    Unlock,
    Wait,
)
from ricarica.transactions.commands import StartCharging

PATH = "/stations/{identity:str}/commands"
SETTINGS_MAX = 50  # written one after the other, each with an answer to wait for

Evse = Annotated[int, Meta(ge=1, description="Number of an EVSE; 1.6 calls it a connector.")]
Connector = Annotated[int, Meta(ge=1)]
Values = dict[str, str]
REFUSED = WhenAway()


class CommandReply(Struct, frozen=True):
    """`status` and `detail` are the station's own words, `answer` what it told besides.

    `outcome` is `unknown` when the station was asked and did not answer in time: find out what
    it did before trying again. It is `unreached` when the station left after the first of several
    parts, and with `when_away=keep`; then `answer.kept` is the id under which the rest waits.
    `waited` tells behind which request it had to wait, for a station is asked one thing at a time.
    """

    outcome: Outcome
    status: str | None
    detail: str | None
    answer: dict[str, Any]
    waited: Wait | None = None


class Start(Struct, frozen=True, forbid_unknown_fields=True):
    """Without a token, the operator's own is used. Limits hold for the transaction that follows."""

    evse: Evse | None = None
    connector: Connector | None = None
    token: ShortText | None = None
    limits: LimitsBody | None = None


class Stop(Struct, frozen=True, forbid_unknown_fields=True):
    """Without a transaction, the one that runs: at the EVSE, if one is named."""

    transaction: str | None = None
    evse: Evse | None = None


class ResetBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`when_idle` waits for running transactions to end; `hard` does not even say goodbye.

    `resume`: what charges goes on after it; only 2.1 has a word for it.
    """

    evse: Evse | None = None
    when_idle: bool = False
    hard: bool = False
    resume: bool = False


class UnlockBody(Struct, frozen=True, forbid_unknown_fields=True):
    evse: Evse
    connector: Connector = 1


class AvailabilityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a connector, of an EVSE, or (without both) of the whole station.

    422: a connector without its EVSE.
    """

    operative: bool
    evse: Evse | None = None
    connector: Connector | None = None


class TriggerBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`custom`: the station's own word for a report, with the topic `custom`."""

    topic: Topic
    evse: Evse | None = None
    connector: Connector | None = None
    custom: ShortText | None = None


class SettingsBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`read`: names to ask for; `write`: new values by name; neither: ask for all there are."""

    read: Annotated[list[ShortText], Meta(min_length=1, max_length=SETTINGS_MAX)] | None = None
    write: Values | None = None


@post(f"{PATH}/start", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def start(caller: Asking, identity: FromPath[str], data: JSONBody[Start]) -> CommandReply:
    """Start a transaction from afar. `answer.number` names this request."""

    async def act(key: StationKey) -> CommandReply:
        evse, connector = _evse(data.evse), _connector(data.connector)

        async def order(slices: Slices) -> StartCharging:
            if data.limits is None:
                return await start_order(slices, key, data.token, evse, connector)
            limits = limits_from(data.limits)
            return await limited_start(slices, key, data.token, limits, evse, connector)

        command = await caller.carry_out(order)
        reply = await _told(caller, "start", key, command)
        return with_answer(reply, number=command.number)

    key = await caller.station(identity)
    return await caller.once_outside(CommandReply, lambda: act(key))


@post(f"{PATH}/stop", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def stop(caller: Asking, identity: FromPath[str], data: JSONBody[Stop]) -> CommandReply:
    """Stop a transaction from afar. 409 when it is not clear which."""
    key = await caller.station(identity)
    transaction = None if data.transaction is None else TransactionId(data.transaction)
    command = await caller.carry_out(
        lambda slices: stop_order(slices, key, transaction, _evse(data.evse))
    )
    return await _say(caller, "stop", key, command)


@post(f"{PATH}/reset", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def reset(
    caller: Asking, identity: FromPath[str], data: JSONBody[ResetBody], away: Away
) -> CommandReply:
    """Restart a station, or one of its EVSEs."""
    key = await caller.station(identity)
    command = Reset(_evse(data.evse), data.when_idle, data.hard, data.resume)
    return await _say(caller, "reset", key, command, away)


@post(f"{PATH}/unlock", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def unlock(
    caller: Asking, identity: FromPath[str], data: JSONBody[UnlockBody], away: Away
) -> CommandReply:
    """Release a stuck cable."""
    key = await caller.station(identity)
    command = Unlock(EvseNumber(data.evse), ConnectorNumber(data.connector))
    return await _say(caller, "unlock", key, command, away)


@post(f"{PATH}/availability", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def availability(
    caller: Asking, identity: FromPath[str], data: JSONBody[AvailabilityBody], away: Away
) -> CommandReply:
    """Take something out of service, or back into it."""
    key = await caller.station(identity)
    command = ChangeAvailability(data.operative, _evse(data.evse), _connector(data.connector))
    return await _say(caller, "availability", key, command, away)


@post(f"{PATH}/trigger", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def trigger(
    caller: Asking, identity: FromPath[str], data: JSONBody[TriggerBody], away: Away
) -> CommandReply:
    """Ask for a report at once."""
    key = await caller.station(identity)
    command = Trigger(data.topic, _evse(data.evse), _connector(data.connector), data.custom)
    orders = await caller.carry_out(lambda slices: trigger_orders(slices, key, command))
    saying = Saying("trigger", _said(command))
    return await say_each(caller, key, orders, saying, away)


@post(f"{PATH}/clear-cache", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def clear_cache(caller: Asking, identity: FromPath[str], away: Away) -> CommandReply:
    """Let a station forget which tokens were accepted."""
    return await _say(caller, "clear-cache", await caller.station(identity), ClearCache(), away)


@post(f"{PATH}/settings", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"])
async def settings(
    caller: Asking, identity: FromPath[str], data: JSONBody[SettingsBody], away: Away
) -> CommandReply:
    """Read or write settings. Names are the station's own, or neutral ones of ours."""
    key = await caller.station(identity)
    if data.read is not None and data.write is not None:
        raise InvalidError("give `read` or `write`, not both")
    if data.write is not None:
        values = data.write
        return await caller.once_outside(
            CommandReply, lambda: _written(caller, key, values, away.keep_for)
        )
    if data.read is not None:
        return await _read(caller, key, data.read)

    async def ask(slices: Slices) -> ReportSettings:
        station = await slices.stations.get(key)
        return await slices.configuration.ask_for_all(key, station.firmware, slices.now)

    return await _say(caller, "settings", key, await caller.carry_out(ask))


HANDLERS = (start, stop, reset, unlock, availability, trigger, clear_cache, settings)


async def _written(
    caller: Caller, key: StationKey, values: Values, keep_for: timedelta | None
) -> CommandReply:
    try:
        reply = await write_settings(caller, key, values)
    except ConflictError:
        if keep_for is None:
            raise
        return await _kept(caller, key, Saying("settings", {"write": values}), keep_for)
    results = reply.answer["settings"]
    missed = {
        name: value
        for name, value in values.items()
        if results[name]["outcome"] is Outcome.UNREACHED
    }
    if missed and keep_for is not None:
        number = await keep(caller, key, Saying("settings", {"write": missed}), keep_for)
        return with_answer(reply, kept=number)
    return reply


async def _read(caller: Caller, key: StationKey, names: Sequence[str]) -> CommandReply:
    """As many at once as the station takes. B06.FR.05"""
    parts = await caller.carry_out(lambda slices: slices.configuration.reading(key, names))
    replies = await _each_told(caller, "settings", key, parts)
    said = next((each for each in replies if each.outcome is not Outcome.ACCEPTED), replies[0])
    answer = merged(reply.answer for reply in replies)
    # A part that was answered tells of what it refuses; of one that was not, nothing is known.
    is_whole = all("settings" in reply.answer for reply in replies)
    has_any = any(reply.outcome is Outcome.ACCEPTED for reply in replies)
    if has_any and is_whole:
        said = replace(said, outcome=Outcome.ACCEPTED)
    elif has_any:
        said = next(reply for reply in replies if "settings" not in reply.answer)
    return replace(said, answer=answer, waited=replies[0].waited)


async def write_settings(
    caller: Caller, key: StationKey, values: Mapping[str, str]
) -> CommandReply:
    """One after the other; the outcome is that of the first one not accepted."""
    if not 0 < len(values) <= SETTINGS_MAX:
        raise InvalidError(f"write 1 to {SETTINGS_MAX} settings at once, not {len(values)}")
    await caller.carry_out(lambda slices: slices.configuration.check_writable(key, values))
    writes = [WriteSetting(name, value) for name, value in values.items()]
    replies = await _each_told(caller, "settings", key, writes)
    failed = [reply for reply in replies if reply.outcome is not Outcome.ACCEPTED]
    summary = [*failed, *replies][0]
    results = {
        name: {"outcome": reply.outcome, "status": reply.status, "detail": reply.detail}
        for name, reply in zip(values, replies, strict=True)
    }
    return CommandReply(
        summary.outcome, summary.status, summary.detail, {"settings": results}, replies[0].waited
    )


async def _say(
    caller: Caller, name: str, key: StationKey, command: object, away: WhenAway = REFUSED
) -> CommandReply:
    return await say_each(caller, key, [command], Saying(name, _said(command)), away)


async def say_each(
    caller: Caller, key: StationKey, commands: Sequence[object], saying: Saying, away: WhenAway
) -> CommandReply:
    """What became of it; of several commands, of the first that was not accepted."""

    async def act() -> CommandReply:
        try:
            replies = await _each_told(caller, saying.name, key, commands)
        except ConflictError:
            if away.keep_for is None:
                raise
            return await _kept(caller, key, saying, away.keep_for)
        is_partly = any(reply.outcome is Outcome.UNREACHED for reply in replies)
        if is_partly and away.keep_for is not None:
            # Only reports are asked for in several parts, and told twice they harm nobody.
            return await _kept(caller, key, saying, away.keep_for)
        failed = [reply for reply in replies if reply.outcome is not Outcome.ACCEPTED]
        return [*failed, *replies][0]

    return await caller.once_outside(CommandReply, act)


def _said(command: object) -> dict[str, Any]:
    members: dict[str, Any] = to_builtins(command)
    return {name: value for name, value in members.items() if value is not None}


async def _kept(
    caller: Caller, key: StationKey, saying: Saying, keep_for: timedelta
) -> CommandReply:
    number = await keep(caller, key, saying, keep_for)
    detail = "the station is away; it is told when it is back"
    return CommandReply(Outcome.UNREACHED, None, detail, {"kept": number})


async def _each_told(
    caller: Caller, name: str, key: StationKey, commands: Sequence[object]
) -> list[CommandReply]:
    """One after the other. What a station that left was not told any more is unreached.

    Raises:
        ConflictError: the station is not connected, and was told nothing.
    """
    replies: list[CommandReply] = []
    for command in commands:
        try:
            reply = await _told(caller, name, key, command)
        except ConflictError:
            if not replies:
                raise
            reply = CommandReply(Outcome.UNREACHED, None, "the station had left before", {})
        replies.append(reply)
    return replies


async def _told(caller: Caller, name: str, key: StationKey, command: object) -> CommandReply:
    """
    Raises:
        ConflictError: the station is not connected.
    """
    result = await caller.tell(key, command)
    # The value may be a secret.
    said = {"name": command.name} if isinstance(command, WriteSetting) else to_builtins(command)
    return await noted(caller, key, name, result, said)


async def noted(
    caller: Caller, key: StationKey, name: str, result: Result, detail: dict[str, Any]
) -> CommandReply:
    """
    Raises:
        ConflictError: the station is not connected.
    """
    await note_command(caller, key, name, result.outcome, detail)
    if result.outcome is Outcome.UNREACHED:
        raise ConflictError(f"{key.station} is not connected; nothing was sent")
    return command_reply(result)


async def note_command(
    caller: Caller, key: StationKey, name: str, outcome: str, detail: dict[str, Any]
) -> None:
    async def note(slices: Slices) -> None:
        note_order(slices, caller.actor, key, name, outcome, detail)

    await caller.carry_out(note)


def command_reply(result: Result, **more: object) -> CommandReply:
    answer = {**result.answer, **more}
    return CommandReply(result.outcome, result.status, result.detail, answer, result.waited)


def with_answer(reply: CommandReply, **more: object) -> CommandReply:
    """The same reply with more of our own in its answer."""
    return replace(reply, answer={**reply.answer, **more})


def _evse(number: int | None) -> EvseNumber | None:
    return None if number is None else EvseNumber(number)


def _connector(number: int | None) -> ConnectorNumber | None:
    return None if number is None else ConnectorNumber(number)
