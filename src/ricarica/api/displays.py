"""/displays and /stations/{identity}/displays: messages on the displays of stations."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, once_only, require
from ricarica.api.commands import CommandReply, with_answer
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, NumberInPath, Page, ShortText, in_utc, page_of
from ricarica.api.telling import tell_all
from ricarica.displays.commands import ClearMessage
from ricarica.displays.model import (
    CONTENT_MAX,
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
from ricarica.kernel.ids import SiteId, StationId
from ricarica.slices import Slices

TAGS = ["Displays"]
AT = "/stations/{identity:str}/displays"
EDIT = needs(Permission.COMMAND)


class ContentBody(Struct, frozen=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(min_length=1, max_length=CONTENT_MAX)]
    format: Format = Format.UTF8
    language: Annotated[str, Meta(max_length=8)] | None = None


class DisplayTemplateBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Shown at all stations, those of a site, or one; with `is_on` false, nowhere by itself.

    The first content is the usual one; the others say it in other languages, to stations of 2.1.
    """

    label: ShortText
    contents: list[ContentBody]
    priority: Priority = Priority.NORMAL_CYCLE
    moment: Moment | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    site: ShortText | None = None
    station: ShortText | None = None
    is_on: bool = True


class DisplayTemplateReply(DisplayTemplateBody, frozen=True, kw_only=True):
    """`number` is that of the message at every station."""

    id: str
    number: int
    changed_at: datetime


class MessageBody(Struct, frozen=True, forbid_unknown_fields=True):
    """With `transaction`, a transaction's ref, it is shown while that runs.

    `number` of a message that is there replaces it.
    """

    contents: list[ContentBody]
    priority: Priority = Priority.NORMAL_CYCLE
    moment: Moment | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    transaction: Annotated[str, Meta(max_length=36)] | None = None
    component: Annotated[str, Meta(max_length=50)] | None = None
    evse: Annotated[int, Meta(ge=1)] | None = None
    number: Annotated[int, Meta(ge=0)] | None = None


class ShownReply(Struct, frozen=True):
    number: int
    state: ShownState
    at: datetime
    template: str | None
    detail: str | None
    contents: list[ContentBody]
    priority: Priority
    moment: Moment | None
    starts_at: datetime | None
    ends_at: datetime | None
    transaction: str | None


@get("/displays", opt=needs(Permission.READ), tags=TAGS)
async def list_templates(caller: Asking) -> Page[DisplayTemplateReply]:
    """Messages that shall be shown, by name."""
    templates = await DisplayQueries(caller.database).templates(caller.tenant)
    return page_of(map(template_reply, templates))


@get("/displays/{template:str}", opt=needs(Permission.READ), tags=TAGS)
async def get_template(caller: Asking, template: FromPath[str]) -> DisplayTemplateReply:
    """One message for displays."""
    found = await DisplayQueries(caller.database).template(caller.tenant, template)
    return template_reply(require(found, f"message {template}"))


@post("/displays", opt=EDIT, tags=TAGS)
async def add_template(caller: Asking, data: JSONBody[DisplayTemplateBody]) -> DisplayTemplateReply:
    """Have a message shown; stations that are there are told at once."""

    async def add(slices: Slices) -> DisplayTemplateReply:
        return await _put(slices, caller, slices.ids.new(), data)

    return await caller.once(DisplayTemplateReply, add)


@put("/displays/{template:str}", opt=EDIT, tags=TAGS)
async def change_template(
    caller: Asking, template: FromPath[str], data: JSONBody[DisplayTemplateBody]
) -> DisplayTemplateReply:
    """Change a message; stations that show it are told."""
    return await caller.carry_out(lambda slices: _put(slices, caller, template, data))


@delete("/displays/{template:str}", opt=EDIT, tags=TAGS)
async def remove_template(caller: Asking, template: FromPath[str]) -> None:
    """Stations that show it are told to clear it."""

    async def remove(slices: Slices) -> None:
        await slices.displays.remove_template(caller.tenant, template)
        caller.audit(slices, "display.remove", f"display:{template}")

    await caller.carry_out(remove)


@get(AT, opt=needs(Permission.READ), tags=TAGS)
async def list_shown(caller: Asking, identity: FromPath[str]) -> Page[ShownReply]:
    """What a station shows, and what it would not."""
    key = await caller.station(identity)
    return page_of(map(shown_reply, await DisplayQueries(caller.database).at(key)))


@post(AT, status_code=200, opt=EDIT, tags=TAGS)
async def show(
    caller: Asking, identity: FromPath[str], data: JSONBody[MessageBody]
) -> CommandReply:
    """Show a message at one station. `answer.number` is its number there."""
    key = await caller.station(identity)

    async def act() -> CommandReply:
        command = await caller.carry_out(
            lambda slices: slices.displays.message_for(key, _message(data, slices))
        )
        number = command.message.number
        reply = await tell_all(caller, key, "show", [command], {"number": number})
        return with_answer(reply, number=number)

    return await caller.once_outside(CommandReply, act)


@post(f"{AT}/read", status_code=200, opt=EDIT, tags=TAGS)
@once_only
async def read(caller: Asking, identity: FromPath[str]) -> CommandReply:
    """Ask which messages it has; they come afterwards."""
    key = await caller.station(identity)
    command = await caller.carry_out(lambda slices: slices.displays.read_all(key, slices.now))
    return await tell_all(caller, key, "read-displays", [command], {"number": command.number})


@delete(f"{AT}/{{number:int}}", status_code=200, opt=EDIT, tags=TAGS)
async def clear(caller: Asking, identity: FromPath[str], number: NumberInPath) -> CommandReply:
    """Show it no more. One that a template wants comes back: change that instead."""
    key = await caller.station(identity)
    command = ClearMessage(number)
    return await tell_all(caller, key, "clear-display", [command], {"number": number})


HANDLERS = (
    list_templates,
    get_template,
    add_template,
    change_template,
    remove_template,
    list_shown,
    show,
    read,
    clear,
)


async def _put(
    slices: Slices, caller: Caller, id: str, body: DisplayTemplateBody
) -> DisplayTemplateReply:
    template = Template(
        caller.tenant,
        id,
        0,  # kept, or given, by the service
        body.label,
        _contents(body.contents),
        slices.now,
        body.priority,
        body.moment,
        in_utc(body.starts_at),
        in_utc(body.ends_at),
        SiteId(body.site) if body.site else None,
        StationId(body.station) if body.station else None,
        body.is_on,
    )
    saved = await slices.displays.put_template(template)
    caller.audit(slices, "display.change", f"display:{saved.id}", label=saved.label)
    return template_reply(saved)


def _message(body: MessageBody, slices: Slices) -> Message:
    return Message(
        slices.ids.wire_number() if body.number is None else body.number,
        _contents(body.contents),
        body.priority,
        body.moment,
        in_utc(body.starts_at),
        in_utc(body.ends_at),
        body.transaction,
        body.component,
        body.evse,
    )


def _contents(bodies: list[ContentBody]) -> tuple[Content, ...]:
    return tuple(Content(body.text, body.format, body.language) for body in bodies)


def _content_bodies(contents: tuple[Content, ...]) -> list[ContentBody]:
    return [ContentBody(each.text, each.format, each.language) for each in contents]


def template_reply(template: Template) -> DisplayTemplateReply:
    return DisplayTemplateReply(
        id=template.id,
        number=template.number,
        changed_at=template.changed_at,
        label=template.label,
        contents=_content_bodies(template.contents),
        priority=template.priority,
        moment=template.moment,
        starts_at=template.starts_at,
        ends_at=template.ends_at,
        site=template.site,
        station=template.station,
        is_on=template.is_on,
    )


def shown_reply(shown: Shown) -> ShownReply:
    message = shown.message
    return ShownReply(
        shown.number,
        shown.state,
        shown.at,
        shown.template,
        shown.detail,
        _content_bodies(message.contents),
        message.priority,
        message.moment,
        message.starts_at,
        message.ends_at,
        message.transaction,
    )
