"""/templates: what settings and monitors stations of a kind are to have."""

from dataclasses import replace

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.configuration.queries import SettingQueries
from ricarica.configuration.templates import Applies, Template
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationKey
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.stations.queries import StationFilter, StationQueries
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.web.addresses import path_to
from ricarica.web.builders.device_model import (
    WRITABLE_NEUTRAL,
    drift_row,
    monitor_line,
    template_form,
    template_from,
    template_row,
    typed_template_form,
)
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.choices import sites_of
from ricarica.web.sessions import needs
from ricarica.web.typed import fields_of
from ricarica.web.views.device_model import TemplateForm, TemplatePage, TemplatesPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 200  # stations that are compared for one page
PUSHED_MAX = 1_000  # at once; all others are told when they come, or when their turn comes


@get("/templates", opt=needs(Permission.READ))
async def templates_page(visitor: Visiting) -> Html:
    found = await SettingQueries(visitor.database).templates(visitor.tenant)
    return await visitor.show(TemplatesPage(tuple(map(template_row, found))))


@get("/templates/new", opt=needs(Permission.EDIT_STATIONS))
async def new_form(visitor: Visiting) -> Html:
    return await visitor.show(await _with_choices(visitor, TemplateForm()))


@post("/templates/new", opt=needs(Permission.EDIT_STATIONS))
async def add(visitor: Visiting) -> Html:
    return await _saved(visitor, None)


@get("/templates/{template:str}", opt=needs(Permission.READ))
async def template_page(visitor: Visiting, template: FromPath[str]) -> Html:
    """With every station that differs; a template that is switched off is compared all the same."""
    known = await _known(visitor, template)
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await StationQueries(visitor.database).stations(
        visitor.tenant, _which(known.applies), wanted
    )
    stations = [view.station for view in found.items if known.applies.to(view.station)]
    active = replace(known, is_active=True)
    drifts = await SettingQueries(visitor.database).drift(stations, [active])
    differing = [drift for drift in drifts if drift.open]
    page = TemplatePage(
        template_row(known),
        tuple(known.settings.items()),
        tuple(map(monitor_line, known.monitors)),
        tuple(map(drift_row, differing)),
        len(drifts) - len(differing),
        pager_of(path_to("templates", known.id), visitor.query, found.next),
    )
    return await visitor.show(page)


@get("/templates/{template:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def edit_form(visitor: Visiting, template: FromPath[str]) -> Html:
    form = template_form(await _known(visitor, template))
    return await visitor.show(await _with_choices(visitor, form))


@post("/templates/{template:str}/edit", opt=needs(Permission.EDIT_STATIONS))
async def change(visitor: Visiting, template: FromPath[str]) -> Html:
    known = await _known(visitor, template)
    visitor.edits(fields_of(template_form(known)))
    return await _saved(visitor, known)


@post("/templates/{template:str}/remove", opt=needs(Permission.EDIT_STATIONS))
async def remove(visitor: Visiting, template: FromPath[str]) -> Html:
    name = name_in(template)

    async def work(slices: Slices) -> None:
        await slices.templates.remove(visitor.tenant, name)
        visitor.audit(slices, "template.remove", f"template:{name}")

    await visitor.carry_out(work)
    return visitor.lead_to("/templates", Notice.TEMPLATE_SAVED)


@post("/templates/{template:str}/push", opt=needs(Permission.COMMAND))
async def push(visitor: Visiting, template: FromPath[str]) -> Html:
    known = await _known(visitor, template)
    stations = await _connected(visitor, known)

    async def work(slices: Slices) -> None:
        slices.templates.push(stations)
        visitor.audit(slices, "template.push", f"template:{known.id}", stations=len(stations))

    await visitor.carry_out(work)
    return visitor.lead_to(path_to("templates", known.id), Notice.TEMPLATE_PUSHED)


HANDLERS = (
    templates_page,
    new_form,
    add,
    template_page,
    edit_form,
    change,
    remove,
    push,
)


async def _saved(visitor: Visitor, known: Template | None) -> Html:
    """Keep what the form says, or show it again with what is wrong."""
    kept: list[str] = []

    async def save(slices: Slices) -> None:
        id_ = known.id if known else slices.ids.new()
        template = template_from(visitor.form, visitor.tenant, id_, slices.now)
        if known:
            await slices.templates.change(template, slices.now)
        else:
            slices.templates.save(template)
        visitor.audit(slices, "template.save", f"template:{id_}", name=template.name)
        kept.append(id_)

    try:
        await visitor.carry_out(save)
    except InvalidError as error:
        form = typed_template_form(visitor.form, known.id if known else "", {"": str(error)})
        return await visitor.show(await _with_choices(visitor, form), 422)
    return visitor.lead_to(path_to("templates", kept[-1]), Notice.TEMPLATE_SAVED)


def _which(applies: Applies) -> StationFilter:
    """As much of it as the database can choose by."""
    return StationFilter(site=applies.site, label=applies.label or None)


async def _known(visitor: Visitor, part: str) -> Template:
    name = name_in(part)
    known = await SettingQueries(visitor.database).template(visitor.tenant, name)
    if known is None:
        raise NotFoundError(f"there is no template {name}")
    return known


async def _connected(visitor: Visitor, template: Template) -> list[StationKey]:
    """The stations that can be told now."""
    which = replace(_which(template.applies), connected=True)
    found: list[StationKey] = []
    wanted: Wanted | None = Wanted(LIMIT_MAX)
    while wanted is not None and len(found) < PUSHED_MAX:
        page = await StationQueries(visitor.database).stations(visitor.tenant, which, wanted)
        stations = (view.station for view in page.items)
        found += [station.key for station in stations if template.applies.to(station)]
        wanted = Wanted(LIMIT_MAX, page.next) if page.next else None
    return found[:PUSHED_MAX]


async def _with_choices(visitor: Visitor, form: TemplateForm) -> TemplateForm:
    return replace(form, sites=await sites_of(visitor), neutral=WRITABLE_NEUTRAL)
