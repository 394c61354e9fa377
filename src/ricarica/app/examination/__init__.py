"""`ricarica doctor data`: does what a database holds agree with itself?

It only reads, and may do so while servers write: what it finds, it looks at twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from decimal import Decimal

from ricarica.app.examination import network, talk, transactions
from ricarica.app.examination.findings import Bounds
from ricarica.cli.ports import Finding
from ricarica.stations.service import POWER_MAX_W
from ricarica.storage.database import Database

__all__ = ["INVARIANTS", "examine"]

Check = Callable[[Database, Bounds], Awaitable[list[Finding]]]

CHECKS: tuple[Check, ...] = (
    transactions.each_adds_up,
    transactions.each_start_once,
    transactions.one_runs_at_an_outlet,
    transactions.running_ones_are_known,
    transactions.nothing_is_of_no_transaction,
    network.every_row_has_a_tenant,
    network.connections_have_an_end,
    network.connectors_have_a_station,
    network.what_is_shown_is_the_latest,
    talk.what_was_answered_is_stored,
    talk.messages_have_an_outcome,
    talk.secrets_stay_secret,
    talk.events_have_a_cause,
    talk.people_are_named,
)

INVARIANTS: Mapping[str, str] = {
    "I1": "what was acknowledged is stored",
    "I3": "what was told twice is there once",
    "I4": "what is billed follows from tariff and readings",
    "I5": "no transaction has more energy than can have flown, or less than none",
    "I6": "transactions are what their events and readings make of them",
    "I7": "transactions end by a station's word, or by ours with a reason",
    "I8": "numbers of transactions are unique and stay",
    "I9": "every message has one outcome",
    "I10": "stations are connected at one node at most, and one that is there",
    "I12": "every row belongs to a tenant",
    "I13": "the status shown is the latest",
    "I17": "no secrets in logs and events",
    "I18": "changes that people made say who and why",
}


async def examine(
    database: Database,
    *,
    power_max_w: Decimal = POWER_MAX_W,
    readings_since: datetime | None = None,
) -> list[Finding]:
    """What is wrong; nothing, if all is well.

    Args:
        power_max_w: The most that an outlet gives.
        readings_since: Older readings may have been thrown away.
    """
    bounds = Bounds(power_max_w, readings_since)
    found: list[Finding] = []
    for check in CHECKS:
        found += await _twice(check, database, bounds)
    return found


async def _twice(check: Check, database: Database, bounds: Bounds) -> list[Finding]:
    """Between two queries of ours a server may have committed: what it was half way in is gone."""
    first = await check(database, bounds)
    if not first:
        return []
    again = set(await check(database, bounds))
    return [finding for finding in first if finding in again]
