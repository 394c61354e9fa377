"""Whether transactions are what their events and readings make of them."""

from collections import defaultdict
from collections.abc import Iterator

import sqlalchemy as sa

from ricarica.app.examination.findings import MOST, Bounds, between, broken, pages, row_of
from ricarica.app.examination.recount import Evidence, breaches
from ricarica.cli.ports import Finding
from ricarica.storage.database import Database, Row
from ricarica.transactions.model import Entry, Flag, RegisterPoint
from ricarica.transactions.queries.listing import entry_from
from ricarica.transactions.readings import OUTLET, Measurand
from ricarica.transactions.sql import (
    ENTRIES,
    NOTHING,
    READINGS,
    RUNNING,
    RUNNING_MAX,
    SAMPLES,
    TRANSACTIONS,
    transaction_from,
)

Key = tuple[str, str, str]  # tenant, station and ref
OF_ONE = ("tenant", "station", "ref")
OLD_REGISTERS = (
    READINGS.c.measurand == int(Measurand.ENERGY_ACTIVE_IMPORT_REGISTER),
    READINGS.c.phase == NOTHING,
    READINGS.c.location == OUTLET,
)
RESTORE = "restore it from a backup, and report this: it is a fault of Ricarica's"


async def each_adds_up(database: Database, bounds: Bounds) -> list[Finding]:
    found: list[Finding] = []
    async for rows in pages(database, TRANSACTIONS):
        entries = await _entries(database, rows[0][:3], rows[-1][:3])
        registers = await _registers(database, rows[0][:3], rows[-1][:3])
        for row in rows:
            evidence = Evidence(entries[row[:3]], registers[row[:3]])
            found += _of_transaction(row, evidence, bounds)
        if len(found) >= MOST:
            break
    return found[:MOST]


def _of_transaction(row: Row, evidence: Evidence, bounds: Bounds) -> Iterator[Finding]:
    name = row_of(TRANSACTIONS, *row[:3])
    try:
        transaction = transaction_from(row[:-1])
    except ValueError as error:
        yield broken("I1", name, f"it cannot be read: {error}", RESTORE)
        return
    for breach in breaches(transaction, evidence, bounds):
        yield broken(breach.invariant, name, breach.text, breach.remedy)


async def _entries(database: Database, first: Row, last: Row) -> dict[Key, list[Entry]]:
    found: dict[Key, list[Entry]] = defaultdict(list)
    within = between([ENTRIES.c[name] for name in OF_ONE], first, last)
    for row in await database.fetch(sa.select(ENTRIES).where(within)):
        found[row[0], row[1], row[2]].append(entry_from(row))
    return found


async def _registers(database: Database, first: Row, last: Row) -> dict[Key, list[RegisterPoint]]:
    found: dict[Key, list[RegisterPoint]] = defaultdict(list)
    for table, value, where in (
        (SAMPLES, SAMPLES.c.register_wh, (SAMPLES.c.register_wh.is_not(None),)),
        (READINGS, READINGS.c.value, OLD_REGISTERS),
    ):
        columns = [table.c[name] for name in OF_ONE]
        within = between(columns, first, last)
        query = sa.select(*columns, table.c.at, value).where(within, *where)
        for *key, at, register_wh in await database.fetch(query):
            found[key[0], key[1], key[2]].append(RegisterPoint(at, register_wh))
    return found


async def each_start_once(database: Database, _bounds: Bounds) -> list[Finding]:
    """A start that was told again is the transaction it began."""
    columns = TRANSACTIONS.c
    of_start = (columns.tenant, columns.station, columns.repeat_key)
    rows = await database.fetch(
        sa.select(*of_start, sa.func.count())
        # A clock that was never set tells every start alike.
        .where(columns.repeat_key.is_not(None), ~columns.flags.contains(Flag.IMPLAUSIBLE_TIME))
        .group_by(*of_start)
        .having(sa.func.count() > 1)
        .limit(MOST)
    )
    return [
        broken(
            "I3",
            row_of(TRANSACTIONS, tenant, station),
            f"{count} transactions began by the very same start ({key})",
            "bill one of them only, and report this: it is a fault of Ricarica's",
        )
        for tenant, station, key, count in rows
    ]


async def one_runs_at_an_outlet(database: Database, _bounds: Bounds) -> list[Finding]:
    """One that began before another was told of may run beside it until its end is told."""
    older, newer = TRANSACTIONS.alias("older"), TRANSACTIONS.alias("newer")
    rows = await database.fetch(
        sa.select(older.c.tenant, older.c.station, older.c.ref, newer.c.ref)
        .select_from(
            older.join(
                newer,
                sa.and_(
                    newer.c.tenant == older.c.tenant,
                    newer.c.station == older.c.station,
                    newer.c.evse == older.c.evse,
                    newer.c.ref != older.c.ref,
                    newer.c.ended_at.is_(None),
                    newer.c.received_at > older.c.received_at,
                    newer.c.started_at >= older.c.started_at,
                    ~newer.c.flags.contains(Flag.ORPHAN),
                ),
            )
        )
        .where(older.c.ended_at.is_(None), older.c.evse > 0)
        .limit(MOST)
    )
    return [
        broken(
            "I7",
            row_of(TRANSACTIONS, tenant, station, ref),
            f"it runs, though {later} began at the same outlet after it",
            "look at its page; it ends by itself when another begins there",
        )
        for tenant, station, ref, later in rows
    ]


async def running_ones_are_known(database: Database, _bounds: Bounds) -> list[Finding]:
    """The list of what runs at a station has them all, and no others."""
    columns = TRANSACTIONS.c
    rows = await database.fetch(
        sa.select(columns.tenant, columns.station, columns.ref).where(columns.ended_at.is_(None))
    )
    running: dict[tuple[str, str], set[str]] = defaultdict(set)
    for tenant, station, ref in rows:
        running[tenant, station].add(ref)
    listed = {
        (row[0], row[1]): set(row[2])
        for row in await database.fetch(sa.select(RUNNING))
        if row[2] or (row[0], row[1]) in running
    }
    found = [
        broken(
            "I6",
            row_of(RUNNING, *key),
            f"it lists {_names(listed.get(key, set()))}, and {_names(running[key])} run there",
            RESTORE,
        )
        for key in sorted(running.keys() | listed.keys())
        if listed.get(key, set()) != running[key] and len(running[key]) <= RUNNING_MAX
    ]
    return found[:MOST]


def _names(refs: set[str]) -> str:
    return ", ".join(sorted(refs)[:5]) or "none"


async def nothing_is_of_no_transaction(database: Database, _bounds: Bounds) -> list[Finding]:
    found = []
    for table in (ENTRIES, SAMPLES, READINGS):
        columns = [table.c[name] for name in OF_ONE]
        is_there = sa.exists().where(*(table.c[name] == TRANSACTIONS.c[name] for name in OF_ONE))
        query = sa.select(*columns).where(table.c.ref != NOTHING, ~is_there)
        for key in await database.fetch(query.distinct().limit(MOST)):
            row = row_of(table, *key)
            found.append(broken("I1", row, "there is no such transaction", RESTORE))
    return found
