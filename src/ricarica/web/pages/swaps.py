"""/swaps: batteries exchanged, and what lies in stations' slots."""

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.model import Permission
from ricarica.engine.paying import swap_order
from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.kernel.ids import StationId, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome
from ricarica.storage.pages import Wanted
from ricarica.swaps.commands import RequestSwap
from ricarica.swaps.model import SwapState
from ricarica.swaps.queries import SwapFilter as Which
from ricarica.swaps.queries import SwapQueries
from ricarica.transactions.queries.live import LiveStation
from ricarica.web.addresses import path_to
from ricarica.web.builders.lists import pager_of
from ricarica.web.pages.station import live_station, told
from ricarica.web.sessions import needs
from ricarica.web.typed import number_in
from ricarica.web.views.commands import Command, CommandOutcome
from ricarica.web.views.status import Status
from ricarica.web.views.swaps import SlotRow, Slots, SwapFilter, SwapRow, SwapsPage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

ON_A_PAGE = 50
WATTS_PER_KILOWATT = 1000


@get("/swaps", opt=needs(Permission.READ))
async def swaps_page(visitor: Visiting) -> Html:
    typed = SwapFilter(visitor.query.get("station", "").strip(), visitor.query.get("state", ""))
    state = SwapState(typed.state) if typed.state in set(SwapState) else None
    which = Which(StationId(typed.station) if typed.station else None, state)
    wanted = Wanted(ON_A_PAGE, visitor.query.get("after") or None)
    found = await SwapQueries(visitor.database).swaps(visitor.tenant, which, wanted)
    rows = tuple(map(SwapRow, found.items))
    pager = pager_of("/swaps", visitor.query, found.next)
    return await visitor.show(SwapsPage(rows, pager, typed))


@post("/stations/{station:str}/swaps/capacity", opt=needs(Permission.EDIT_STATIONS))
async def set_capacity(visitor: Visiting, station: FromPath[str]) -> Html:
    key = (await live_station(visitor, station)).view.station.key
    capacity_kwh = number_in(visitor.form, "capacity")
    capacity_wh = None if capacity_kwh is None else capacity_kwh * WATTS_PER_KILOWATT

    async def change(slices: Slices) -> None:
        await slices.swaps.set_capacity(key, capacity_wh)
        visitor.audit(slices, "station.swap-capacity", f"station:{key.station}")

    await visitor.carry_out(change)
    return visitor.lead_to(path_to("stations", key.station, "money"), Notice.STATION_SAVED)


@post("/stations/{station:str}/swaps/request", opt=needs(Permission.COMMAND))
async def request(visitor: Visiting, station: FromPath[str]) -> Html:
    """Answered when the station has answered."""
    key = (await live_station(visitor, station)).view.station.key
    return visitor.part(await _asked(visitor, key))


HANDLERS = (swaps_page, set_capacity, request)


async def slots_of(visitor: Visitor, live: LiveStation) -> Slots | None:
    """None, where nobody ever swapped anything."""
    station, queries = live.view.station, SwapQueries(visitor.database)
    if not (await queries.has_swapped(station.key) or await queries.batteries_at(station.key)):
        return None
    running = {evse.number: evse.transaction for evse in live.evses if evse.transaction}
    rows = []
    for slot in await queries.slots(station.key):
        transaction = running.get(slot.evse)
        known = slot.held.battery.soc_percent if slot.held else None
        status = Status(slot.status) if slot.status in set(Status) else None
        charged = transaction.soc_percent if transaction else None
        soc = known if charged is None else charged
        rows.append(
            SlotRow(slot.evse, status, slot.held, soc, transaction.id if transaction else None)
        )
    sayable = visitor.house.engine.commands.sayable(station.dialect or "")
    return Slots(
        station.key.station,
        tuple(rows),
        await queries.capacity_wh(station.key),
        may_edit=visitor.may(Permission.EDIT_STATIONS),
        may_request=station.connected
        and RequestSwap in sayable
        and visitor.may(Permission.COMMAND),
    )


async def _asked(visitor: Visitor, key: StationKey) -> CommandOutcome:
    token = visitor.form.get("token", "").strip()
    try:
        if not token:
            raise InvalidError("say whose token")
        command = await visitor.carry_out(lambda slices: swap_order(slices, key, token))
        result = await told(visitor, key, "swap", command, {"number": command.number})
    except RicaricaError as error:
        return CommandOutcome(Command.START, Outcome.UNREACHED, error=str(error))
    return CommandOutcome(Command.START, result.outcome, result.status, result.detail)
