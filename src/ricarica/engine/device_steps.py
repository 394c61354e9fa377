"""What settings and monitors of a station lack, by the templates that apply to it."""

from collections.abc import Sequence

from ricarica.configuration.templates import Difference, Standing, Wanted
from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Reset


async def settings_step(slices: Slices, key: StationKey) -> object | None:
    """First what it has, which is asked once for each firmware; then what it is to have."""
    station = await slices.stations.get(key)
    if await slices.configuration.is_worth_asking(key, station.firmware, slices.now):
        return await slices.configuration.ask_for_all(key, station.firmware, slices.now)
    wanted = await slices.templates.wanted(station)
    if not wanted.settings:
        return None
    differences = await slices.templates.differences(station, wanted)
    if command := await slices.templates.next_write(station, differences):
        return command
    return await _restart(slices, key, wanted, differences)


async def _restart(
    slices: Slices, key: StationKey, wanted: Wanted, differences: Sequence[Difference]
) -> Reset | None:
    """B05.FR.10 with RebootRequired: let it hold, but cost nobody a charge."""
    waits = any(each.standing is Standing.AFTER_RESTART for each in differences)
    if not (waits and wanted.restarts) or await slices.transactions.running_at(key):
        return None
    return Reset()


async def monitors_step(slices: Slices, key: StationKey) -> object | None:
    station = await slices.stations.get(key)
    wanted = await slices.templates.wanted(station)
    return await slices.monitoring.next_command(station, wanted, slices.now)
