"""/stations/{id}/access: reservations, availability, the local list and attempts at a station."""

from datetime import timedelta

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.authorization.lists import LocalList
from ricarica.authorization.queries import (
    AccessQueries,
    AttemptFilter,
    AttemptQueries,
)
from ricarica.authorization.reports import masked
from ricarica.kernel.errors import RicaricaError
from ricarica.kernel.ids import EvseNumber
from ricarica.reservations.commands import Reserve
from ricarica.reservations.model import Reservation
from ricarica.reservations.queries import ReservationFilter, ReservationQueries
from ricarica.reservations.service import Wish
from ricarica.slices import Slices
from ricarica.stations.queries import StationQueries, StationView
from ricarica.storage.pages import Wanted
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.addresses import NumberInPath, path_to
from ricarica.web.builders.stations import head_from
from ricarica.web.pages.access import attempt_row
from ricarica.web.pages.choices import tokens_of
from ricarica.web.pages.station import live_station, told
from ricarica.web.sessions import needs
from ricarica.web.typed import count_in
from ricarica.web.views.commands import NOTHING, Told
from ricarica.web.views.station_access import (
    AvailabilityRow,
    LocalListView,
    ReservationRow,
    StationAccessPage,
)
from ricarica.web.visitor import Html, Visiting, Visitor

RECENT = Wanted(10)
MINUTES = 30  # what a driver on the way needs
COMMAND = needs(Permission.COMMAND)


@get("/stations/{station:str}/access", opt=needs(Permission.READ))
async def access_page(visitor: Visiting, station: FromPath[str]) -> Html:
    return await _page(visitor, await live_station(visitor, station))


@post("/stations/{station:str}/access/reserve", opt=COMMAND)
async def reserve(visitor: Visiting, station: FromPath[str]) -> Html:
    live = await live_station(visitor, station)
    key, form = live.view.station.key, visitor.form

    async def prepare(slices: Slices) -> Reserve:
        evse = count_in(form, "evse")
        ends = slices.now + timedelta(minutes=count_in(form, "minutes") or MINUTES)
        wish = Wish(
            form.get("token", "").strip(),
            ends,
            None if evse is None else EvseNumber(evse),
            form.get("connector_type", "").strip() or None,
        )
        return await slices.reservations.prepare(key, wish, slices.now)

    try:
        command = await visitor.carry_out(prepare)
    except RicaricaError as error:
        return await _page(visitor, live, Told(problem=str(error)))
    return await _tell(visitor, live, "reserve", command, command.number)


@post("/stations/{station:str}/access/cancel/{number:int}", opt=COMMAND)
async def cancel(visitor: Visiting, station: FromPath[str], number: NumberInPath) -> Html:
    live = await live_station(visitor, station)
    key = live.view.station.key
    try:
        command = await visitor.carry_out(lambda slices: slices.reservations.cancel(key, number))
    except RicaricaError as error:
        return await _page(visitor, live, Told(problem=str(error)))
    return await _tell(visitor, live, "cancel-reservation", command, number)


@post("/stations/{station:str}/access/send-list", opt=COMMAND)
async def send_list(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await live_station(visitor, station)).view.station.key

    async def work(slices: Slices) -> None:
        await slices.local_lists.send_anew(key)
        visitor.audit(slices, "station.local-list", f"station:{key.station}")

    await visitor.carry_out(work)
    return visitor.lead_to(path_to("stations", key.station, "access"))


HANDLERS = (access_page, reserve, cancel, send_list)


async def _tell(
    visitor: Visitor, live: LiveStation, name: str, command: object, number: int
) -> Html:
    key = live.view.station.key
    result = await told(visitor, key, name, command, {"number": number})
    return await _page(visitor, live, Told(result.outcome, result.words))


async def _page(visitor: Visitor, live: LiveStation, said: Told = NOTHING) -> Html:
    station, database = live.view.station, visitor.database
    key, in_full = station.key, visitor.may(Permission.EDIT_TOKENS)
    may_act = station.connected and visitor.may(Permission.COMMAND)
    held = await ReservationQueries(database).reservations(
        visitor.tenant, ReservationFilter(station=key.station), RECENT
    )
    tried = await AttemptQueries(database).attempts(
        visitor.tenant, AttemptFilter(station=key.station), RECENT
    )
    known = await AccessQueries(database).local_list(key)
    telling, dialect = visitor.house.engine.commands, station.dialect or ""
    page = StationAccessPage(
        head_from(live.view),
        tuple(_reservation_row(each, visitor) for each in held.items),
        await _availability(visitor, live.view),
        tuple(attempt_row(each, in_full=in_full) for each in tried.items),
        _local_list(known, in_full=in_full) if known else None,
        tuple(evse.number for evse in live.evses),
        await tokens_of(visitor) if may_act else (),
        may_act and Reserve in telling.sayable(dialect),
        telling.reserves_plugs(dialect),
        said,
    )
    return await visitor.show(page, 422 if said.problem else 200)


async def _availability(visitor: Visitor, view: StationView) -> tuple[AvailabilityRow, ...]:
    wanted = await StationQueries(visitor.database).availability(view.station.key)
    return tuple(
        AvailabilityRow(
            each.evse, each.connector, each.operative, each.state_by(view.connectors), each.at
        )
        for each in wanted
    )


def _reservation_row(reservation: Reservation, visitor: Visitor) -> ReservationRow:
    state = reservation.state_at(visitor.now)
    return ReservationRow(
        reservation.number,
        reservation.token.uid,
        reservation.evse or None,
        reservation.connector_type,
        reservation.expires_at,
        state,
        reservation.detail,
        reservation.is_open and reservation.expires_at > visitor.now,
        reservation.transaction,
    )


def _local_list(known: LocalList, *, in_full: bool) -> LocalListView:
    return LocalListView(
        known.version,
        known.told_version,
        known.told_at,
        known.sent_at,
        tuple(held.uid if in_full else masked(held.uid) for held in known.held),
        known.left_out,
        known.trouble,
    )
