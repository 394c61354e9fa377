"""/put-aside: what stations told that could not be read, and so has had no effect yet."""

from datetime import datetime

from litestar import get, post
from litestar.params import FromPath
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, OfStation, once_only, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, PageWanted, page_from
from ricarica.engine.queries.telling import AsideMessage, AsideQueries
from ricarica.engine.redaction import redacted
from ricarica.storage.pages import id_in

PATH = "/put-aside"


class AsideReply(Struct, frozen=True):
    """`why`: what went wrong with it. `payload` is as it came, without secrets."""

    id: str
    station: str
    at: datetime
    action: str
    payload: str
    why: str


@get(PATH, opt=needs(Permission.READ), tags=["Put aside"])
async def list_put_aside(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
) -> Page[AsideReply]:
    """What could not be read, the oldest first. The stations were answered nevertheless."""
    rows = await AsideQueries(caller.database).messages(caller.tenant, of_station, page)
    return page_from(rows, aside_reply)


@post(
    f"{PATH}/{{number:str}}/replay",
    opt=needs(Permission.EDIT_STATIONS),
    tags=["Put aside"],
    status_code=204,
)
@once_only
async def replay_put_aside(caller: Asking, number: FromPath[str]) -> None:
    """Read one once more, after an upgrade that knows how. If it still cannot be, it stays."""
    message = require(await _found(caller, number), f"message {number} put aside")
    await caller.engine.replay(caller.actor, message.station, message.id)


HANDLERS = (list_put_aside, replay_put_aside)


async def _found(caller: Caller, number: str) -> AsideMessage | None:
    id_ = id_in(number)
    return None if id_ is None else await AsideQueries(caller.database).by_id(caller.tenant, id_)


def aside_reply(message: AsideMessage) -> AsideReply:
    return AsideReply(
        str(message.id),
        message.station.station,
        message.at,
        message.action,
        redacted(message.action, message.payload.encode()).decode(),
        message.why,
    )
