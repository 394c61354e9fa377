"""What local lists and displays lack."""

from ricarica.kernel.ids import StationKey
from ricarica.slices import Slices


async def local_list_step(slices: Slices, key: StationKey) -> object | None:
    return await slices.local_lists.next_command(key, slices.now)


async def displays_step(slices: Slices, key: StationKey) -> object | None:
    return await slices.displays.next_command(key, slices.now)
