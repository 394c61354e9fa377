"""/energy and /stations/{id}/energy: what limits stations, and what is ordered by hand."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial

import msgspec
from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.commands import (
    AskComposite,
    AskDer,
    ClearDer,
    SetDer,
    SetProfile,
    SignalFrequency,
    UpdateDynamic,
    UsePriority,
)
from ricarica.energy.der import control_from
from ricarica.energy.model import Amounts, Kind, Profile, Purpose, Rule, Unit, flat, profile_from
from ricarica.energy.queries import EnergyQueries
from ricarica.engine.energy_orders import remove_profile, set_control, set_profile
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import EvseNumber, StationId, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.addresses import path_to
from ricarica.web.builders.energy import (
    AHEAD,
    WATTS_PER_KILOWATT,
    alarm_row_from,
    car_row_from,
    chart_from,
    control_row_from,
    doubts_from,
    energy_row_from,
    has_car,
    limit_row_from,
    profile_row_from,
    rule_form_from,
    spans_from,
)
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.station import live_station, told
from ricarica.web.sessions import needs
from ricarica.web.typed import count_in, needed_count_in, needed_number_in, number_in
from ricarica.web.views.commands import Command, CommandOutcome
from ricarica.web.views.energy import (
    PURPOSE_LABELS,
    EnergyPage,
    OrderOutcome,
    StationEnergy,
    StationEnergyPage,
)
from ricarica.web.views.lists import Choice
from ricarica.web.visitor import Html, Visiting, Visitor

# What a form needs a word for, in the station's dialect.
WORDS: Mapping[str, type] = {
    "limit": SetProfile,
    "profile": SetProfile,
    "composite": AskComposite,
    "amounts": UpdateDynamic,
    "priority": UsePriority,
    "signal": SignalFrequency,
    "control": SetDer,
    "report-der": AskDer,
}
PROFILE_MAX = 2**31 - 1  # the highest number of a profile
SETTABLE = tuple(purpose for purpose in Purpose if purpose is not Purpose.EXTERNAL)


@get("/energy", opt=needs(Permission.READ))
async def energy_page(visitor: Visiting) -> Html:
    return await visitor.show(await _list(visitor))


@post("/energy/rule", opt=needs(Permission.COMMAND))
async def decide(visitor: Visiting) -> Html:
    """For all stations that have no rule of their own."""
    try:
        await _decide(visitor, None)
    except InvalidError as error:
        return await visitor.show(replace(await _list(visitor), error=str(error)), status=422)
    return visitor.lead_to("/energy")


@get("/stations/{station:str}/energy", opt=needs(Permission.READ))
async def station_energy_page(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    key = live.view.station.key
    rules = await visitor.carry_out(lambda slices: slices.cars.rules_for(key))
    sayable = visitor.house.engine.commands.sayable(live.view.station.dialect or "")
    page = StationEnergyPage(
        head_from(live.view),
        await _state(visitor, live),
        rule_form_from(path_to("stations", key.station, "energy", "rule"), rules, key.station),
        frozenset(name for name, kind in WORDS.items() if kind in sayable),
        tuple(Choice(purpose, msg=PURPOSE_LABELS[purpose]) for purpose in SETTABLE),
        tuple(evse.transaction.ref for evse in live.evses if evse.transaction),
    )
    return await visitor.show(page)


@get("/fragments/stations/{station:str}/energy", opt=needs(Permission.READ))
async def state_part(visitor: Visiting, station: FromPath[str]) -> Html:
    return visitor.part(await _state(visitor, await live_station(visitor, station)))


@post("/stations/{station:str}/energy/rule", opt=needs(Permission.COMMAND))
async def decide_station(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await live_station(visitor, station)).view.station.key
    await _decide(visitor, key.station)
    return visitor.lead_to(path_to("stations", key.station, "energy"))


@post("/stations/{station:str}/energy/{order:str}", opt=needs(Permission.COMMAND))
async def order_energy(visitor: Visiting, station: FromPath[str], order: FromPath[str]) -> Html:
    """Answered when the station has answered, or has not for too long."""
    act = ORDERS.get(order)
    if act is None:
        raise NotFoundError(f"there is no order {order}")
    key = (await live_station(visitor, station)).view.station.key
    try:
        result = await act(visitor, key)
    except (InvalidError, ConflictError, NotFoundError) as error:
        failed = CommandOutcome(Command.READ_SETTINGS, Outcome.UNREACHED, error=str(error))
        return visitor.part(OrderOutcome(failed))
    is_kept = result.outcome is Outcome.UNREACHED and order in KEPT
    outcome = CommandOutcome(
        Command.READ_SETTINGS,
        result.outcome,
        result.status,
        result.detail,
        waited=result.waited,
    )
    return visitor.part(OrderOutcome(outcome, is_kept))


HANDLERS = (
    energy_page,
    decide,
    station_energy_page,
    state_part,
    decide_station,
    order_energy,
)


# -- showing


async def _list(visitor: Visitor) -> EnergyPage:
    queries = EnergyQueries(visitor.database)
    rules = [rule for rule in await queries.rules(visitor.tenant) if rule.station is None]
    return EnergyPage(
        tuple(map(energy_row_from, await queries.overview(visitor.tenant))),
        rule_form_from("/energy/rule", rules, None),
        may_act=visitor.may(Permission.COMMAND),
    )


async def _state(visitor: Visitor, live: LiveStation) -> StationEnergy:
    key, numbers = live.view.station.key, tuple(evse.number for evse in live.evses)
    known = await EnergyQueries(visitor.database).station(key, visitor.now)
    evse = _evse_asked(visitor.query.get("evse"), numbers)
    occasion = await visitor.carry_out(lambda slices: slices.energy.occasion(key, evse))
    asked = next((each.composite for each in known.evses if each.evse == evse), None)
    may_act = visitor.may(Permission.COMMAND)
    spans = spans_from(known, occasion, visitor.now)
    return StationEnergy(
        key.station,
        evse,
        numbers,
        chart_from(spans, asked, visitor.now),
        doubts_from(spans),
        asked.at if asked else None,
        tuple(profile_row_from(held, may_act=may_act) for held in known.profiles),
        tuple(map(limit_row_from, known.limits)),
        tuple(car_row_from(each) for each in known.evses if has_car(each)),
        tuple(map(control_row_from, known.controls)),
        tuple(map(alarm_row_from, known.alarms)),
        may_act,
        live.view.station.connected,
    )


def _evse_asked(text: str | None, numbers: tuple[int, ...]) -> EvseNumber:
    """The one that is asked for, else the first there is."""
    if text and text.isdecimal():
        return EvseNumber(int(text[:5]))
    return EvseNumber(numbers[0] if numbers else 0)


# -- forms


async def _decide(visitor: Visitor, station: StationId | None) -> None:
    transfers = tuple(each for each in EnergyTransfer if visitor.form.get(f"transfer-{each}"))
    power_kw = number_in(visitor.form, "power_kw")
    rule = Rule(
        tenant=visitor.tenant,
        station=station,
        transfers=transfers or None,
        power_w=None if power_kw is None else power_kw * WATTS_PER_KILOWATT,
    )

    async def decide(slices: Slices) -> None:
        await slices.cars.rule(rule)
        visitor.audit(slices, "energy.rule", f"station:{station or '*'}", power_kw=str(power_kw))

    await visitor.carry_out(decide)


async def _limit(visitor: Visitor, key: StationKey) -> Result:
    form = visitor.form
    purpose, unit = form.get("purpose", ""), form.get("unit", "")
    if purpose not in set(Purpose) or unit not in set(Unit):
        raise InvalidError("choose for whom the limit is, and its unit")
    meant = Purpose(purpose)
    profile = flat(
        meant,
        Unit(unit),
        needed_number_in(form, "limit"),
        kind=Kind.RELATIVE if meant is Purpose.TRANSACTION else Kind.ABSOLUTE,
        stack_level=count_in(form, "stack_level", least=0) or 0,
    )
    return await _set(visitor, key, profile)


async def _profile(visitor: Visitor, key: StationKey) -> Result:
    return await _set(visitor, key, profile_from(visitor.form.get("profile", "").encode()))


async def _set(visitor: Visitor, key: StationKey, profile: Profile) -> Result:
    evse = EvseNumber(count_in(visitor.form, "evse", least=0) or 0)
    tell = partial(told, visitor, key, "set-profile")
    _, result = await set_profile(visitor.carry_out, tell, key, evse, profile)
    return result


async def _remove(visitor: Visitor, key: StationKey) -> Result:
    number = needed_count_in(visitor.form, "number", least=0, most=PROFILE_MAX)
    tell = partial(told, visitor, key, "clear-profile")
    return await remove_profile(visitor.carry_out, tell, key, number)


async def _amounts(visitor: Visitor, key: StationKey) -> Result:
    form = visitor.form
    number = needed_count_in(form, "number", least=0, most=PROFILE_MAX)
    told_amounts = {
        name: value
        for name in ("limit", "discharge_limit", "setpoint")
        if (value := number_in(form, name)) is not None
    }
    amounts = msgspec.convert(told_amounts, Amounts)
    command = await visitor.carry_out(
        lambda slices: slices.energy.retune(key, number, amounts, slices.now)
    )
    return await told(visitor, key, "update-dynamic", command)


async def _composite(visitor: Visitor, key: StationKey) -> Result:
    evse = EvseNumber(count_in(visitor.form, "evse", least=0) or 0)
    command = AskComposite(evse, int(AHEAD.total_seconds()))
    return await told(visitor, key, "composite", command)


async def _report(visitor: Visitor, key: StationKey) -> Result:
    command = await visitor.carry_out(lambda slices: slices.energy.ask(key, slices.now))
    return await told(visitor, key, "report-profiles", command)


async def _priority(visitor: Visitor, key: StationKey) -> Result:
    command = UsePriority(
        visitor.form.get("transaction", ""), activate=visitor.form.get("activate") == "1"
    )
    return await told(visitor, key, "priority", command)


async def _signal(visitor: Visitor, key: StationKey) -> Result:
    signal = needed_number_in(visitor.form, "signal")
    if signal != int(signal):
        raise InvalidError("signal: give a whole number")
    return await told(visitor, key, "afrr", SignalFrequency(visitor.now, int(signal)))


async def _control(visitor: Visitor, key: StationKey) -> Result:
    control = control_from(visitor.form.get("control", "").encode())
    tell = partial(told, visitor, key, "set-der")
    _, result = await set_control(visitor.carry_out, tell, key, control)
    return result


async def _report_der(visitor: Visitor, key: StationKey) -> Result:
    async def ask(slices: Slices) -> AskDer:
        return AskDer(slices.ids.wire_number())

    return await told(visitor, key, "report-der", await visitor.carry_out(ask))


async def _clear_der(visitor: Visitor, key: StationKey) -> Result:
    id = visitor.form.get("control", "")
    command = await visitor.carry_out(lambda slices: slices.der.unwant(key, id))
    assert isinstance(command, ClearDer), "that is how a control is removed"
    return await told(visitor, key, "clear-der", command)


Order = Callable[[Visitor, StationKey], Awaitable[Result]]
ORDERS: Mapping[str, Order] = {
    "limit": _limit,
    "profile": _profile,
    "remove": _remove,
    "amounts": _amounts,
    "composite": _composite,
    "report": _report,
    "priority": _priority,
    "signal": _signal,
    "control": _control,
    "report-der": _report_der,
    "clear-der": _clear_der,
}
KEPT = frozenset({"limit", "profile", "remove"})  # a station that is away is told when it is back
