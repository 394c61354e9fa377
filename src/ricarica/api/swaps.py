"""/swaps: batteries exchanged, and what lies in the slots of stations that do it."""

from datetime import datetime
from decimal import Decimal

from litestar import get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, OfStation, require
from ricarica.api.commands import CommandReply
from ricarica.api.gate import needs
from ricarica.api.replies import (
    Amount,
    Page,
    PageWanted,
    ShortText,
    amount_from,
    page_from,
    page_of,
    plain,
    plain_or_none,
)
from ricarica.api.telling import tell_all
from ricarica.engine.paying import swap_order
from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices
from ricarica.swaps.model import Battery, Swap, SwapState
from ricarica.swaps.queries import Slot, SwapFilter, SwapQueries


class BatteryReply(Struct, frozen=True):
    """`slot` is the number of the EVSE that it lies or lay in."""

    serial: str
    slot: int
    soc_percent: Decimal
    soh_percent: Decimal
    made_at: datetime | None
    detail: str | None


class SwapReply(Struct, frozen=True):
    """`gained_percent`: by how much the given are fuller than the taken, all together."""

    id: str
    station: str
    number: int
    state: SwapState
    token: str | None
    began_at: datetime
    ended_at: datetime | None
    taken: list[BatteryReply]
    given: list[BatteryReply]
    gained_percent: Decimal | None
    gained_wh: Decimal | None
    cost: Amount | None
    detail: str | None


class BatterySlotReply(Struct, frozen=True):
    slot: int
    status: str | None
    battery: BatteryReply | None
    at: datetime | None


class SwapBody(Struct, frozen=True, forbid_unknown_fields=True):
    token: ShortText


class CapacityBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Of each battery; without it only the swap itself is charged for, not the energy."""

    capacity_wh: Decimal | None


@get("/swaps", opt=needs(Permission.READ), tags=["Swaps"])
async def list_swaps(
    caller: Asking,
    page: PageWanted,
    of_station: OfStation,
    status: FromQuery[SwapState | None] = None,
    token: FromQuery[str | None] = None,
) -> Page[SwapReply]:
    """Battery swaps, the latest first."""
    which = SwapFilter(of_station, status, token)
    rows = await SwapQueries(caller.database).swaps(caller.tenant, which, page)
    return page_from(rows, swap_reply)


@get("/swaps/{swap:str}", opt=needs(Permission.READ), tags=["Swaps"])
async def get_swap(caller: Asking, swap: FromPath[str]) -> SwapReply:
    """One swap with its batteries."""
    found = await SwapQueries(caller.database).swap(caller.tenant, swap)
    return swap_reply(require(found, f"swap {swap}"))


@get("/stations/{identity:str}/slots", opt=needs(Permission.READ), tags=["Swaps"])
async def list_slots(caller: Asking, identity: FromPath[str]) -> Page[BatterySlotReply]:
    """What lies in a station's slots."""
    key = await caller.station(identity)
    return page_of(map(slot_reply, await SwapQueries(caller.database).slots(key)))


@post(
    "/stations/{identity:str}/commands/swap",
    status_code=200,
    opt=needs(Permission.COMMAND),
    tags=["Swaps"],
)
async def request_swap(
    caller: Asking, identity: FromPath[str], data: JSONBody[SwapBody]
) -> CommandReply:
    """Let the holder of a token swap. 403 when the token may not."""

    async def act(key: StationKey) -> CommandReply:
        command = await caller.carry_out(lambda slices: swap_order(slices, key, data.token))
        return await tell_all(caller, key, "swap", [command], {"number": command.number})

    key = await caller.station(identity)
    return await caller.once_outside(CommandReply, lambda: act(key))


@put("/stations/{identity:str}/swap-station", opt=needs(Permission.EDIT_STATIONS), tags=["Swaps"])
async def set_capacity(
    caller: Asking, identity: FromPath[str], data: JSONBody[CapacityBody]
) -> CapacityBody:
    """What each battery of a station holds, so that the energy in a swap can be billed."""
    key = await caller.station(identity)

    async def change(slices: Slices) -> None:
        await slices.swaps.set_capacity(key, data.capacity_wh)
        caller.audit(slices, "station.swap-capacity", f"station:{key.station}")

    await caller.carry_out(change)
    return data


HANDLERS = (list_swaps, get_swap, list_slots, request_swap, set_capacity)


def battery_reply(battery: Battery) -> BatteryReply:
    return BatteryReply(
        battery.serial,
        battery.evse,
        plain(battery.soc_percent),
        plain(battery.soh_percent),
        battery.made_at,
        battery.detail,
    )


def swap_reply(swap: Swap) -> SwapReply:
    return SwapReply(
        swap.id,
        swap.station.station,
        swap.number,
        swap.state,
        swap.token,
        swap.began_at,
        swap.ended_at,
        [battery_reply(battery) for battery in swap.taken],
        [battery_reply(battery) for battery in swap.given],
        plain_or_none(swap.gained_percent),
        plain_or_none(swap.gained_wh),
        amount_from(swap.cost_incl, swap.currency),
        swap.detail,
    )


def slot_reply(slot: Slot) -> BatterySlotReply:
    held = slot.held
    return BatterySlotReply(
        slot.evse,
        slot.status,
        battery_reply(held.battery) if held else None,
        held.at if held else None,
    )
