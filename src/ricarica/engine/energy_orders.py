"""What people and programs order of profiles and controls, and what comes of it at once."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import msgspec

from ricarica.energy.commands import SetDer, SetProfile, StartLimited
from ricarica.energy.der import DerControl
from ricarica.energy.holding import from_now
from ricarica.energy.model import Profile
from ricarica.engine.energy_sayings import wanted
from ricarica.engine.orders import start_order
from ricarica.engine.paying import BEGINS_WITHIN
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.transactions.model import Arrangement
from ricarica.translation.quirks.models import habits_of

T = TypeVar("T")
Tell = Callable[[object], Awaitable[Result]]


class CarryOut(Protocol):
    async def __call__(self, work: Callable[[Slices], Awaitable[T]], /) -> T:
        """In one unit of work."""
        ...


async def set_profile(
    carry_out: CarryOut, tell: Tell, key: StationKey, evse: EvseNumber, profile: Profile
) -> tuple[SetProfile, Result]:
    """It is wanted from now on: a station that is away gets it when it is back.

    Raises:
        InvalidError: it may not be sent; the text says what would do.
    """
    command = await carry_out(lambda slices: wanted(slices, key, evse, profile))
    return command, await tell(command)


async def limited_start(
    slices: Slices, key: StationKey, evse: EvseNumber, profile: Profile, token: str | None
) -> StartLimited:
    """K05. Without a token, the operator's own is used."""
    zero_ends = habits_of(await slices.stations.get(key)).zero_ends
    begun = from_now(profile, slices.now)
    ready = await slices.energy.prepare(key, evse, begun, with_start=True, zero_ends=zero_ends)
    start = await start_order(slices, key, token, evse)
    arrangement = Arrangement(
        start.number,
        start.token.folded,
        slices.now + BEGINS_WITHIN,
        evse,
        profile=msgspec.json.encode(ready).decode(),
        since=slices.now,
    )
    await slices.watching.arrange(key, arrangement, slices.now)
    return StartLimited(start, ready)


async def remove_profile(carry_out: CarryOut, tell: Tell, key: StationKey, id: int) -> Result:
    """It shall go: a station that is away is told when it is back."""
    return await tell(await carry_out(lambda slices: slices.energy.unwant(key, id)))


async def set_control(
    carry_out: CarryOut, tell: Tell, key: StationKey, control: DerControl
) -> tuple[SetDer, Result]:
    command = await carry_out(lambda slices: slices.der.want(key, control, slices.now))
    return command, await tell(command)
