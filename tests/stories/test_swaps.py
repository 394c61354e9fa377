"""Batteries are swapped, charged and billed."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from ricarica.authorization.model import TokenRef, TokenStatus
from ricarica.engine.paying import swap_order
from ricarica.kernel.errors import ForbiddenError
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks import swaps as slots
from ricarica.simulator.blocks.swaps import Pack
from ricarica.simulator.simulated import SimulatedStation, ac_evse
from ricarica.simulator.transaction import Token
from ricarica.stations.commands import Outcome
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.swaps.commands import RequestSwap
from ricarica.swaps.model import HeldBattery, Swap, SwapState
from ricarica.swaps.sql import BATTERIES, BATTERY_SHELF, SWAP_SHELF, SWAPS
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of

D = Decimal
RIDER = Token("04A1B2C3")
PRICES = Prices("EUR", per_kwh=D("0.50"), per_session=D("1.00"), vat_percent=D(22))
EMPTY, FULL = Pack("B-0007", D(15), D(91)), Pack("B-0042", D(95), D(99), detail="rev 3")


def work_of(network: World) -> Work:
    return Work(network.database, Remembered(network.clock.monotonic))


async def all_swaps(network: World) -> list[Swap]:
    found = await work_of(network).find(SWAP_SHELF, SWAPS.c.tenant == network.actor.tenant)
    return sorted(found, key=lambda swap: swap.began_at)


async def battery(network: World, serial: str) -> HeldBattery:
    [found] = await work_of(network).find(BATTERY_SHELF, BATTERIES.c.serial == serial)
    return found


async def status_of(network: World, station: SimulatedStation, slot: int) -> ConnectorStatus | None:
    store, only = SqlStationStore(work_of(network)), ConnectorNumber(1)
    found = await store.connector(key_of(station), EvseNumber(slot), only)
    return found.status if found else None


async def swapping(network: World, credit: Decimal | None = None) -> SimulatedStation:
    """A station of four slots; in the second lies a battery that is nearly full."""
    await network.add_tariff(PRICES)
    await network.add_token(RIDER.uid, credit=credit)
    evses = [ac_evse(number) for number in range(1, 5)]
    station = network.build("VOLTO-1", V21, evses)
    station.settings.override({"start_point": "EVConnected", "stop_point": "EVConnected"})
    await network.connect(station)
    await network.carry_out(
        lambda slices: slices.swaps.set_capacity(key_of(station), D(2_000)),
        station=key_of(station),
    )
    slots.fill(station.core, {2: FULL})
    await network.settle()
    return station


async def swap(network: World, station: SimulatedStation, number: int = 77) -> None:
    slots.put_in(station.core, number, RIDER, {1: EMPTY})
    await network.settle()
    slots.take_out(station.core, number, RIDER, (2,))
    await network.settle()


@pytest.mark.usecase("S01", "S03")
async def test_a_battery_for_a_battery_is_one_swap_with_its_bill(network: World) -> None:
    station = await swapping(network)

    await swap(network, station)

    [done] = await all_swaps(network)
    assert done.state is SwapState.DONE
    assert [each.serial for each in done.taken] == ["B-0007"]
    assert [each.serial for each in done.given] == ["B-0042"]
    assert done.gained_percent == 80
    assert done.gained_wh == 1_600
    assert done.cost_excl == D("1.80"), "1.00 for the swap, and 1.6 kWh at 0.50"
    assert done.cost_incl == D("2.196")


@pytest.mark.usecase("S03")
async def test_a_swap_that_is_told_twice_is_one_swap(network: World) -> None:
    station = await swapping(network)

    await swap(network, station)
    said = [json.loads(t) for t in network.frames[key_of(station).station].from_station]
    teller = network.teller(station)
    for call in [each for each in said if each[0] == 2 and each[2] == "BatterySwap"]:
        await teller.call("BatterySwap", call[3])

    [done] = await all_swaps(network)
    assert done.cost_excl == D("1.80")


@pytest.mark.usecase("S01", "C17")
async def test_a_swap_is_paid_once_from_what_is_on_a_prepaid_card(network: World) -> None:
    station = await swapping(network, credit=D(5))

    await swap(network, station)
    said = [json.loads(t) for t in network.frames[key_of(station).station].from_station]
    teller = network.teller(station)
    for call in [each for each in said if each[0] == 2 and each[2] == "BatterySwap"]:
        await teller.call("BatterySwap", call[3])

    known = await network.carry_out(
        lambda slices: slices.authorization.find(network.actor.tenant, TokenRef(RIDER.uid))
    )
    assert known is not None
    assert known.credit == D("2.80"), "5, without 2.196 as it is rounded"


@pytest.mark.usecase("S03")
async def test_where_each_battery_is_can_be_seen(network: World) -> None:
    station = await swapping(network)

    await swap(network, station)

    taken, given = await battery(network, "B-0007"), await battery(network, "B-0042")
    statuses = [await status_of(network, station, slot) for slot in (1, 2)]
    assert (taken.station, taken.battery.evse) == (key_of(station), 1)
    assert (given.station, given.token) == (None, RIDER.uid)
    assert given.battery.soh_percent == 99
    assert given.battery.detail == "rev 3"
    assert statuses == [ConnectorStatus.OCCUPIED, ConnectorStatus.AVAILABLE]


@pytest.mark.usecase("S03")
async def test_the_same_number_later_is_another_swap(network: World) -> None:
    station = await swapping(network)
    await swap(network, station, number=1)
    await network.pass_time(timedelta(hours=2))

    slots.put_in(station.core, 1, RIDER, {3: Pack("B-0100", D(20))})
    await network.settle()

    first, second = await all_swaps(network)
    assert first.state is SwapState.DONE
    assert second.state is SwapState.BEGUN


@pytest.mark.usecase("S03")
async def test_a_battery_that_nobody_takes_is_noted(network: World) -> None:
    station = await swapping(network)
    slots.put_in(station.core, 77, RIDER, {1: EMPTY})
    await network.settle()

    slots.leave(station.core, 77, RIDER, (2,))
    await network.settle()

    [left] = await all_swaps(network)
    assert left.state is SwapState.TIMED_OUT
    assert left.detail == "not taken: B-0042"
    assert left.cost_incl is None


@pytest.mark.usecase("S02")
async def test_a_swap_may_be_asked_for_from_afar(network: World) -> None:
    station = await swapping(network)
    key = key_of(station)

    command = await network.carry_out(
        lambda slices: swap_order(slices, key, RIDER.uid), station=key
    )
    result = await network.tell(station, command)
    await swap(network, station, command.number)

    [done] = await all_swaps(network)
    assert result.outcome is Outcome.ACCEPTED
    assert done.number == command.number
    assert done.state is SwapState.DONE


@pytest.mark.usecase("S02")
async def test_a_token_that_may_not_charge_may_not_swap(network: World) -> None:
    station = await swapping(network)
    await network.add_token("LOST-CARD", status=TokenStatus.BLOCKED)
    key = key_of(station)

    with pytest.raises(ForbiddenError):
        await network.carry_out(lambda slices: swap_order(slices, key, "LOST-CARD"), station=key)

    assert not await all_swaps(network), "S02.FR.03"


@pytest.mark.usecase("S02")
async def test_a_station_without_a_full_battery_says_so(network: World) -> None:
    station = await swapping(network)
    station.settings.override({"swap_target": "100"})
    key = key_of(station)

    command = await network.carry_out(
        lambda slices: swap_order(slices, key, RIDER.uid), station=key
    )
    result = await network.tell(station, command)
    await network.settle()

    [refused] = await all_swaps(network)
    assert result.outcome is Outcome.REFUSED
    assert refused.state is SwapState.REFUSED
    assert refused.detail == "Rejected NoBatteryAvailable"


@pytest.mark.usecase("S04", "E18")
async def test_a_battery_that_was_put_in_is_charged_for_the_station_itself(
    network: World,
) -> None:
    station = await swapping(network)

    slots.put_in(station.core, 77, RIDER, {1: EMPTY})
    await network.pass_time(timedelta(minutes=5))

    charged = [t for t in await network.transactions(station) if t.evse == 1]
    assert len(charged) == 1
    assert charged[0].token_kind == "NoAuthorization"
    assert charged[0].verdict == "accepted", "S04.FR.03"
    assert charged[0].energy.energy_wh > 0


@pytest.mark.usecase("S02")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_nobody_swaps_where_there_is_no_word_for_it(network: World, dialect: Dialect) -> None:
    station = await network.station("TORINO-1", dialect)

    result = await network.tell(station, RequestSwap(TokenRef(RIDER.uid), 5))

    assert result.outcome is Outcome.UNSUPPORTED
