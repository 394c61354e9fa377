"""What is thrown away when it is old."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ricarica.app import alerting
from ricarica.app.moving import move_readings
from ricarica.app.watching import WATCHES
from ricarica.authorization.sql import ATTEMPTS, CUSTOMER_REPORTS
from ricarica.engine import bulk, gathering, keeping, refusals
from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork

TIDY_EVERY = timedelta(hours=1)
LOOK_AFTER_EVERY = timedelta(minutes=1)
DELETED_AT_ONCE = 10_000  # rows; a fraction of a second, and more than any network adds meanwhile


@dataclass(frozen=True, slots=True)
class Retention:
    """For how long what is not a business record is kept."""

    messages: timedelta = timedelta(days=14)  # enough to look into last week's complaint
    events: timedelta = timedelta(days=2)  # a program that was away for a weekend starts anew
    reports: timedelta = timedelta(days=7)  # answers in parts; what they told is kept elsewhere
    commands: timedelta = timedelta(days=90)  # for stations that were away, and for many at once
    attempts: timedelta = timedelta(days=30)  # of drivers; who was refused last month asks no more
    customers: timedelta = timedelta(days=7)  # what stations know of them is nobody's for longer
    put_aside: timedelta = timedelta(days=90)  # a bill that lacks something is asked about by then
    # What a bill was made from, for three years and the leap day; PostgreSQL only, see parts.py.
    readings: timedelta = timedelta(days=3 * 365 + 1)


def rings(retention: Retention, *, in_parts: bool = False) -> Mapping[str, Ring]:
    """
    Args:
        in_parts: The database throws away whole parts of the log of messages, see `parts`.
    """

    async def tidy(unit: UnitOfWork, _subject: str) -> timedelta:
        now = unit.slices.now
        unit.slices.access.tidy(now)
        done = [
            in_parts or await _throw_away(unit, MESSAGES, now - retention.messages),
            await _throw_away(unit, OUTBOX, now - retention.events),
            await _throw_away(unit, ATTEMPTS, now - retention.attempts),
        ]
        gathering.forget_before(unit, now - retention.reports)
        keeping.forget_before(unit, now - retention.commands)
        alerting.forget_before(unit, now)
        bulk.forget_before(unit, now - retention.commands)
        refusals.forget_before(unit, now - refusals.KEPT)
        old = CUSTOMER_REPORTS.c.asked_at < now - retention.customers
        unit.work.run(sa.delete(CUSTOMER_REPORTS).where(old))
        unit.work.run(sa.delete(PUT_ASIDE).where(PUT_ASIDE.c.at < now - retention.put_aside))
        return TIDY_EVERY if all(done) else timedelta()

    return {"tidy": tidy, "move_readings": move_readings, "look_after": look_after, **WATCHES}


async def look_after(unit: UnitOfWork, _subject: str) -> timedelta:
    """Ask after what stations should have told by now."""
    now = unit.slices.now
    await unit.slices.expected_starts.look_after(now)
    await unit.slices.stations.ask_for_statuses(now)
    await unit.slices.local_lists.look_after(now)
    return LOOK_AFTER_EVERY


async def _throw_away(unit: UnitOfWork, table: sa.Table, before: datetime) -> bool:
    """Delete the oldest of what is old; whether that was all of it.

    Stations wait for the commit that deletes: a million rows at once would cost their answers.
    """
    old = sa.select(table.c.at).where(table.c.at < before).order_by(table.c.at)
    more = await unit.work.fetch(old.limit(1).offset(DELETED_AT_ONCE))
    last = more[0][0] if more else before
    unit.work.run(sa.delete(table).where(table.c.at < last))
    return not more
