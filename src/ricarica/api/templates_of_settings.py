"""/templates: what settings and monitors stations of a kind are to have."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct, field

from ricarica.access.model import Permission
from ricarica.api.applies import AppliesBody, applies_body, applies_from
from ricarica.api.caller import Asking, Caller, once_only, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, ShortText, page_of
from ricarica.configuration.queries import SettingQueries
from ricarica.configuration.templates import (
    Difference,
    MonitorType,
    Standing,
    StreamRate,
    Template,
    WantedMonitor,
)
from ricarica.monitoring.model import ActiveMonitors
from ricarica.slices import Slices
from ricarica.stations.model import Station
from ricarica.stations.queries import StationFilter, StationQueries
from ricarica.storage.pages import Wanted

PUSHED_MAX = 1_000  # stations at once; all others are told when they come, or look by themselves
AT_ONCE = Wanted(500)


class StreamBody(Struct, frozen=True, forbid_unknown_fields=True):
    """In 2.1: send values together, every so many seconds or so many at once."""

    interval_s: Annotated[int, Meta(ge=1)] | None = None
    values_max: Annotated[int, Meta(ge=1)] | None = None


class MonitorBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`name` is that of a variable, e.g. `EVSE@1.Power`. Severity 0 is danger, 9 is for
    programmers."""

    name: ShortText
    type: MonitorType
    value: Decimal
    severity: Annotated[int, Meta(ge=0, le=9)] = 8
    during_transaction: bool = False
    stream: StreamBody | None = None


class TemplateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`settings` by neutral names of ours or raw names of the stations.

    Of several templates that apply, those of higher `rank` have the last word. With `restarts`,
    a station that has to restart for it does so once nobody charges there.
    """

    name: Annotated[str, Meta(min_length=1, max_length=100)]
    applies: AppliesBody = field(default_factory=AppliesBody)
    settings: dict[str, str] = field(default_factory=dict)
    monitors: list[MonitorBody] = field(default_factory=list)
    monitoring_base: ActiveMonitors | None = None
    monitoring_level: Annotated[int, Meta(ge=0, le=9)] | None = None
    restarts: bool = False
    is_active: bool = True
    rank: int = 0


class TemplateReply(TemplateBody, frozen=True, kw_only=True):
    id: str
    created_at: datetime
    changed_at: datetime


class DifferenceReply(Struct, frozen=True):
    name: str
    wanted: str
    actual: str | None
    standing: Standing
    why: str | None


class DriftReply(Struct, frozen=True):
    """What differs, or waits for a restart; empty: the station is in step."""

    station: str
    connected: bool
    differences: list[DifferenceReply]


class PushReply(Struct, frozen=True):
    """`stations`: how many are told now. Those that are away are told when they are back."""

    stations: int


@get("/templates", opt=needs(Permission.READ), tags=["Templates"])
async def list_templates(caller: Asking) -> Page[TemplateReply]:
    """By name."""
    return page_of(
        map(template_reply, await SettingQueries(caller.database).templates(caller.tenant))
    )


@get("/templates/{template:str}", opt=needs(Permission.READ), tags=["Templates"])
async def get_template(caller: Asking, template: FromPath[str]) -> TemplateReply:
    """What it says, and for which stations."""

    return template_reply(await _known(caller, template))


@post("/templates", opt=needs(Permission.EDIT_STATIONS), tags=["Templates"])
async def add_template(caller: Asking, data: JSONBody[TemplateBody]) -> TemplateReply:
    """It holds from now on: stations that differ are told, one after the other."""

    async def add(slices: Slices) -> TemplateReply:
        template = _template(caller, slices.ids.new(), data, slices.now)
        slices.templates.save(template)
        caller.audit(slices, "template.add", f"template:{template.id}", name=template.name)
        return template_reply(template)

    return await caller.once(TemplateReply, add)


@put("/templates/{template:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Templates"])
async def change_template(
    caller: Asking, template: FromPath[str], data: JSONBody[TemplateBody]
) -> TemplateReply:
    """In place of what it said; stations that differ now are told."""

    async def change(slices: Slices) -> TemplateReply:
        wanted = _template(caller, template, data, slices.now)
        changed = await slices.templates.change(wanted, slices.now)
        caller.audit(slices, "template.change", f"template:{template}", name=changed.name)
        return template_reply(changed)

    return await caller.carry_out(change)


@delete("/templates/{template:str}", opt=needs(Permission.EDIT_STATIONS), tags=["Templates"])
async def remove_template(caller: Asking, template: FromPath[str]) -> None:
    """Stations keep what they were told."""

    async def remove(slices: Slices) -> None:
        await slices.templates.remove(caller.tenant, template)
        caller.audit(slices, "template.remove", f"template:{template}")

    await caller.carry_out(remove)


@get("/templates/{template:str}/drift", opt=needs(Permission.READ), tags=["Templates"])
async def template_drift(
    caller: Asking, template: FromPath[str], page: PageWanted
) -> Page[DriftReply]:
    """How each station that it applies to stands to it, by identity; also before it is active."""
    known = await _known(caller, template)
    found = await StationQueries(caller.database).stations(
        caller.tenant,
        StationFilter(site=known.applies.site, label=known.applies.label or None),
        page,
    )
    stations = [view.station for view in found.items if known.applies.to(view.station)]
    return Page(await drift_replies(caller, stations, [known]), found.next)


@get("/stations/{identity:str}/drift", opt=needs(Permission.READ), tags=["Templates"])
async def station_drift(caller: Asking, identity: FromPath[str]) -> DriftReply:
    """How a station stands to all templates that apply to it."""
    key = await caller.station(identity)
    station = await caller.carry_out(lambda slices: slices.stations.get(key))
    templates = await SettingQueries(caller.database).templates(caller.tenant)
    return (await drift_replies(caller, [station], templates))[0]


@post(
    "/templates/{template:str}/push",
    status_code=202,
    opt=needs(Permission.COMMAND),
    tags=["Templates"],
)
@once_only
async def push_template(caller: Asking, template: FromPath[str]) -> PushReply:
    """Tell the connected stations that it applies to now, rather than when their turn comes."""
    known = await _known(caller, template)
    stations = await stations_of(caller, known)

    async def push(slices: Slices) -> PushReply:
        slices.templates.push(station.key for station in stations)
        caller.audit(slices, "template.push", f"template:{template}", stations=len(stations))
        return PushReply(len(stations))

    return await caller.carry_out(push)


HANDLERS = (
    list_templates,
    get_template,
    add_template,
    change_template,
    remove_template,
    template_drift,
    station_drift,
    push_template,
)


async def stations_of(caller: Caller, template: Template) -> list[Station]:
    """The connected stations that it applies to."""
    queries, wanted = StationQueries(caller.database), AT_ONCE
    found: list[Station] = []
    applies = template.applies
    which = StationFilter(site=applies.site, label=applies.label or None, connected=True)
    while len(found) < PUSHED_MAX:
        page = await queries.stations(caller.tenant, which, wanted)
        found += [view.station for view in page.items if template.applies.to(view.station)]
        if page.next is None:
            break
        wanted = Wanted(AT_ONCE.limit, page.next)
    return found[:PUSHED_MAX]


async def drift_replies(
    caller: Caller, stations: Sequence[Station], templates: Sequence[Template]
) -> list[DriftReply]:
    drifts = await SettingQueries(caller.database).drift(stations, templates)
    return [
        DriftReply(
            drift.station.key.station, drift.station.connected, list(map(_difference, drift.open))
        )
        for drift in drifts
    ]


def _difference(one: Difference) -> DifferenceReply:
    return DifferenceReply(one.name, one.wanted, one.actual, one.standing, one.why)


async def _known(caller: Caller, template: str) -> Template:
    found = await SettingQueries(caller.database).template(caller.tenant, template)
    return require(found, f"template {template}")


def _template(caller: Caller, id_: str, body: TemplateBody, now: datetime) -> Template:
    return Template(
        caller.tenant,
        id_,
        body.name,
        applies_from(body.applies),
        body.settings,
        now,
        now,
        tuple(map(wanted_monitor, body.monitors)),
        body.monitoring_base,
        body.monitoring_level,
        body.restarts,
        body.is_active,
        body.rank,
    )


def wanted_monitor(body: MonitorBody) -> WantedMonitor:
    stream = body.stream
    return WantedMonitor(
        body.name,
        body.type,
        body.value,
        body.severity,
        body.during_transaction,
        StreamRate(stream.interval_s, stream.values_max) if stream else None,
    )


def monitor_body(monitor: WantedMonitor) -> MonitorBody:
    stream = monitor.stream
    return MonitorBody(
        monitor.name,
        monitor.type,
        monitor.value,
        monitor.severity,
        monitor.during_transaction,
        StreamBody(stream.interval_s, stream.values_max) if stream else None,
    )


def template_reply(template: Template) -> TemplateReply:
    return TemplateReply(
        template.name,
        applies_body(template.applies),
        dict(template.settings),
        list(map(monitor_body, template.monitors)),
        ActiveMonitors(template.monitoring_base) if template.monitoring_base else None,
        template.monitoring_level,
        template.restarts,
        template.is_active,
        template.rank,
        id=template.id,
        created_at=template.created_at,
        changed_at=template.changed_at,
    )
