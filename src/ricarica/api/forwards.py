"""/stations/{identity}/forward: a second back end that hears a station."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, Caller, require
from ricarica.api.gate import needs
from ricarica.api.replies import Page, ShortText, page_of
from ricarica.engine.forwarding import ACTIONS_MAX, Forward, Line, Mode, Standing, checked
from ricarica.kernel.ids import StationKey

PATH = "/stations/{identity:str}/forward"


class ForwardBody(Struct, frozen=True, forbid_unknown_fields=True):
    """`copy`: it hears what the station says, and has no say. `second`: of its commands, those in
    `allowed` are carried out; `*` allows all. `identity`: how the station is called there.
    A password that is left out stays as it is; an empty one is taken away.
    """

    url: Annotated[str, Meta(max_length=512)]
    mode: Mode = Mode.COPY
    identity: ShortText | None = None
    password: ShortText | None = None
    allowed: Annotated[list[ShortText], Meta(max_length=ACTIONS_MAX)] = []
    is_on: bool = True


class ForwardReply(Struct, frozen=True):
    """`line` is how the connection stands; `dropped`: messages that it could not take in time."""

    station: str
    url: str
    mode: Mode
    identity: str | None
    has_password: bool
    allowed: list[str]
    is_on: bool
    line: Line
    why: str | None
    line_at: datetime | None
    sent: int
    dropped: int


@get("/forwards", opt=needs(Permission.READ), tags=["Forwarding"])
async def list_forwards(caller: Asking) -> Page[ForwardReply]:
    """Stations that are mirrored, by identity."""
    return page_of(_reply(*each) for each in await caller.engine.forwards.every(caller.tenant))


@get(PATH, opt=needs(Permission.READ), tags=["Forwarding"])
async def get_forward(caller: Asking, identity: FromPath[str]) -> ForwardReply:
    """Where a station is mirrored to, and how that goes."""
    return await _known(caller, await caller.station(identity))


@put(PATH, opt=needs(Permission.ADMINISTER), tags=["Forwarding"])
async def save_forward(
    caller: Asking, identity: FromPath[str], data: JSONBody[ForwardBody]
) -> ForwardReply:
    """Mirror a station to another back end, from the next seconds on."""
    key = await caller.station(identity)
    forward = Forward(
        key,
        data.url,
        data.mode,
        caller.now(),
        data.identity or None,
        data.password,
        frozenset(data.allowed),
        data.is_on,
    )
    forwards = caller.engine.forwards
    await forwards.save(caller.actor, checked(forward, may_be_private=forwards.may_be_private))
    return await _known(caller, key)


@delete(PATH, opt=needs(Permission.ADMINISTER), tags=["Forwarding"])
async def remove_forward(caller: Asking, identity: FromPath[str]) -> None:
    """Mirror it no longer."""
    await caller.engine.forwards.remove(caller.actor, await caller.station(identity))


HANDLERS = (list_forwards, get_forward, save_forward, remove_forward)


async def _known(caller: Caller, key: StationKey) -> ForwardReply:
    found = await caller.engine.forwards.get(key)
    return _reply(*require(found, f"second back end of {key.station}"))


def _reply(forward: Forward, standing: Standing) -> ForwardReply:
    return ForwardReply(
        forward.station.station,
        forward.url,
        forward.mode,
        forward.identity,
        forward.password is not None,
        sorted(forward.allowed),
        forward.is_on,
        standing.line,
        standing.why,
        standing.at,
        standing.sent,
        standing.dropped,
    )
