"""/stations/{identity}/upkeep: what is wanted of a station, and how near it is."""

from datetime import datetime

from litestar import get, post
from litestar.params import FromPath
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, once_only
from ricarica.api.gate import needs
from ricarica.api.replies import Page, page_of
from ricarica.engine.queries.telling import UpkeepQueries
from ricarica.engine.upkeep import Standing, State
from ricarica.slices import Slices


class UpkeepReply(Struct, frozen=True):
    """`refused` and `unsupported` say in `detail` what the station answered.

    `next_at` is when it is told again; null: when something changes, or it boots.
    """

    kind: str
    state: State
    since: datetime
    detail: str | None
    tries: int
    next_at: datetime | None


@get("/stations/{identity:str}/upkeep", opt=needs(Permission.READ), tags=["Stations"])
async def list_upkeep(caller: Asking, identity: FromPath[str]) -> Page[UpkeepReply]:
    """What is wanted of a station (settings, lists, certificates …), and what is missing."""
    key = await caller.station(identity)
    return page_of(map(_reply, await UpkeepQueries(caller.database).standings(key)))


@post(
    "/stations/{identity:str}/upkeep",
    status_code=202,
    opt=needs(Permission.COMMAND),
    tags=["Stations"],
)
@once_only
async def try_again(caller: Asking, identity: FromPath[str]) -> None:
    """Tell the station now what is missing, also what it refused before."""
    key = await caller.station(identity)

    async def note(slices: Slices) -> None:
        caller.audit(slices, "station.upkeep", f"station:{key.station}")

    await caller.carry_out(note)
    caller.engine.bring(key, anew=True)


HANDLERS = (list_upkeep, try_again)


def _reply(standing: Standing) -> UpkeepReply:
    return UpkeepReply(
        standing.kind,
        standing.state,
        standing.since,
        standing.detail,
        standing.tries,
        standing.next_at,
    )
