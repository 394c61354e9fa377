"""What the stories of limits have in common: a car that charges, and what is known of it."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ricarica.energy.commands import SetProfile
from ricarica.energy.model import Held, Kind, Period, Profile, Purpose, Schedule, Unit, flat
from ricarica.energy.queries import EnergyQueries, StationEnergy
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Result
from ricarica.testing.world import World, key_of

FIRST = EvseNumber(1)
TAG = "04A1B2C3"
MINUTE = timedelta(minutes=1)


async def charging(network: World, dialect: Dialect) -> SimulatedStation:
    """A station at whose first EVSE a car charges with 11 kW."""
    await network.add_token(TAG)
    station = await network.station("ROMA-1", dialect)
    station.plug_in(1)
    station.present(TAG, 1)
    await network.pass_time(2 * MINUTE)
    return station


async def wanted(
    network: World, station: SimulatedStation, evse: EvseNumber, profile: Profile
) -> SetProfile:
    key = key_of(station)
    return await network.carry_out(
        lambda slices: slices.energy.want(key, evse, profile, slices.now), key
    )


async def install(
    network: World, station: SimulatedStation, evse: EvseNumber, profile: Profile
) -> Result:
    result = await network.tell(station, await wanted(network, station, evse, profile))
    await network.pass_time(MINUTE)
    return result


async def known(network: World, station: SimulatedStation) -> StationEnergy:
    return await EnergyQueries(network.database).station(key_of(station), network.clock.now())


async def held(network: World, station: SimulatedStation) -> list[Held]:
    return (await known(network, station)).profiles


def said(network: World, station: SimulatedStation, action: str) -> list[dict[str, Any]]:
    """What we asked of it, oldest first."""
    frames = map(json.loads, network.frames[key_of(station).station].to_station)
    return [frame[3] for frame in frames if frame[0] == 2 and frame[2] == action]


def lose_profiles(station: SimulatedStation) -> None:
    """Nothing outlived a restart."""
    station.core.profiles = ()


def drawn(station: SimulatedStation) -> int:
    """W."""
    return int(station.evses[1].draw.power_w)


def default(limit: int, unit: Unit = Unit.A, **members: Any) -> Profile:
    return flat(Purpose.TX_DEFAULT, unit, Decimal(limit), **members)


def own(limit: int, **members: Any) -> Profile:
    return flat(Purpose.TRANSACTION, Unit.A, Decimal(limit), kind=Kind.RELATIVE, **members)


def dynamic(**members: Any) -> Profile:
    period = Period(limit=Decimal(8))
    schedule = Schedule(unit=Unit.A, periods=(period,), duration_s=3600)
    return Profile(purpose=Purpose.TX_DEFAULT, kind=Kind.DYNAMIC, schedules=(schedule,), **members)
