"""/stations/{identity}/energy: what limits a station, what cars ask for, controls of the grid."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, json, to_builtins

from ricarica.access.model import Permission
from ricarica.api.away import Away, WhenAway, keep
from ricarica.api.caller import Asking, Caller, once_only
from ricarica.api.commands import (
    CommandReply,
    command_reply,
    note_command,
    noted,
    say_each,
    with_answer,
)
from ricarica.api.energy_replies import (
    EnergyReply,
    SpanReply,
    TransferRuleReply,
    energy_reply,
    rule_reply,
    span_reply,
)
from ricarica.api.gate import needs
from ricarica.api.replies import NumberInPath, Page, page_of
from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.commands import (
    AllowTransfers,
    AskDer,
    AskProfiles,
    SignalFrequency,
    UsePriority,
)
from ricarica.energy.composite import composite
from ricarica.energy.der import DerControl
from ricarica.energy.model import Amounts, Profile, Rule
from ricarica.energy.queries import EnergyQueries, Summary
from ricarica.engine.energy_orders import (
    limited_start,
    remove_profile,
    set_control,
    set_profile,
)
from ricarica.engine.energy_sayings import (
    HOURS_MAX,
    AmountsBody,
    AskDerBody,
    ClearBody,
    ClearDerBody,
    CompositeBody,
    NewLimit,
    NewProfile,
    NoBody,
    NumberBody,
    SignalBody,
    command_from,
    limited,
)
from ricarica.engine.sayings import Saying
from ricarica.kernel.ids import EvseNumber, StationId, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result

PATH = "/stations/{identity:str}"
TAGS = ["Energy"]
KEPT = "it is told when the station is back"


class NewStart(Struct, frozen=True, forbid_unknown_fields=True):
    evse: Annotated[int, Meta(ge=1, le=1000)]
    profile: Profile
    token: str | None = None


Named = Annotated[str, Meta(description="A running transaction: its `id`, or its `ref`.")]


class PriorityBody(Struct, frozen=True, forbid_unknown_fields=True):
    transaction: Named
    activate: bool = True


class TransfersBody(Struct, frozen=True, forbid_unknown_fields=True):
    transaction: Named
    transfers: Annotated[list[EnergyTransfer], Meta(min_length=1)]


class TransferRuleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Without anything decided, the rule goes.

    `transfers`: how energy may flow. `power_w`: cars that tell their needs get a profile of so
    much, or of less if they asked for less.
    """

    transfers: list[EnergyTransfer] | None = None
    power_w: Decimal | None = None


# -- looking


@get("/energy", opt=needs(Permission.READ), tags=TAGS)
async def list_energy(caller: Asking) -> Page[Summary]:
    """Stations where something limits, or is asked for; those that need somebody first."""
    return page_of(await EnergyQueries(caller.database).overview(caller.tenant))


@get(f"{PATH}/energy", opt=needs(Permission.READ), tags=TAGS)
async def get_energy(caller: Asking, identity: FromPath[str]) -> EnergyReply:
    """Profiles, limits of others, needs of cars, controls of the grid and alarms."""
    key = await caller.station(identity)
    found = await EnergyQueries(caller.database).station(key, caller.now())
    return energy_reply(found)


@get(f"{PATH}/composite", opt=needs(Permission.READ), tags=TAGS)
async def get_composite(
    caller: Asking,
    identity: FromPath[str],
    evse: Annotated[int, QueryParameter(ge=0, le=1000)] = 0,
    hours: Annotated[int, QueryParameter(ge=1, le=HOURS_MAX)] = 24,
) -> Page[SpanReply]:
    """What we believe will hold, by all profiles and limits that are known. K08"""
    key, now = await caller.station(identity), caller.now()
    found = await EnergyQueries(caller.database).station(key, now)
    occasion = await caller.carry_out(lambda slices: slices.energy.occasion(key, EvseNumber(evse)))
    return page_of(
        span_reply(span.at, span.ceiling)
        for span in composite(found.placed, occasion, now, timedelta(hours=hours))
    )


# -- profiles


@post(
    [f"{PATH}/charging-profiles", f"{PATH}/commands/set-profile"],
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
async def add_profile(
    caller: Asking, identity: FromPath[str], data: JSONBody[NewProfile]
) -> CommandReply:
    """Set a charging profile, and keep it set. `answer.number` is its number.

    A station that is away gets it when it is back: `outcome` is then `unreached`.
    """
    key = await caller.station(identity)
    return await _set(caller, key, EvseNumber(data.evse), data.profile)


@post(
    [f"{PATH}/charging-limits", f"{PATH}/commands/charging-limit"],
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
async def add_limit(
    caller: Asking, identity: FromPath[str], data: JSONBody[NewLimit]
) -> CommandReply:
    """Set one limit, and keep it set, without writing a profile."""
    key = await caller.station(identity)
    return await _set(caller, key, EvseNumber(data.evse), limited(data))


@delete(
    f"{PATH}/charging-profiles/{{number:int}}",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
async def delete_profile(
    caller: Asking, identity: FromPath[str], number: NumberInPath
) -> CommandReply:
    """Remove a profile; from a station that is away, when it is back."""
    key = await caller.station(identity)
    tell = _Teller(caller, key, "clear-profile", {"number": number})
    return _kept(await remove_profile(caller.carry_out, tell, key, number))


@post(
    f"{PATH}/charging-profiles/{{number:int}}/amounts",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
@once_only
async def change_amounts(
    caller: Asking, identity: FromPath[str], number: NumberInPath, data: JSONBody[Amounts]
) -> CommandReply:
    """Other amounts for a dynamic profile, at once. What is left out stays."""
    key = await caller.station(identity)
    command = await caller.carry_out(
        lambda slices: slices.energy.retune(key, number, data, slices.now)
    )
    said = {"number": number, **to_builtins(data)}
    return _kept(await _Teller(caller, key, "update-dynamic", said)(command))


@post(f"{PATH}/commands/start-limited", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def start_limited(
    caller: Asking, identity: FromPath[str], data: JSONBody[NewStart]
) -> CommandReply:
    """Start a transaction from afar that has a charging profile of its own. K05"""
    key, evse = await caller.station(identity), EvseNumber(data.evse)

    command = await caller.carry_out(
        lambda slices: limited_start(slices, key, evse, data.profile, data.token)
    )
    return await _tell(caller, key, "start-limited", command)


@post(f"{PATH}/commands/clear-profile", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def clear_profile(
    caller: Asking, identity: FromPath[str], data: JSONBody[NumberBody], away: Away
) -> CommandReply:
    """Remove a profile by its number."""
    return await _said(caller, identity, "clear-profile", data, away)


@post(f"{PATH}/commands/clear-profiles", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def clear_profiles(
    caller: Asking, identity: FromPath[str], data: JSONBody[ClearBody], away: Away
) -> CommandReply:
    """Remove all profiles of a purpose, a stack level, an EVSE; never what others limit."""
    return await _said(caller, identity, "clear-profiles", data, away)


@post(f"{PATH}/commands/update-dynamic", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def update_dynamic(
    caller: Asking, identity: FromPath[str], data: JSONBody[AmountsBody], away: Away
) -> CommandReply:
    """Other amounts for a dynamic profile, at once. What is left out stays."""
    return await _said(caller, identity, "update-dynamic", data, away)


@post(f"{PATH}/commands/report-profiles", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def report_profiles(caller: Asking, identity: FromPath[str], away: Away) -> CommandReply:
    """Ask which profiles are installed; they come afterwards, under `answer.number`."""
    return await _said(caller, identity, "report-profiles", NoBody(), away)


@post(f"{PATH}/commands/composite", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def ask_composite(
    caller: Asking, identity: FromPath[str], data: JSONBody[CompositeBody], away: Away
) -> CommandReply:
    """Ask the station itself what will hold."""
    return await _said(caller, identity, "composite", data, away)


@post(f"{PATH}/commands/priority", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def priority(
    caller: Asking, identity: FromPath[str], data: JSONBody[PriorityBody]
) -> CommandReply:
    """Let a transaction go before others, or no longer."""
    key = await caller.station(identity)
    command = UsePriority(await _ref(caller, key, data.transaction), data.activate)
    return await _tell(caller, key, "priority", command)


@post(f"{PATH}/commands/allow-transfers", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def allow_transfers(
    caller: Asking, identity: FromPath[str], data: JSONBody[TransfersBody]
) -> CommandReply:
    """How energy may flow in a running transaction from now on."""
    key = await caller.station(identity)
    ref = await _ref(caller, key, data.transaction)
    command = AllowTransfers(ref, tuple(data.transfers))
    return await _tell(caller, key, "allow-transfers", command)


@post(f"{PATH}/commands/afrr", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def afrr(caller: Asking, identity: FromPath[str], data: JSONBody[SignalBody]) -> CommandReply:
    """Pass on a signal of the grid's operator."""
    key = await caller.station(identity)
    return await _tell(caller, key, "afrr", SignalFrequency(caller.now(), data.signal))


# -- controls of the grid


@post(
    [f"{PATH}/der-controls", f"{PATH}/commands/set-der"],
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=TAGS,
)
@once_only
async def add_control(
    caller: Asking, identity: FromPath[str], data: JSONBody[DerControl], away: Away
) -> CommandReply:
    """Set a control. `answer.id` names it, `answer.superseded` those that it goes before."""
    key = await caller.station(identity)
    tell = _Teller(caller, key, "set-der", {"kind": data.kind, "id": data.id})
    command, result = await set_control(caller.carry_out, tell, key, data)
    control = command.control
    if result.outcome is not Outcome.UNREACHED or away.keep_for is None:
        return command_reply(result, id=control.id)
    number = await keep(caller, key, Saying("set-der", to_builtins(control)), away.keep_for)
    return CommandReply(result.outcome, None, KEPT, {"id": control.id, "kept": number})


@post(f"{PATH}/commands/report-der", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def report_controls(
    caller: Asking, identity: FromPath[str], data: JSONBody[AskDerBody], away: Away
) -> CommandReply:
    """Ask which controls are installed; they come afterwards, under `answer.number`."""
    return await _said(caller, identity, "report-der", data, away)


@post(f"{PATH}/commands/clear-der", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def clear_controls(
    caller: Asking, identity: FromPath[str], data: JSONBody[ClearDerBody], away: Away
) -> CommandReply:
    """Remove one control, or all defaults or all scheduled ones, of one kind or of any."""
    return await _said(caller, identity, "clear-der", data, away)


# -- rules


@get("/energy/rules", opt=needs(Permission.READ), tags=TAGS)
async def list_rules(caller: Asking) -> Page[TransferRuleReply]:
    """What cars are given for what they ask, and how energy may flow."""
    return page_of(map(rule_reply, await EnergyQueries(caller.database).rules(caller.tenant)))


@put("/energy/rule", opt=needs(Permission.COMMAND), tags=TAGS)
async def put_rule(caller: Asking, data: JSONBody[TransferRuleBody]) -> TransferRuleReply:
    """For all stations that have no rule of their own."""
    return await _decide(caller, None, data)


@put(f"{PATH}/energy/rule", opt=needs(Permission.COMMAND), tags=TAGS)
async def put_station_rule(
    caller: Asking, identity: FromPath[str], data: JSONBody[TransferRuleBody]
) -> TransferRuleReply:
    """For one station."""
    return await _decide(caller, (await caller.station(identity)).station, data)


HANDLERS = (
    list_energy,
    get_energy,
    get_composite,
    add_profile,
    add_limit,
    delete_profile,
    change_amounts,
    start_limited,
    clear_profile,
    clear_profiles,
    update_dynamic,
    report_profiles,
    ask_composite,
    priority,
    allow_transfers,
    afrr,
    add_control,
    report_controls,
    clear_controls,
    list_rules,
    put_rule,
    put_station_rule,
)


# -- parts


async def _decide(
    caller: Caller, station: StationId | None, data: TransferRuleBody
) -> TransferRuleReply:
    transfers = None if data.transfers is None else tuple(data.transfers)
    rule = Rule(tenant=caller.tenant, station=station, transfers=transfers, power_w=data.power_w)

    async def decide(slices: Slices) -> None:
        await slices.cars.rule(rule)
        caller.audit(slices, "energy.rule", f"station:{station or '*'}", **to_builtins(data))

    await caller.carry_out(decide)
    return rule_reply(rule)


async def _set(caller: Caller, key: StationKey, evse: EvseNumber, profile: Profile) -> CommandReply:
    async def act() -> CommandReply:
        said = {"evse": evse, "profile": to_builtins(profile)}
        tell = _Teller(caller, key, "set-profile", said)
        command, result = await set_profile(caller.carry_out, tell, key, evse, profile)
        return _kept(result, number=command.profile.id)

    return await caller.once_outside(CommandReply, act)


async def _said(
    caller: Caller, identity: str, name: str, body: Struct, away: WhenAway
) -> CommandReply:
    """Now; or, if that is wanted, once the station is back."""
    key, text = await caller.station(identity), json.encode(body)
    command = await caller.carry_out(lambda slices: command_from(slices, key, name, text))
    reply = await say_each(caller, key, [command], Saying(name, to_builtins(body)), away)
    number = command.number if isinstance(command, AskProfiles | AskDer) else None
    return reply if number is None else with_answer(reply, number=number)


class _Teller:
    """Tells a station, and writes down who did."""

    def __init__(self, caller: Caller, key: StationKey, name: str, said: dict[str, Any]) -> None:
        self._caller, self._key = caller, key
        self._name, self._said = name, said

    async def __call__(self, command: object) -> Result:
        caller = self._caller
        result = await caller.tell(self._key, command)
        await note_command(caller, self._key, self._name, result.outcome, self._said)
        return result


async def _ref(caller: Caller, key: StationKey, named: str) -> str:
    """What the station calls the transaction; it may know one of which we have not heard."""
    running = await caller.carry_out(lambda slices: slices.transactions.running_at(key))
    return next((each.ref for each in running if each.id == named), named)


async def _tell(caller: Caller, key: StationKey, name: str, command: object) -> CommandReply:
    """
    Raises:
        ConflictError: the station is not connected.
    """

    async def act() -> CommandReply:
        result = await caller.tell(key, command)
        return await noted(caller, key, name, result, to_builtins(command))

    return await caller.once_outside(CommandReply, act)


def _kept(result: Result, **more: object) -> CommandReply:
    reply = command_reply(result, **more)
    if result.outcome is not Outcome.UNREACHED:
        return reply
    return CommandReply(reply.outcome, None, KEPT, reply.answer)
