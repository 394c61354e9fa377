"""/logs and /stations/{identity}/logs: what stations hand over about themselves."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.response import Stream
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.commands import CommandReply, noted, with_answer
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, NumberInPath, Page, PageWanted, page_from
from ricarica.diagnostics.facts import LogWanted
from ricarica.diagnostics.model import LogKind, LogRequest, LogState
from ricarica.diagnostics.queries import LogQueries
from ricarica.kernel.errors import NotFoundError
from ricarica.slices import Slices

PATH = "/stations/{identity:str}/logs"


class LogBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`older_way`: by GetDiagnostics rather than GetLog, which only 1.6 has; null: where it has."""

    kind: LogKind = LogKind.DIAGNOSTICS
    since: Instant | None = None
    until: Instant | None = None
    protocol: Literal["http", "ftp"] | None = None
    retries: Annotated[int, Meta(ge=0, le=100)] | None = None
    retry_interval_s: Annotated[int, Meta(ge=0, le=86_400)] | None = None
    older_way: bool | None = None


class LogReply(Struct, frozen=True):
    """`name` is what the station calls the file; `size` is null until it is here."""

    station: str
    number: int
    kind: LogKind
    state: LogState
    status: str | None
    detail: str | None
    name: str | None
    size: int | None
    asked_at: datetime
    asked_by: str
    changed_at: datetime
    received_at: datetime | None


@get("/logs", opt=needs(Permission.READ), tags=["Logs"])
async def list_logs(caller: Asking, page: PageWanted) -> Page[LogReply]:
    """Logs that were asked for, the latest first."""
    return page_from(await LogQueries(caller.database).requests(caller.tenant, None, page), _reply)


@get(PATH, opt=needs(Permission.READ), tags=["Logs"])
async def station_logs(caller: Asking, identity: FromPath[str], page: PageWanted) -> Page[LogReply]:
    """Those of one station, the latest first."""
    key = await caller.station(identity)
    rows = await LogQueries(caller.database).requests(caller.tenant, key.station, page)
    return page_from(rows, _reply)


@post(PATH, status_code=200, opt=needs(Permission.COMMAND), tags=["Logs"])
async def ask_for_log(
    caller: Asking, identity: FromPath[str], data: JSONBody[LogBody]
) -> CommandReply:
    """Ask a station for a log. `answer.number` names the request; the file comes later."""
    key = await caller.station(identity)
    interval = data.retry_interval_s
    wanted = LogWanted(
        data.kind,
        caller.actor.name,
        data.since,
        data.until,
        data.retries,
        None if interval is None else timedelta(seconds=interval),
        data.older_way,
    )

    async def act() -> CommandReply:
        clerk = caller.engine.clerk
        number, result = await clerk.send_log(caller.actor, key, wanted, data.protocol)
        detail = {"kind": data.kind, "number": number}
        return with_answer(await noted(caller, key, "log", result, detail), number=number)

    return await caller.once_outside(CommandReply, act)


@get(f"{PATH}/{{number:int}}", opt=needs(Permission.READ), tags=["Logs"])
async def get_log(caller: Asking, identity: FromPath[str], number: NumberInPath) -> LogReply:
    """One request, and how far it is."""
    return _reply(await _known(caller, identity, number))


@get(f"{PATH}/{{number:int}}/file", opt=needs(Permission.READ), tags=["Logs"])
async def get_log_file(caller: Asking, identity: FromPath[str], number: NumberInPath) -> Stream:
    """The file as the station sent it."""
    request = await _known(caller, identity, number)
    if request.file is None:
        raise NotFoundError(f"log {number} of {request.station.station} is not here")
    files = caller.engine.files.get()
    headers = {
        # Never shown by a browser: what a station sends may be a page.
        "Content-Disposition": f'attachment; filename="{request.download_name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Length": str(request.size),
    }
    content = files.logs.read(request.file)
    return Stream(content, media_type="application/octet-stream", headers=headers)


@delete(f"{PATH}/{{number:int}}", opt=needs(Permission.COMMAND), tags=["Logs"])
async def discard_log(caller: Asking, identity: FromPath[str], number: NumberInPath) -> None:
    """Delete the file; that it was there stays on record."""
    request = await _known(caller, identity, number)

    async def discard(slices: Slices) -> str | None:
        caller.audit(slices, "log.discard", f"station:{request.station.station}", number=number)
        return await slices.diagnostics.discard(request.station, number, slices.now)

    file = await caller.carry_out(discard)
    if file is not None:
        await caller.engine.files.get().logs.delete(file)


HANDLERS = (list_logs, station_logs, ask_for_log, get_log, get_log_file, discard_log)


async def _known(caller: Caller, identity: str, number: int) -> LogRequest:
    key = await caller.station(identity)
    found = await LogQueries(caller.database).request(key, number)
    return require(found, f"log {number} of {key.station}")


def _reply(request: LogRequest) -> LogReply:
    return LogReply(
        request.station.station,
        request.number,
        request.kind,
        request.state,
        request.status,
        request.detail,
        request.name,
        request.size,
        request.asked_at,
        request.asked_by,
        request.changed_at,
        request.received_at,
    )
