"""What is thrown away when it is old."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from ricarica.app import alerting
from ricarica.app.moving import move_readings
from ricarica.app.watching import watches
from ricarica.authorization.sql import ATTEMPTS, CUSTOMER_REPORTS
from ricarica.billing.sql import VAT_NUMBERS
from ricarica.engine import bulk, gathering, keeping, refusals
from ricarica.engine.forgetting import forget, forget_older
from ricarica.engine.sql import MESSAGES, OUTBOX, PUT_ASIDE
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.firmware.sql import LINKS, UPDATES
from ricarica.firmware.updates import OPEN as OPEN_UPDATES
from ricarica.reservations.sql import RESERVATIONS
from ricarica.security.sql import EVENTS as SECURITY_EVENTS
from ricarica.swaps.sql import BATTERIES

TIDY_EVERY = timedelta(hours=1)
LOOK_AFTER_EVERY = timedelta(minutes=1)

Condition = sa.ColumnElement[bool]


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
    security: timedelta = timedelta(days=2 * 365)  # an audit asks for the year before
    vat_numbers: timedelta = timedelta(days=90)  # a company that ceases is found out by then
    batteries: timedelta = timedelta(days=2 * 365)  # of which nothing was heard; they age by then
    reservations: timedelta = timedelta(days=90)  # that are over; bills are asked about by then
    links: timedelta = timedelta(days=90)  # that have expired: who fetched what
    updates: timedelta = timedelta(days=2 * 365)  # of firmware: which a station had, and since when
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
            in_parts or await forget_older(unit, MESSAGES.c.at, now - retention.messages),
            await forget_older(unit, OUTBOX.c.at, now - retention.events),
            await forget_older(unit, ATTEMPTS.c.at, now - retention.attempts),
            await gathering.forget_before(unit, now - retention.reports),
            await keeping.forget_before(unit, now - retention.commands),
            await bulk.forget_before(unit, now - retention.commands),
            await alerting.forget_before(unit, now),
            await refusals.forget_before(unit, now - refusals.KEPT),
            *[await forget(unit, table, is_old) for table, is_old in _old(retention, now)],
        ]
        return TIDY_EVERY if all(done) else timedelta()

    return {"tidy": tidy, "move_readings": move_readings, "look_after": look_after, **watches()}


async def look_after(unit: UnitOfWork, _subject: str) -> timedelta:
    """Ask after what stations should have told by now."""
    now = unit.slices.now
    await unit.slices.expected_starts.look_after(now)
    await unit.slices.stations.ask_for_statuses(now)
    await unit.slices.local_lists.look_after(now)
    return LOOK_AFTER_EVERY


def _old(retention: Retention, now: datetime) -> Iterator[tuple[sa.Table, Condition]]:
    """Of what is not told by the minute: which rows have been kept for long enough."""
    of_customers = PUT_ASIDE.c.action == "NotifyCustomerInformation"
    yield CUSTOMER_REPORTS, CUSTOMER_REPORTS.c.asked_at < now - retention.customers
    yield PUT_ASIDE, of_customers & (PUT_ASIDE.c.at < now - retention.customers)
    yield PUT_ASIDE, PUT_ASIDE.c.at < now - retention.put_aside
    yield SECURITY_EVENTS, SECURITY_EVENTS.c.received_at < now - retention.security
    yield VAT_NUMBERS, VAT_NUMBERS.c.asked_at < now - retention.vat_numbers
    yield BATTERIES, BATTERIES.c.at < now - retention.batteries
    yield RESERVATIONS, RESERVATIONS.c.expires_at < now - retention.reservations
    yield LINKS, LINKS.c.expires_at < now - retention.links
    is_over = UPDATES.c.state.not_in(OPEN_UPDATES)
    yield UPDATES, is_over & (UPDATES.c.changed_at < now - retention.updates)
