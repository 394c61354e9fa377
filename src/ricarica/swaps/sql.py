"""How swaps and batteries lie in the database."""

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa

from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId
from ricarica.storage.columns import Blob, Exact, Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work
from ricarica.swaps.model import Battery, HeldBattery, Swap, SwapState, SwapStation

FRESH_S = 10.0  # for so long a battery that went to another node's station may be thought here
COST_DECIMALS = 8
REMEMBERED_MAX = 10_000
NUMBERED_MAX = 10  # of one number, the latest: the others are over for good

SWAPS = sa.Table(
    "swaps",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),
    sa.Column("number", Integer(), nullable=False),
    sa.Column("state", Text(), nullable=False),
    sa.Column("began_at", Instant(), nullable=False),
    sa.Column("updated_at", Instant(), nullable=False),
    sa.Column("token", Text()),
    sa.Column("token_kind", Text()),
    sa.Column("taken", Text(), nullable=False),  # JSON
    sa.Column("given", Text(), nullable=False),  # JSON
    sa.Column("ended_at", Instant()),
    sa.Column("prices", Blob()),
    sa.Column("capacity_wh", Exact(1)),
    sa.Column("cost_excl", Exact(COST_DECIMALS)),
    sa.Column("cost_incl", Exact(COST_DECIMALS)),
    sa.Column("currency", Text()),
    sa.Column("detail", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_swaps_number", "tenant", "station", "number"),
    sa.Index("ix_swaps_began_at", "tenant", "began_at", "id"),
    sa.Index("ix_swaps_id", "tenant", "id"),
)

# By serial number, for they move from station to station.
BATTERIES = sa.Table(
    "batteries",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("serial", Text(), primary_key=True),
    sa.Column("station", Text()),  # none: with whoever holds the token
    sa.Column("evse", Integer(), nullable=False),
    sa.Column("soc_percent", Exact(4), nullable=False),
    sa.Column("soh_percent", Exact(4), nullable=False),
    sa.Column("made_at", Instant()),
    sa.Column("detail", Text()),
    sa.Column("at", Instant(), nullable=False),
    sa.Column("token", Text()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_batteries_station", "tenant", "station"),
)

SWAP_STATIONS = sa.Table(
    "swap_stations",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("station", Text(), primary_key=True),
    sa.Column("capacity_wh", Exact(1)),
    sa.Column("version", Integer(), nullable=False),
)


def _batteries_text(batteries: Iterable[Battery]) -> str:
    return msgspec.json.encode(tuple(batteries)).decode()


def _batteries_from(text: str) -> tuple[Battery, ...]:
    return msgspec.json.decode(text, type=tuple[Battery, ...])


def _swap_row(swap: Swap) -> Row:
    return (
        swap.station.tenant,
        swap.station.station,
        swap.id,
        swap.number,
        swap.state,
        swap.began_at,
        swap.updated_at,
        swap.token,
        swap.token_kind,
        _batteries_text(swap.taken),
        _batteries_text(swap.given),
        swap.ended_at,
        swap.prices,
        swap.capacity_wh,
        swap.cost_excl,
        swap.cost_incl,
        swap.currency,
        swap.detail,
    )


def swap_from(row: Row) -> Swap:
    tenant, station, id_, number, state, began_at, updated_at, token, kind, *rest = row
    taken, given, ended_at, prices, *rest = rest
    return Swap(
        StationKey(TenantId(tenant), StationId(station)),
        id_,
        number,
        SwapState(state),
        began_at,
        updated_at,
        token,
        kind,
        _batteries_from(taken),
        _batteries_from(given),
        ended_at,
        prices,
        *rest,
    )


def _held_row(held: HeldBattery) -> Row:
    battery = held.battery
    return (
        held.tenant,
        battery.serial,
        held.station.station if held.station else None,
        battery.evse,
        battery.soc_percent,
        battery.soh_percent,
        battery.made_at,
        battery.detail,
        held.at,
        held.token,
    )


def held_from(row: Row) -> HeldBattery:
    tenant, serial, station, evse, soc, soh, made_at, detail, at, token = row
    battery = Battery(serial, EvseNumber(evse), soc, soh, made_at, detail)
    key = StationKey(TenantId(tenant), StationId(station)) if station else None
    return HeldBattery(TenantId(tenant), battery, at, key, token)


SWAP_SHELF = Shelf[Swap](
    SWAPS,
    key=lambda swap: (swap.station.tenant, swap.station.station, swap.id),
    write=_swap_row,
    read=swap_from,
    is_over=lambda swap: not swap.is_open,
    remembered_max=REMEMBERED_MAX,
)
BATTERY_SHELF = Shelf[HeldBattery](
    BATTERIES,
    key=lambda held: (held.tenant, held.battery.serial),
    write=_held_row,
    read=held_from,
    fresh_s=FRESH_S,
    remembered_max=REMEMBERED_MAX,
)
SWAP_STATION_SHELF = Shelf[SwapStation](
    SWAP_STATIONS,
    key=lambda each: (each.station.tenant, each.station.station),
    write=lambda each: (each.station.tenant, each.station.station, each.capacity_wh),
    read=lambda row: SwapStation(StationKey(TenantId(row[0]), StationId(row[1])), row[2]),
    remembered_max=REMEMBERED_MAX,
)


class SqlSwapStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def numbered(self, station: StationKey, number: int) -> list[Swap]:
        columns = SWAPS.c
        query = sa.select(SWAPS).where(
            columns.tenant == station.tenant,
            columns.station == station.station,
            columns.number == number,
        )
        latest = query.order_by(columns.began_at.desc()).limit(NUMBERED_MAX)
        return await self._work.look_up(SWAP_SHELF, latest)

    async def get(self, tenant: TenantId, swap: str) -> Swap | None:
        found = await self._work.find(SWAP_SHELF, SWAPS.c.tenant == tenant, SWAPS.c.id == swap)
        return found[0] if found else None

    def save(self, swap: Swap) -> None:
        self._work.put(SWAP_SHELF, swap)

    async def battery(self, tenant: TenantId, serial: str) -> HeldBattery | None:
        return await self._work.get(BATTERY_SHELF, (tenant, serial))

    async def batteries_at(self, station: StationKey) -> list[HeldBattery]:
        columns = BATTERIES.c
        return await self._work.find(
            BATTERY_SHELF, columns.tenant == station.tenant, columns.station == station.station
        )

    def save_battery(self, battery: HeldBattery) -> None:
        self._work.put(BATTERY_SHELF, battery)

    async def station(self, station: StationKey) -> SwapStation | None:
        return await self._work.get(SWAP_STATION_SHELF, (station.tenant, station.station))

    def save_station(self, station: SwapStation) -> None:
        self._work.put(SWAP_STATION_SHELF, station)
