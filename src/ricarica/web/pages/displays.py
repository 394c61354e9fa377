"""/displays and /stations/{id}/displays: messages on the displays of stations."""

from collections.abc import Mapping
from datetime import datetime

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.displays.commands import ClearMessage, SetMessage
from ricarica.displays.model import (
    Content,
    Format,
    Message,
    Moment,
    Priority,
    Shown,
    ShownState,
    Template,
)
from ricarica.displays.queries import DisplayQueries
from ricarica.kernel.errors import InvalidError, NotFoundError, RicaricaError
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.addresses import NumberInPath
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.choices import sites_of
from ricarica.web.pages.station import live_station, told
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, instant_in, place_in, shown_instant
from ricarica.web.views.commands import NOTHING, Told
from ricarica.web.views.displays import (
    DisplayForm,
    DisplaysPage,
    ShownRow,
    StationDisplaysPage,
    TemplateRow,
)
from ricarica.web.views.lists import Choice
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

EDIT = needs(Permission.COMMAND)

Span = tuple[datetime | None, datetime | None]


# -- what shall be shown


@get("/displays", opt=needs(Permission.READ))
async def displays_page(visitor: Visiting) -> Html:
    queries = DisplayQueries(visitor.database)
    counts = await queries.counts(visitor.tenant)
    names = {choice.value: choice.label for choice in await sites_of(visitor)}
    rows = tuple(
        TemplateRow(
            each.id,
            each.label,
            each.contents[0].text,
            _languages(each.contents),
            each.priority,
            each.moment,
            names.get(each.site, each.site) if each.site else None,
            each.station,
            each.starts_at,
            each.ends_at,
            each.is_on,
            counts.get((each.id, ShownState.SHOWN), 0),
            counts.get((each.id, ShownState.REFUSED), 0),
        )
        for each in await queries.templates(visitor.tenant)
    )
    return await visitor.show(DisplaysPage(rows))


@get("/displays/new", opt=EDIT)
async def new_display(visitor: Visiting) -> Html:
    return await _form(visitor, "", {"is_on": "true"})


@post("/displays/new", opt=EDIT)
async def add_display(visitor: Visiting) -> Html:
    return await _save(visitor, "")


@get("/displays/{display:str}/edit", opt=EDIT)
async def edit_display(visitor: Visiting, display: FromPath[str]) -> Html:
    known = await _known(visitor, display)
    return await _form(visitor, known.id, _values(known, visitor.house.choices.time_zone))


@post("/displays/{display:str}/edit", opt=EDIT)
async def change_display(visitor: Visiting, display: FromPath[str]) -> Html:
    known = await _known(visitor, display)
    visitor.edits(_values(known, visitor.house.choices.time_zone))
    return await _save(visitor, known.id, (known.starts_at, known.ends_at))


@post("/displays/{display:str}/remove", opt=EDIT)
async def remove_display(visitor: Visiting, display: FromPath[str]) -> Html:
    id = name_in(display)

    async def work(slices: Slices) -> None:
        await slices.displays.remove_template(visitor.tenant, id)
        visitor.audit(slices, "display.remove", f"display:{id}")

    await visitor.carry_out(work)
    return visitor.lead_to("/displays", Notice.DISPLAY_SAVED)


async def _known(visitor: Visitor, part: str) -> Template:
    known = await DisplayQueries(visitor.database).template(visitor.tenant, name_in(part))
    if known is None:
        raise NotFoundError("there is no such message")
    return known


async def _save(visitor: Visitor, id: str, known: Span = (None, None)) -> Html:
    form, zone = visitor.form, visitor.house.choices.time_zone

    async def work(slices: Slices) -> None:
        template = Template(
            visitor.tenant,
            id or slices.ids.new(),
            0,  # kept, or given, by the service
            form.get("label", ""),
            _contents(form),
            slices.now,
            Priority(form.get("priority", Priority.NORMAL_CYCLE)),
            Moment(form["moment"]) if form.get("moment") else None,
            instant_in(form, "starts_at", zone, known[0]),
            instant_in(form, "ends_at", zone, known[1]),
            *place_in(form),
            is_on=bool(form.get("is_on")),
        )
        saved = await slices.displays.put_template(template)
        visitor.audit(slices, "display.change", f"display:{saved.id}", label=saved.label)

    try:
        await visitor.carry_out(work)
    except (InvalidError, ValueError) as error:
        return await _form(visitor, id, form, str(error))
    return visitor.lead_to("/displays", Notice.DISPLAY_SAVED)


async def _form(visitor: Visitor, id: str, values: Form, problem: str = "") -> Html:
    form = DisplayForm(id, values, await sites_of(visitor), problem)
    return await visitor.show(form, 422 if problem else 200)


def _contents(form: Form) -> tuple[Content, ...]:
    format_ = Format(form.get("format", Format.UTF8))
    typed = [(form.get(f"text{n}", "").strip(), n) for n in DisplayForm.languages]
    return tuple(
        Content(text, format_, form.get(f"language{n}", "").strip() or None)
        for text, n in typed
        if text
    )


def _values(template: Template, zone: str) -> dict[str, str]:
    given = {
        "label": template.label,
        "format": template.contents[0].format,
        "priority": template.priority,
        "moment": template.moment,
        "site": template.site,
        "station": template.station,
        "starts_at": shown_instant(template.starts_at, zone),
        "ends_at": shown_instant(template.ends_at, zone),
        "is_on": "true" if template.is_on else "",
    }
    for number, content in enumerate(template.contents):
        given |= {f"text{number}": content.text, f"language{number}": content.language}
    return {name: str(value) for name, value in given.items() if value}


# -- at one station


@get("/stations/{station:str}/displays", opt=needs(Permission.READ))
async def station_displays(visitor: Visiting, station: FromPath[str]) -> Html:
    return await _station(visitor, await live_station(visitor, station))


@post("/stations/{station:str}/displays/show", opt=EDIT)
async def show(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    key = live.view.station.key

    async def prepare(slices: Slices) -> SetMessage:
        message = await _message(visitor, slices)
        return await slices.displays.message_for(key, message)

    try:
        command = await visitor.carry_out(prepare)
    except (RicaricaError, ValueError) as error:
        return await _station(visitor, live, Told(problem=str(error)))
    return await _tell(visitor, live, "show", command, {"number": command.message.number})


@post("/stations/{station:str}/displays/read", opt=EDIT)
async def read(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    key = live.view.station.key
    command = await visitor.carry_out(lambda slices: slices.displays.read_all(key, slices.now))
    return await _tell(visitor, live, "read-displays", command, {"number": command.number})


@post("/stations/{station:str}/displays/clear/{number:int}", opt=EDIT)
async def clear(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    live = await live_station(visitor, station)
    command = ClearMessage(number)
    return await _tell(visitor, live, "clear-display", command, {"number": number})


HANDLERS = (
    displays_page,
    new_display,
    add_display,
    edit_display,
    change_display,
    remove_display,
    station_displays,
    show,
    read,
    clear,
)


async def _tell(
    visitor: Visitor, live: LiveStation, name: str, command: object, detail: Mapping[str, object]
) -> Html:
    result = await told(visitor, live.view.station.key, name, command, detail)
    return await _station(visitor, live, Told(result.outcome, result.words))


async def _station(visitor: Visitor, live: LiveStation, said: Told = NOTHING) -> Html:
    station = live.view.station
    queries = DisplayQueries(visitor.database)
    templates = await queries.templates(visitor.tenant)
    state = await queries.state(station.key)
    labels = {template.id: template.label for template in templates}
    has_display = SetMessage in visitor.house.engine.commands.sayable(station.dialect or "")
    running = {transaction.ref: transaction for transaction in live.running}
    rows = tuple(
        _shown_row(each, labels)
        for each in await queries.at(station.key)
        if each.message.transaction is None or each.message.transaction in running
    )
    page = StationDisplaysPage(
        head_from(live.view),
        rows,
        has_display,
        has_display and station.connected and visitor.may(Permission.COMMAND),
        state.told_at if state else None,
        tuple(
            Choice(ref, f"EVSE {each.evse} · {each.token or '–'}") for ref, each in running.items()
        ),
        tuple(Choice(template.id, template.label) for template in templates),
        said,
    )
    return await visitor.show(page, 422 if said.problem else 200)


async def _message(visitor: Visitor, slices: Slices) -> Message:
    form, zone = visitor.form, visitor.house.choices.time_zone
    contents: tuple[Content, ...]
    if form.get("template"):
        template = await slices.displays.template(visitor.tenant, form["template"])
        contents = template.contents
    else:
        language = form.get("language", "").strip() or None
        format_ = Format(form.get("format", Format.UTF8))
        contents = (Content(form.get("text", "").strip(), format_, language),)
    return Message(
        slices.ids.wire_number(),
        contents,
        Priority(form.get("priority", Priority.NORMAL_CYCLE)),
        Moment(form["moment"]) if form.get("moment") else None,
        ends_at=instant_in(form, "ends_at", zone),
        transaction=form.get("transaction") or None,
    )


def _shown_row(shown: Shown, labels: Mapping[str, str]) -> ShownRow:
    message = shown.message
    return ShownRow(
        shown.number,
        message.contents[0].text,
        _languages(message.contents),
        message.priority,
        message.moment,
        message.starts_at,
        message.ends_at,
        message.transaction,
        labels.get(shown.template) if shown.template else None,
        shown.state is ShownState.REFUSED,
        shown.detail,
    )


def _languages(contents: tuple[Content, ...]) -> tuple[str, ...]:
    return tuple(content.language for content in contents if content.language)
