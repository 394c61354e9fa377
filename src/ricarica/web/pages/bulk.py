"""/commands: one command for many stations."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine import bulk
from ricarica.engine.bulk import Job, Manner
from ricarica.engine.outbox import DECODER
from ricarica.engine.queries.telling import BulkQueries, JobView
from ricarica.engine.rights import check_right
from ricarica.engine.sayings import Saying, check_saying
from ricarica.engine.selection import Selection
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError, NotFoundError
from ricarica.kernel.ids import StationId
from ricarica.slices import Slices
from ricarica.storage.pages import Wanted
from ricarica.web.addresses import path_to, with_query
from ricarica.web.builders.calls import json_of
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.choices import sites_of
from ricarica.web.sessions import needs
from ricarica.web.typed import Form, count_in, names_in, text_in
from ricarica.web.views.bulk import COMMANDS, JobForm, JobPage, JobRow, JobsPage, TargetRow
from ricarica.web.views.calls import KEEP_CHOICES
from ricarica.web.views.stations import DIALECTS
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 30
TARGETS_ON_A_PAGE = 100
NAMED_MAX = 20  # stations that are named before anybody is told
MODES: Mapping[str, dict[str, Any]] = {
    "soft": {},
    "hard": {"hard": True},
    "idle": {"when_idle": True},
}


@get("/commands", opt=needs(Permission.READ))
async def jobs_page(visitor: Visiting) -> Html:
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    jobs = await BulkQueries(visitor.database).jobs(visitor.tenant, wanted)
    pager = pager_of("/commands", visitor.query, jobs.next)
    return await visitor.show(JobsPage(tuple(map(_row, jobs.items)), pager))


@get("/commands/new", opt=needs(Permission.COMMAND))
async def new_job(visitor: Visiting) -> Html:
    return await visitor.show(await _form(visitor, visitor.query))


@post("/commands/new", opt=needs(Permission.COMMAND))
async def begin(visitor: Visiting) -> Html:
    """First shown who it is for; told when that was seen."""
    typed = visitor.form
    try:
        saying, manner = _saying(typed), _manner(typed, visitor)
        check_right(visitor.actor, saying.name)
        selection = _selection(typed)
        dialect = selection.dialect
        check_saying(saying, [dialect] if dialect in DIALECTS else DIALECTS)
        stations = await BulkQueries(visitor.database).selected(visitor.tenant, selection)
        if typed.get("seen") != str(len(stations)) or not stations:
            return await visitor.show(await _form(visitor, typed, stations=stations))
        number = await visitor.carry_out(_new_id)
        kept = bulk.selection_as_kept(selection)
        by = visitor.actor.name
        job = Job(visitor.tenant, number, saying, kept, by, visitor.now, manner)
        await _begin(visitor, job, stations)
    except InvalidError as error:
        return await visitor.show(await _form(visitor, typed, error=str(error)), 422)
    return visitor.lead_to(path_to("commands", number), Notice.BULK_BEGUN)


@get("/commands/{number:str}", opt=needs(Permission.READ))
async def job_page(visitor: Visiting, number: FromPath[str]) -> Html:
    queries = BulkQueries(visitor.database)
    view = await _view(visitor, number)
    state, after = visitor.query.get("state", ""), visitor.query.get("after") or None
    wanted = Wanted(TARGETS_ON_A_PAGE, after)
    targets = await queries.targets(view.job, state or None, wanted)
    page = JobPage(
        _row(view),
        tuple((name, _shown(value)) for name, value in view.job.selection.items()),
        view.job.manner.pace,
        tuple(
            TargetRow(each.station, each.state, each.status, each.detail, each.at)
            for each in targets.items
        ),
        pager_of(path_to("commands", number), visitor.query, targets.next),
        state,
        with_query("", {"state": state, "after": after or ""}),
    )
    return await visitor.show(page)


@post("/commands/{number:str}/cancel", opt=needs(Permission.COMMAND))
async def cancel(visitor: Visiting, number: FromPath[str]) -> Html:
    async def end(unit: UnitOfWork) -> None:
        await bulk.cancel(unit, visitor.tenant, number)
        visitor.audit(unit.slices, "bulk.cancel", f"bulk:{number}")

    await visitor.house.engine.in_unit(visitor.tenant, end)
    return visitor.lead_to(path_to("commands", number), Notice.BULK_CANCELLED)


HANDLERS = (jobs_page, new_job, begin, job_page, cancel)


async def _new_id(slices: Slices) -> str:
    return slices.ids.new()


async def _begin(visitor: Visitor, job: Job, stations: list[StationId]) -> None:
    async def write(unit: UnitOfWork) -> None:
        bulk.begin(unit, job, stations)
        visitor.audit(
            unit.slices,
            "bulk.begin",
            f"bulk:{job.id}",
            command=job.saying.name,
            stations=len(stations),
        )

    await visitor.house.engine.in_unit(visitor.tenant, write)


async def _form(
    visitor: Visitor,
    typed: Form,
    *,
    error: str | None = None,
    stations: list[StationId] | None = None,
) -> JobForm:
    words = await BulkQueries(visitor.database).words(visitor.tenant)
    return JobForm(
        words,
        await sites_of(visitor),
        typed,
        error,
        None if stations is None else len(stations),
        tuple(stations or ())[:NAMED_MAX],
    )


async def _view(visitor: Visitor, number: str) -> JobView:
    view = await BulkQueries(visitor.database).job(visitor.tenant, number)
    if view is None:
        raise NotFoundError(f"there is no job {number}")
    return view


def _row(view: JobView) -> JobRow:
    job = view.job
    return JobRow(
        job.id,
        job.saying.name,
        json_of(job.saying.shown),
        job.state,
        view.stations,
        view.counts,
        job.made_by,
        job.made_at,
        job.why,
        job.ended_at,
    )


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


# -- what was typed


def _saying(typed: Form) -> Saying:
    command = typed.get("command", "")
    if command not in COMMANDS:
        raise InvalidError("choose a command")
    if command == "charging-limit":
        limit = typed.get("limit", "").strip().replace(",", ".")
        return Saying(command, {"limit": limit, "unit": typed.get("unit", "")})
    if command == "raw":
        return Saying(typed.get("action", "").strip(), _json(typed.get("payload", "")))
    return Saying(command, _body(command, typed))


def _body(command: str, typed: Form) -> dict[str, Any]:
    match command:
        case "reset":
            return MODES.get(typed.get("mode", ""), {})
        case "availability":
            return {"operative": typed.get("operative") == "true"}
        case "trigger":
            return {"topic": typed.get("topic", "")}
        case "settings":
            return {"write": {typed.get("name", "").strip(): typed.get("value", "")}}
        case "unlock":
            return {"evse": count_in(typed, "evse") or 1}
        case _:
            return {}


def _json(text: str) -> dict[str, Any]:
    try:
        payload: dict[str, Any] = DECODER.decode(text.strip() or "{}")
    except (msgspec.MsgspecError, RecursionError) as error:
        raise InvalidError(f"the payload is a JSON object: {error}") from error
    return payload


def _selection(typed: Form) -> Selection:
    names = names_in(typed, "ids")
    if not names and not any(typed.get(name) for name in (*WORDS, "connected", "everything")):
        raise InvalidError("say which stations, or all of them")
    words = {name: text_in(typed, name) for name in WORDS}
    connected = True if typed.get("connected") else None
    return Selection(ids=tuple(map(StationId, names)), connected=connected, **words)


WORDS = ("vendor", "model", "firmware", "site", "label", "dialect")


def _manner(typed: Form, visitor: Visitor) -> Manner:
    keep_for = typed.get("keep", "")
    is_kept = bool(keep_for) and keep_for in KEEP_CHOICES
    until = visitor.now + msgspec.convert(keep_for, timedelta, strict=False) if is_kept else None
    return Manner(
        count_in(typed, "pace") or 60,
        count_in(typed, "failures_max"),
        count_in(typed, "failures_percent"),
        until,
    )
