"""What has to be looked at from time to time, though nobody tells anything of it."""

from collections.abc import Mapping
from datetime import timedelta

from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.transactions.watching import FIRST, LOOK_EVERY

LIMITS_EVERY = timedelta(minutes=1)


def watches() -> Mapping[str, Ring]:
    place = FIRST  # behind which to go on, where there are many

    async def watch_limits(unit: UnitOfWork, _subject: str) -> timedelta:
        """Stop what has charged for as long as it was to."""
        nonlocal place
        behind = await unit.slices.watching.look_for_overdue(unit.slices.now, place)
        place = behind or FIRST
        return timedelta() if behind else LIMITS_EVERY

    return {"watch_limits": watch_limits, "watch_silent": watch_silent}


async def watch_silent(unit: UnitOfWork, _subject: str) -> timedelta:
    """Ask about transactions that nothing is heard of, and after prices that have changed."""
    await unit.slices.watching.look_for_silent(unit.slices.now)
    await unit.slices.station_plans.look_after()
    return LOOK_EVERY
