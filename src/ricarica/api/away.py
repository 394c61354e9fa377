"""What becomes of a command when its station is away; and the commands that were kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller
from ricarica.api.gate import needs
from ricarica.api.replies import Page, page_of
from ricarica.engine import keeping
from ricarica.engine.keeping import Kept, State
from ricarica.engine.queries.telling import KeptQueries
from ricarica.engine.sayings import Saying
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome

PATH = "/stations/{identity:str}/kept"


@dataclass(frozen=True, slots=True)
class WhenAway:
    """`keep_for`: None: the command is refused."""

    keep_for: timedelta | None = None


def when_away(
    when_away: Annotated[
        Literal["refuse", "keep"],
        QueryParameter(description="`keep` it until the station is back."),
    ] = "refuse",
    expires: Annotated[
        str, QueryParameter(description="For how long it is kept, e.g. PT2H; P30D at most.")
    ] = "P1D",
) -> WhenAway:
    return WhenAway(duration_from(expires) if when_away == "keep" else None)


Away = NamedDependency[WhenAway]


def duration_from(text: str) -> timedelta:
    try:
        duration = msgspec.convert(text, timedelta, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidError(f"{text} is no duration as ISO 8601 has it, e.g. PT2H") from error
    if not timedelta() < duration <= keeping.LONGEST:
        raise InvalidError(f"a command is kept for {keeping.LONGEST.days} days at most")
    return duration


async def keep(caller: Caller, key: StationKey, saying: Saying, away: timedelta) -> str:
    """Until the station is back; returns the command's id."""

    async def write(unit: UnitOfWork) -> str:
        until = unit.slices.now + away
        return await keeping.keep_order(unit, caller.actor, key, saying, until)

    number = await caller.engine.in_order(key, write)
    caller.engine.bring(key)  # lest it has come back in between
    return number


class KeptReply(Struct, frozen=True):
    id: str
    name: str
    body: Mapping[str, Any]
    made_by: str
    made_at: datetime
    expires_at: datetime
    state: State
    outcome: Outcome | None
    status: str | None
    detail: str | None
    done_at: datetime | None


@get(PATH, opt=needs(Permission.READ), tags=["Commands"])
async def list_kept(caller: Asking, identity: FromPath[str]) -> Page[KeptReply]:
    """Commands that were kept while the station was away, the latest first."""
    key = await caller.station(identity)
    kept = await KeptQueries(caller.database).kept(key)
    return page_of(_reply(each, caller.now()) for each in kept)


@delete(f"{PATH}/{{number:str}}", opt=needs(Permission.COMMAND), tags=["Commands"])
async def cancel_kept(caller: Asking, identity: FromPath[str], number: FromPath[str]) -> None:
    """Do not say it any more. 409 when it has been said."""
    key = await caller.station(identity)

    async def cancel(unit: UnitOfWork) -> None:
        await keeping.cancel(unit, key, number)
        caller.audit(unit.slices, "station.cancel", f"station:{key.station}", command=number)

    await caller.engine.in_order(key, cancel)


HANDLERS = (list_kept, cancel_kept)


def _reply(kept: Kept, now: datetime) -> KeptReply:
    return KeptReply(
        kept.id,
        kept.saying.name,
        kept.saying.shown,
        kept.made_by,
        kept.made_at,
        kept.expires_at,
        kept.state_at(now),
        kept.outcome,
        kept.status,
        kept.detail,
        kept.done_at,
    )
