"""/stations/{identity}/reservations: EVSEs held for drivers."""

from datetime import datetime
from typing import Annotated

from litestar import delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Meta, Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation
from ricarica.api.commands import CommandReply, with_answer
from ricarica.api.gate import needs
from ricarica.api.replies import (
    Instant,
    NumberInPath,
    Page,
    PageWanted,
    ShortText,
    in_utc,
    page_from,
)
from ricarica.api.telling import tell_all
from ricarica.kernel.ids import EvseNumber
from ricarica.reservations.model import Reservation, ReservationState
from ricarica.reservations.queries import ReservationFilter, ReservationQueries
from ricarica.reservations.service import Wish

PATH = "/stations/{identity:str}/reservations"
TAGS = ["Reservations"]


class NewReservation(Struct, frozen=True, forbid_unknown_fields=True):
    """Without an EVSE, any; `connector_type` narrows that down, e.g. cCCS2. 1.6 has no word for it.

    `number` of one that is there puts this one in its place.
    """

    token: ShortText
    expires_at: Instant
    evse: Annotated[int, Meta(ge=1)] | None = None
    connector_type: Annotated[str, Meta(max_length=20)] | None = None
    number: Annotated[int, Meta(ge=1)] | None = None


class ReservationReply(Struct, frozen=True):
    station: str
    number: int
    token: str
    state: ReservationState
    evse: int | None
    connector_type: str | None
    made_at: datetime
    expires_at: datetime
    changed_at: datetime | None
    transaction: str | None
    detail: str | None


@get("/reservations", opt=needs(Permission.READ), tags=TAGS)
async def list_reservations(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    token: FromQuery[str | None] = None,
    *,
    is_open: FromQuery[bool] = False,
) -> Page[ReservationReply]:
    """Reservations, those that end last first."""
    now = caller.now()
    which = ReservationFilter(of_station, token, now if is_open else None)
    rows = await ReservationQueries(caller.database).reservations(caller.tenant, which, page)
    return page_from(rows, lambda each: reservation_reply(each, now))


@post(PATH, status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def reserve(
    caller: Asking, identity: FromPath[str], data: JSONBody[NewReservation]
) -> CommandReply:
    """Hold an EVSE for a token. `answer.number` names the reservation."""
    key = await caller.station(identity)
    expires_at = in_utc(data.expires_at)
    assert expires_at is not None, "the body has one"
    evse = None if data.evse is None else EvseNumber(data.evse)
    wish = Wish(data.token, expires_at, evse, data.connector_type, data.number)

    async def act() -> CommandReply:
        command = await caller.carry_out(
            lambda slices: slices.reservations.prepare(key, wish, slices.now)
        )
        detail = {"number": command.number, "evse": command.evse}
        reply = await tell_all(caller, key, "reserve", [command], detail)
        return with_answer(reply, number=command.number)

    return await caller.once_outside(CommandReply, act)


@delete(f"{PATH}/{{number:int}}", status_code=200, opt=needs(Permission.COMMAND), tags=TAGS)
async def cancel(caller: Asking, identity: FromPath[str], number: NumberInPath) -> CommandReply:
    """Hold it no longer. 409 when it has ended already."""
    key = await caller.station(identity)
    command = await caller.carry_out(lambda slices: slices.reservations.cancel(key, number))
    return await tell_all(caller, key, "cancel-reservation", [command], {"number": number})


HANDLERS = (list_reservations, reserve, cancel)


def reservation_reply(reservation: Reservation, now: datetime) -> ReservationReply:
    return ReservationReply(
        reservation.station.station,
        reservation.number,
        reservation.token.uid,
        reservation.state_at(now),
        reservation.evse or None,
        reservation.connector_type,
        reservation.made_at,
        reservation.expires_at,
        reservation.changed_at,
        reservation.transaction,
        reservation.detail,
    )
