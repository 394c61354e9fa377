"""What people and programs order of profiles and controls, and what comes of it at once."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ricarica.energy.commands import ClearProfiles, SetDer, SetProfile, StartLimited
from ricarica.energy.der import DerControl
from ricarica.energy.model import Profile
from ricarica.engine.orders import start_order
from ricarica.kernel.ids import EvseNumber, StationKey
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.quirks.models import habits_of

T = TypeVar("T")
Tell = Callable[[object], Awaitable[Result]]
UNSAYABLE = "unsupported"


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

    async def want(slices: Slices) -> SetProfile:
        zero_ends = habits_of(await slices.stations.get(key)).zero_ends
        return await slices.energy.want(key, evse, profile, slices.now, zero_ends=zero_ends)

    command = await carry_out(want)
    result = await tell(command)
    if result.outcome is Outcome.UNSUPPORTED:
        await carry_out(
            lambda slices: slices.energy.give_up(
                key, command.profile.id, UNSAYABLE, result.detail or result.status
            )
        )
    return command, result


async def limited_start(
    slices: Slices, key: StationKey, evse: EvseNumber, profile: Profile, token: str | None
) -> StartLimited:
    """K05. Without a token, the operator's own is used."""
    zero_ends = habits_of(await slices.stations.get(key)).zero_ends
    ready = await slices.energy.prepare(key, evse, profile, with_start=True, zero_ends=zero_ends)
    return StartLimited(await start_order(slices, key, token, evse), ready)


async def remove_profile(carry_out: CarryOut, tell: Tell, key: StationKey, id: int) -> Result:
    """It shall go: a station that is away is told when it is back."""
    command = await carry_out(lambda slices: slices.energy.unwant(key, id))
    result = await tell(command)
    if result.outcome is Outcome.UNSUPPORTED:  # then it cannot have it either
        await carry_out(lambda slices: slices.energy.cleared(key, ClearProfiles(id)))
    return result


async def set_control(
    carry_out: CarryOut, tell: Tell, key: StationKey, control: DerControl
) -> tuple[SetDer, Result]:
    command = await carry_out(lambda slices: slices.der.want(key, control, slices.now))
    result = await tell(command)
    if result.outcome is Outcome.UNSUPPORTED:
        why = result.detail or result.status
        await carry_out(
            lambda slices: slices.der.answered(key, command, UNSAYABLE, why, slices.now)
        )
    return command, result
