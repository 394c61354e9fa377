"""/station-events, /alerts and /alert-rules: what happened, and who is called for it."""

from datetime import datetime, timedelta
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, field

from ricarica.access.model import Permission
from ricarica.alerts.model import Alert, AlertState, Level, Matches, Rule
from ricarica.alerts.queries import SHOWN, AlertQueries
from ricarica.api.applies import AppliesBody, applies_body, applies_from
from ricarica.api.caller import Asking, Caller, OfStation, once_only, require
from ricarica.api.gate import needs
from ricarica.api.replies import NumberInPath, Page, PageWanted, ShortText, page_from, page_of
from ricarica.kernel.ids import EventId
from ricarica.monitoring.model import Origin, StationEvent, Trigger
from ricarica.monitoring.queries import EventFilter, MonitoringQueries
from ricarica.slices import Slices


class StationEventReply(Struct, frozen=True):
    """`at` is by the station's clock, `received_at` by ours. `number` and `cause` are its own
    names for events, `monitor` for the monitor that told of it."""

    id: str
    station: str
    at: datetime
    received_at: datetime
    name: str
    value: str
    severity: int | None
    cleared: bool
    trigger: Trigger | None
    origin: Origin | None
    number: int | None
    cause: int | None
    code: str | None
    info: str | None
    transaction: str | None
    monitor: int | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    note: str | None


class NoteBody(Struct, frozen=True, forbid_unknown_fields=True):
    note: Annotated[str, Meta(max_length=500)] = ""


class AlertReply(Struct, frozen=True):
    """`by`: who acknowledged or resolved it; null: nobody, it passed by itself."""

    id: str
    station: str | None
    rule: str
    name: str
    level: Level
    state: AlertState
    text: str
    subject: str
    severity: int | None
    count: int
    first_at: datetime
    last_at: datetime
    by: str | None
    changed_at: datetime | None
    note: str | None


class MatchesBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Left out: any. Texts may have * in them, and any case; `members` are those of the event."""

    name: ShortText = ""
    severity_max: Annotated[int, Meta(ge=0, le=9)] | None = None
    value: ShortText = ""
    code: ShortText = ""
    members: dict[str, str] = field(default_factory=dict)


class AlertRuleBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`kind` is that of an event in /events, e.g. StationNoticed, or `offline` for stations that
    are away for `lasting_s`.

    Somebody is called for the `threshold`th within `window_s`; once it was resolved, no sooner
    again than after `cool_down_s`.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    kind: ShortText
    level: Level = Level.WARNING
    matches: MatchesBody = field(default_factory=MatchesBody)
    applies: AppliesBody = field(default_factory=AppliesBody)
    threshold: Annotated[int, Meta(ge=1)] = 1
    window_s: Annotated[int, Meta(ge=0)] = 3600
    cool_down_s: Annotated[int, Meta(ge=0)] = 0
    lasting_s: Annotated[int, Meta(ge=0)] = 600
    is_active: bool = True


class AlertRuleReply(AlertRuleBody, frozen=True, kw_only=True):
    """`is_default`: it comes with Ricarica, and nobody changed it."""

    id: str
    is_default: bool


@get("/station-events", opt=needs(Permission.READ), tags=["Monitoring"])
async def list_station_events(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    *,
    q: Annotated[
        str | None, QueryParameter(description="In the variable, the value or the code.")
    ] = None,
    severity: Annotated[
        int | None, QueryParameter(ge=0, le=9, description="At least as severe: 3 is 0 to 3.")
    ] = None,
    acknowledged: Annotated[
        bool | None, QueryParameter(description="Only those that are, or are not.")
    ] = None,
) -> Page[StationEventReply]:
    """What stations noticed, the latest first."""
    which = EventFilter(of_station, severity, q, acknowledged)
    found = await MonitoringQueries(caller.database).events(caller.tenant, which, page)
    return page_from(found, event_reply)


@post(
    "/station-events/{event:int}/acknowledge",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Monitoring"],
)
@once_only
async def acknowledge_event(
    caller: Asking, event: NumberInPath, data: JSONBody[NoteBody]
) -> StationEventReply:
    """Somebody has seen it."""
    number = EventId(event)
    found = await MonitoringQueries(caller.database).event(caller.tenant, number)
    key = require(found, f"event {event}").station

    async def acknowledge(slices: Slices) -> StationEventReply:
        known = await slices.monitoring.acknowledge(
            key, number, caller.actor.name, data.note, slices.now
        )
        caller.audit(slices, "event.acknowledge", f"station:{key.station}", event=str(event))
        return event_reply(known)

    return await caller.carry_out(acknowledge)


@get("/alerts", opt=needs(Permission.READ), tags=["Alerts"])
async def list_alerts(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    status: Annotated[AlertState | None, QueryParameter(description="In this state.")] = None,
) -> Page[AlertReply]:
    """The latest first."""
    states = SHOWN if status is None else (status,)
    found = await AlertQueries(caller.database).alerts(caller.tenant, states, of_station, page)
    return page_from(found, alert_reply)


@post(
    "/alerts/{alert:int}/acknowledge",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Alerts"],
)
@once_only
async def acknowledge_alert(
    caller: Asking, alert: NumberInPath, data: JSONBody[NoteBody]
) -> AlertReply:
    """Somebody looks after it."""

    async def acknowledge(slices: Slices) -> AlertReply:
        known = await slices.alerts.acknowledge(
            caller.tenant, EventId(alert), caller.actor.name, data.note, slices.now
        )
        caller.audit(slices, "alert.acknowledge", f"alert:{alert}", name=known.name)
        return alert_reply(known)

    return await caller.carry_out(acknowledge)


@post(
    "/alerts/{alert:int}/resolve", status_code=200, opt=needs(Permission.COMMAND), tags=["Alerts"]
)
@once_only
async def resolve_alert(
    caller: Asking, alert: NumberInPath, data: JSONBody[NoteBody]
) -> AlertReply:
    """It is over."""

    async def resolve(slices: Slices) -> AlertReply:
        known = await slices.alerts.resolve(
            caller.tenant, EventId(alert), caller.actor.name, data.note, slices.now
        )
        caller.audit(slices, "alert.resolve", f"alert:{alert}", name=known.name)
        return alert_reply(known)

    return await caller.carry_out(resolve)


@get("/alert-rules", opt=needs(Permission.READ), tags=["Alerts"])
async def list_rules(caller: Asking) -> Page[AlertRuleReply]:
    """Those that come with Ricarica, and those of your own."""
    rules = await caller.carry_out(lambda slices: slices.alerts.rules(caller.tenant))
    return page_of(map(rule_reply, rules))


@post("/alert-rules", opt=needs(Permission.EDIT_STATIONS), tags=["Alerts"])
async def add_rule(caller: Asking, data: JSONBody[AlertRuleBody]) -> AlertRuleReply:
    """Call somebody for an event."""

    async def add(slices: Slices) -> AlertRuleReply:
        rule = rule_from(caller, slices.ids.new(), data)
        await slices.alerts.save_rule(rule)
        caller.audit(slices, "alert-rule.add", f"alert-rule:{rule.id}", name=rule.name)
        return rule_reply(rule)

    return await caller.once(AlertRuleReply, add)


@put("/alert-rules/{rule:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Alerts"])
async def change_rule(
    caller: Asking, rule: FromPath[str], data: JSONBody[AlertRuleBody]
) -> AlertRuleReply:
    """Also one that comes with Ricarica; it is yours from then on."""

    async def change(slices: Slices) -> AlertRuleReply:
        await slices.alerts.rule(caller.tenant, rule)
        changed = rule_from(caller, rule, data)
        await slices.alerts.save_rule(changed)
        caller.audit(slices, "alert-rule.change", f"alert-rule:{rule}", name=changed.name)
        return rule_reply(changed)

    return await caller.carry_out(change)


@delete("/alert-rules/{rule:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Alerts"])
async def remove_rule(caller: Asking, rule: FromPath[str]) -> None:
    """One that comes with Ricarica is as it was at first."""

    async def remove(slices: Slices) -> None:
        await slices.alerts.remove_rule(caller.tenant, rule)
        caller.audit(slices, "alert-rule.remove", f"alert-rule:{rule}")

    await caller.carry_out(remove)


HANDLERS = (
    list_station_events,
    acknowledge_event,
    list_alerts,
    acknowledge_alert,
    resolve_alert,
    list_rules,
    add_rule,
    change_rule,
    remove_rule,
)


def event_reply(event: StationEvent) -> StationEventReply:
    return StationEventReply(
        str(event.id),
        event.station.station,
        event.placed_at,
        event.received_at,
        event.name,
        event.value,
        event.severity,
        event.cleared,
        event.trigger,
        event.origin,
        event.number,
        event.cause,
        event.code,
        event.info,
        event.transaction,
        event.monitor,
        event.acknowledged_at,
        event.acknowledged_by,
        event.note,
    )


def alert_reply(alert: Alert) -> AlertReply:
    return AlertReply(
        str(alert.id),
        alert.station or None,
        alert.rule,
        alert.name,
        alert.level,
        alert.state,
        alert.text,
        alert.subject,
        alert.severity,
        alert.count,
        alert.first_at,
        alert.last_at,
        alert.by,
        alert.changed_at,
        alert.note,
    )


def rule_from(caller: Caller, id_: str, body: AlertRuleBody) -> Rule:
    matches = body.matches
    return Rule(
        caller.tenant,
        id_,
        body.name,
        body.kind,
        body.level,
        Matches(matches.name, matches.severity_max, matches.value, matches.code, matches.members),
        applies_from(body.applies),
        body.threshold,
        timedelta(seconds=body.window_s),
        timedelta(seconds=body.cool_down_s),
        timedelta(seconds=body.lasting_s),
        body.is_active,
    )


def rule_reply(rule: Rule) -> AlertRuleReply:
    matches = rule.matches
    return AlertRuleReply(
        rule.name,
        rule.kind,
        rule.level,
        MatchesBody(
            matches.name,
            matches.severity_max,
            matches.value,
            matches.code,
            dict(matches.members),
        ),
        applies_body(rule.applies),
        rule.threshold,
        round(rule.window.total_seconds()),
        round(rule.cool_down.total_seconds()),
        round(rule.lasting.total_seconds()),
        rule.is_active,
        id=rule.id,
        is_default=rule.is_default,
    )
