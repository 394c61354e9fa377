"""/bulk: one command for many stations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import get, post
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct, field

from ricarica.access.model import Permission
from ricarica.api.away import duration_from
from ricarica.api.caller import Asking, Caller, once_only, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, page_from
from ricarica.engine import bulk
from ricarica.engine.bulk import PACE_MAX, Job, JobState, Manner
from ricarica.engine.queries.telling import BulkQueries, JobView, TargetView
from ricarica.engine.rights import check_right
from ricarica.engine.sayings import Saying, check_saying
from ricarica.engine.selection import Selection
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.ocpp.dialects import BY_NAME

SHOWN_MAX = 20  # stations that a trial names


class BulkBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`command` is neutral, e.g. reset, with the body that it has for one station; or an action of
    OCPP, e.g. Reset, with its payload. `pace`: stations a minute. It stops when `failures_max`
    stations did not accept, or `failures_percent` of those told. `trial`: tell nobody, only say
    which stations it would be.
    """

    command: Annotated[str, Meta(max_length=60)]
    body: dict[str, Any] = field(default_factory=dict)
    select: Selection = Selection()
    pace: Annotated[int, Meta(ge=1, le=PACE_MAX)] = 60
    failures_max: Annotated[int, Meta(ge=1)] | None = None
    failures_percent: Annotated[int, Meta(ge=1, le=100)] | None = None
    when_away: Literal["skip", "keep"] = "skip"
    expires: str = "P1D"
    trial: bool = False


class JobReply(Struct, frozen=True):
    """`counts`: how many stations are `waiting`, `sent`, `accepted`, `refused`, `unsupported`,
    `unknown`, `skipped` (away), `kept` (away, told when back) or `cancelled`."""

    id: str | None
    command: str
    body: Mapping[str, Any]
    select: Mapping[str, Any]
    made_by: str
    made_at: datetime
    state: JobState
    why: str | None
    ended_at: datetime | None
    pace: int
    stations: int
    counts: Mapping[str, int]
    first: tuple[str, ...] = ()


class TargetReply(Struct, frozen=True):
    station: str
    state: str
    status: str | None
    detail: str | None
    at: datetime | None


@post("/bulk", status_code=201, opt=needs(Permission.COMMAND), tags=["Commands"])
async def begin_bulk(caller: Asking, data: JSONBody[BulkBody]) -> JobReply:
    """Tell many stations the same, at a pace."""
    check_right(caller.actor, data.command)
    saying = Saying(data.command, data.body)
    dialect = data.select.dialect
    check_saying(saying, [dialect] if dialect and dialect in BY_NAME else list(BY_NAME))
    stations = await BulkQueries(caller.database).selected(caller.tenant, data.select)
    if data.trial:
        job = await _job(caller, data, saying, "")
        counts = {"waiting": len(stations)}
        return _reply(JobView(job, counts), stations[:SHOWN_MAX])

    async def act() -> JobReply:
        number = await caller.carry_out(_new_id)
        job = await _job(caller, data, saying, number)

        async def write(unit: UnitOfWork) -> None:
            bulk.begin(unit, job, stations)
            subject = f"bulk:{number}"
            caller.audit(
                unit.slices, "bulk.begin", subject, command=saying.name, stations=len(stations)
            )

        await caller.engine.in_unit(caller.tenant, write)
        return _reply(JobView(job, {"waiting": len(stations)}))

    return await caller.once_outside(JobReply, act)


@get("/bulk", opt=needs(Permission.READ), tags=["Commands"])
async def list_bulk(caller: Asking, page: PageWanted) -> Page[JobReply]:
    """Commands for many stations, the latest first."""
    return page_from(await BulkQueries(caller.database).jobs(caller.tenant, page), _reply)


@get("/bulk/{number:str}", opt=needs(Permission.READ), tags=["Commands"])
async def show_bulk(caller: Asking, number: FromPath[str]) -> JobReply:
    """How far it is."""
    return _reply(await _view(caller, number))


@get("/bulk/{number:str}/stations", opt=needs(Permission.READ), tags=["Commands"])
async def list_targets(
    caller: Asking,
    number: FromPath[str],
    page: PageWanted,
    outcome: Annotated[str | None, QueryParameter(description="Only these.")] = None,
) -> Page[TargetReply]:
    """What became of it at each station."""
    view = await _view(caller, number)
    targets = await BulkQueries(caller.database).targets(view.job, outcome, page)
    return page_from(targets, _target)


@post(
    "/bulk/{number:str}/cancel", status_code=200, opt=needs(Permission.COMMAND), tags=["Commands"]
)
@once_only
async def cancel_bulk(caller: Asking, number: FromPath[str]) -> JobReply:
    """Tell nobody else. What is on its way is still answered."""

    async def cancel(unit: UnitOfWork) -> None:
        await bulk.cancel(unit, caller.tenant, number)
        caller.audit(unit.slices, "bulk.cancel", f"bulk:{number}")

    await caller.engine.in_unit(caller.tenant, cancel)
    return _reply(await _view(caller, number))


HANDLERS = (begin_bulk, list_bulk, show_bulk, list_targets, cancel_bulk)


async def _new_id(slices: Any) -> str:
    number: str = slices.ids.new()
    return number


async def _job(caller: Caller, data: BulkBody, saying: Saying, number: str) -> Job:
    now = caller.now()
    until = now + duration_from(data.expires) if data.when_away == "keep" else None
    manner = Manner(data.pace, data.failures_max, data.failures_percent, until)
    selection = bulk.selection_as_kept(data.select)
    return Job(caller.tenant, number, saying, selection, caller.actor.name, now, manner)


async def _view(caller: Caller, number: str) -> JobView:
    found = await BulkQueries(caller.database).job(caller.tenant, number)
    return require(found, f"job {number}")


def _reply(view: JobView, first: list[Any] | None = None) -> JobReply:
    job = view.job
    return JobReply(
        job.id or None,
        job.saying.name,
        job.saying.shown,
        job.selection,
        job.made_by,
        job.made_at,
        job.state,
        job.why,
        job.ended_at,
        job.manner.pace,
        view.stations,
        view.counts,
        tuple(first or ()),
    )


def _target(view: TargetView) -> TargetReply:
    return TargetReply(view.station, view.state, view.status, view.detail, view.at)
