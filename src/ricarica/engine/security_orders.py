"""What people and programs do about a station's security, in more than one step."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from ricarica.certificates.commands import ListInstalled
from ricarica.certificates.model import InstalledKind
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import BY_NAME
from ricarica.security.commands import RaiseProfile
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result

T = TypeVar("T")

Tell = Callable[[StationKey, object], Awaitable[Result]]
MAY_HAVE_BEEN_DONE = (Outcome.ACCEPTED, Outcome.UNKNOWN)
ONE_BY_ONE = (InstalledKind.CSMS, InstalledKind.MANUFACTURER)
ON_ITS_WAY = "it moves to another network profile; it is back when it has restarted"


class CarryOut(Protocol):
    def __call__(self, work: Callable[[Slices], Awaitable[T]], /) -> Awaitable[T]:
        """Do it in one unit of work."""
        ...


async def change_password(carry_out: CarryOut, tell: Tell, key: StationKey) -> Result:
    """A01: give the station a new password, which nobody here gets to see."""
    command = await carry_out(lambda slices: slices.security.new_password(key))
    result = await tell(key, command)
    if result.outcome not in MAY_HAVE_BEEN_DONE:  # it may not even have left
        why = result.detail or result.status or result.outcome.value
        await carry_out(
            lambda slices: slices.security.password_answered(key, command, why, slices.now)
        )
    return result


async def raise_profile(
    carry_out: CarryOut,
    tell: Tell,
    key: StationKey,
    profile: int,
    *,
    slot: int | None = None,
    force: bool = False,
) -> Result:
    """A05: lead a station to a higher security profile.

    Args:
        slot: Where it has one connection, none. Otherwise of the network profile to move to,
            which speaks of that security profile.

    Raises:
        ConflictError: something that it needs is missing.
    """
    before = await carry_out(
        lambda slices: slices.security.prepare_profile(key, profile, slices.now, force=force)
    )
    if slot is not None:
        try:
            await carry_out(
                lambda slices: slices.networks.begin_move(
                    key, slot, slices.now, raises_to=profile, raised_before=before
                )
            )
        except ConflictError:
            await carry_out(lambda slices: slices.stations.expect_profile(key, before))
            raise
        return Result(Outcome.ACCEPTED, detail=ON_ITS_WAY)
    result = await tell(key, RaiseProfile(profile, before))
    if result.outcome not in MAY_HAVE_BEEN_DONE:
        await carry_out(lambda slices: slices.stations.expect_profile(key, before))
    if result.outcome is Outcome.UNSUPPORTED:
        raise ConflictError(
            "this station has several connections: assign a network profile with that security "
            "profile to one of its slots, and name the slot"
        )
    return result


async def list_certificates(tell: Tell, key: StationKey, dialect: str | None) -> Result:
    """M03: ask the station anew which certificates it has; all at once, where that can be said."""
    known = BY_NAME.get(dialect or "")
    asks_all = known is not None and known.trusts_for_cars
    result = Result(Outcome.UNSUPPORTED)
    for kind in (None,) if asks_all else ONE_BY_ONE:
        result = await tell(key, ListInstalled(kind))
        if result.outcome is not Outcome.ACCEPTED:
            break
    return result
