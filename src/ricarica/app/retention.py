"""What is thrown away when it is old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES, OUTBOX
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork

TIDY_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long what is not a business record is kept."""

    messages: timedelta = timedelta(days=14)  # enough to look into last week's complaint
    events: timedelta = timedelta(days=2)  # a program that was away for a weekend starts anew


def rings(retention: Retention) -> Mapping[str, Ring]:
    async def tidy(unit: UnitOfWork, _subject: str) -> timedelta:
        now = unit.slices.now
        unit.work.run(sa.delete(MESSAGES).where(MESSAGES.c.at < now - retention.messages))
        unit.work.run(sa.delete(OUTBOX).where(OUTBOX.c.at < now - retention.events))
        unit.slices.access.tidy(now)
        return TIDY_EVERY

    return {"tidy": tidy}
