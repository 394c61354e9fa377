"""Leaving a command for a station that is away."""

from datetime import datetime, timedelta

import msgspec

from ricarica.engine.keeping import keep_order
from ricarica.engine.sayings import Saying
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey
from ricarica.web.views.calls import KEEP_CHOICES
from ricarica.web.visitor import Visitor


def keep_for(visitor: Visitor) -> timedelta | None:
    """As chosen in the form; None: it is not to be kept."""
    chosen = visitor.form.get("keep", "")
    if not chosen or chosen not in KEEP_CHOICES:
        return None
    return msgspec.convert(chosen, timedelta, strict=False)


async def keep(visitor: Visitor, key: StationKey, saying: Saying, until: datetime) -> None:
    """
    Raises:
        ConflictError: too many wait for this station already.
    """

    async def write(unit: UnitOfWork) -> None:
        await keep_order(unit, visitor.actor, key, saying, until)

    await visitor.house.engine.in_order(key, write)
    visitor.house.engine.bring(key)  # lest it has come back in between
