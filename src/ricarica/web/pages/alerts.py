"""/events: what stations noticed, what somebody has to look at, and the rules for it."""

from collections.abc import Mapping

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.alerts.queries import CURRENT, AlertQueries
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import EventId, StationId
from ricarica.kernel.slashes import name_in
from ricarica.monitoring.queries import MonitoringQueries
from ricarica.slices import Slices
from ricarica.storage.pages import Wanted
from ricarica.web.addresses import path_to, safe_next, with_query
from ricarica.web.builders.alerts import (
    alert_item,
    event_row,
    filter_from,
    rule_form,
    rule_from,
    rule_row,
    typed_rule_form,
    which_from,
)
from ricarica.web.builders.lists import pager_of
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.messages import station_view
from ricarica.web.sessions import needs
from ricarica.web.typed import digits_in, fields_of
from ricarica.web.views.alerts import (
    AlertList,
    EventList,
    EventsPage,
    RuleForm,
    RulesPage,
    StationEventsPage,
)
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
ALERTS_SHOWN = Wanted(50)
ASKED = ("q", "severity", "seen", "station")


@get("/events", opt=needs(Permission.READ))
async def events_page(visitor: Visiting) -> Html:
    page = EventsPage(await _alerts(visitor), await _events(visitor, visitor.query))
    return await visitor.show(page)


@get("/stations/{station:str}/events", opt=needs(Permission.READ))
async def station_events_page(visitor: Visiting, station: FromPath[str]) -> Html:
    view = await station_view(visitor, station)
    name = view.station.key.station
    page = StationEventsPage(
        head_from(view),
        await _alerts(visitor, name),
        await _events(visitor, visitor.query, name),
    )
    return await visitor.show(page)


@get("/fragments/events", opt=needs(Permission.READ))
async def events_part(visitor: Visiting) -> Html:
    of = visitor.query.get("of")
    return visitor.part(await _events(visitor, visitor.query, StationId(of) if of else None))


@get("/fragments/alerts", opt=needs(Permission.READ))
async def alerts_part(visitor: Visiting) -> Html:
    of = visitor.query.get("of")
    return visitor.part(await _alerts(visitor, StationId(of) if of else None))


@post("/events/{event:str}/acknowledge", opt=needs(Permission.COMMAND))
async def acknowledge_event(visitor: Visiting, event: FromPath[str]) -> Html:
    number = _number(event)
    found = await MonitoringQueries(visitor.database).event(visitor.tenant, number)
    if found is None:
        raise NotFoundError(f"there is no event {event}")

    async def acknowledge(slices: Slices) -> None:
        await slices.monitoring.acknowledge(
            found.station, number, visitor.actor.name, _note(visitor), slices.now
        )
        subject = f"station:{found.station.station}"
        visitor.audit(slices, "event.acknowledge", subject, event=event)

    await visitor.carry_out(acknowledge)
    return visitor.lead_to(_back(visitor))


@post("/alerts/{alert:str}/{act:str}", opt=needs(Permission.COMMAND))
async def treat_alert(visitor: Visiting, alert: FromPath[str], act: FromPath[str]) -> Html:
    number = _number(alert)
    if act not in ("acknowledge", "resolve"):
        raise NotFoundError("an alert is acknowledged or resolved")

    async def treat(slices: Slices) -> None:
        alerts = slices.alerts
        treated = alerts.acknowledge if act == "acknowledge" else alerts.resolve
        by, note = visitor.actor.name, _note(visitor)
        known = await treated(visitor.tenant, number, by, note, slices.now)
        visitor.audit(slices, f"alert.{act}", f"alert:{alert}", name=known.name)

    await visitor.carry_out(treat)
    return visitor.lead_to(_back(visitor))


# -- rules


@get("/events/rules", opt=needs(Permission.READ))
async def rules_page(visitor: Visiting) -> Html:
    rules = await visitor.carry_out(lambda slices: slices.alerts.rules(visitor.tenant))
    return await visitor.show(RulesPage(tuple(map(rule_row, rules))))


@get("/events/rules/new", opt=needs(Permission.EDIT_STATIONS))
async def new_rule(visitor: Visiting) -> Html:
    return await visitor.show(RuleForm())


@post("/events/rules/new", opt=needs(Permission.EDIT_STATIONS))
async def add_rule(visitor: Visiting) -> Html:
    return await _saved(visitor, "")


@get("/events/rules/{rule:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def edit_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    name = name_in(rule)
    known = await visitor.carry_out(lambda slices: slices.alerts.rule(visitor.tenant, name))
    return await visitor.show(rule_form(known))


@post("/events/rules/{rule:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def change_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    name = name_in(rule)
    known = await visitor.carry_out(lambda slices: slices.alerts.rule(visitor.tenant, name))
    visitor.edits(fields_of(rule_form(known)))
    return await _saved(visitor, name)


@post("/events/rules/{rule:str}/remove", opt=needs(Permission.EDIT_STATIONS))
async def remove_rule(visitor: Visiting, rule: FromPath[str]) -> Html:
    """One that comes with Ricarica is as it was at first."""
    name = name_in(rule)

    async def remove(slices: Slices) -> None:
        await slices.alerts.remove_rule(visitor.tenant, name)
        visitor.audit(slices, "alert-rule.remove", f"alert-rule:{name}")

    await visitor.carry_out(remove)
    return visitor.lead_to("/events/rules", Notice.RULE_SAVED)


HANDLERS = (
    events_page,
    station_events_page,
    events_part,
    alerts_part,
    acknowledge_event,
    treat_alert,
    rules_page,
    new_rule,
    add_rule,
    edit_rule,
    change_rule,
    remove_rule,
)


async def _saved(visitor: Visitor, name: str) -> Html:
    """Keep what the form says, or show it again with what is wrong."""

    async def save(slices: Slices) -> None:
        known = await slices.alerts.rule(visitor.tenant, name) if name else None
        rule = rule_from(visitor.form, visitor.tenant, name or slices.ids.new(), known)
        await slices.alerts.save_rule(rule)
        visitor.audit(slices, "alert-rule.save", f"alert-rule:{rule.id}", name=rule.name)

    try:
        await visitor.carry_out(save)
    except InvalidError as error:
        return await visitor.show(typed_rule_form(visitor.form, name, {"": str(error)}), 422)
    return visitor.lead_to("/events/rules", Notice.RULE_SAVED)


async def _alerts(visitor: Visitor, station: StationId | None = None) -> AlertList:
    found = await AlertQueries(visitor.database).alerts(
        visitor.tenant, CURRENT, station, ALERTS_SHOWN
    )
    return AlertList(tuple(map(alert_item, found.items)), station)


async def _events(
    visitor: Visitor, asked: Mapping[str, str], station: StationId | None = None
) -> EventList:
    typed, after = filter_from(asked), asked.get("after") or None
    found = await MonitoringQueries(visitor.database).events(
        visitor.tenant, which_from(typed, station), Wanted(ON_A_PAGE, after)
    )
    query = {name: asked[name] for name in ASKED if asked.get(name)}
    path = path_to("stations", station, "events") if station else "/events"
    return EventList(
        tuple(map(event_row, found.items)),
        pager_of(path, {**query, "after": after or ""}, found.next),
        typed,
        with_query("", query, of=station or "").removeprefix("?"),
        is_live=after is None,
        of_station=station,
    )


def _number(text: str) -> EventId:
    number = digits_in(text)
    if number is None:
        raise NotFoundError("there is nothing by that number")
    return EventId(number)


def _note(visitor: Visitor) -> str:
    return visitor.form.get("note", "").strip()


def _back(visitor: Visitor) -> str:
    return safe_next(visitor.form.get("next", "/events"))
