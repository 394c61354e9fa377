"""What is wanted of stations in the matter of money."""

from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices


async def default_tariff_step(slices: Slices, key: StationKey) -> object | None:
    return await slices.station_plans.step(key)
