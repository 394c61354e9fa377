"""Tables that PostgreSQL keeps in parts, by a moment: an old part is dropped, not emptied.

What no part is for goes into the default part, so that a station whose clock is wrong is no error.
SQLite knows no parts, and keeps such a table whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple

import sqlalchemy as sa

LOCK = 0x71CA9A27  # any number will do, as long as all nodes take the same
# For so long all who write wait with us behind one who reads; then we try another time.
LOCK_TIMEOUT_MS = 1_000
MOVED_MAX = 50_000  # rows of a new part, of a second; all who write or read wait for them
BOUNDS = re.compile(r"FROM \((?:'([^']+)'|MINVALUE)\) TO \('([^']+)'\)$")


class Step(Enum):
    DAY = "%Y%m%d"
    MONTH = "%Y%m"

    def begin(self, at: datetime) -> datetime:
        midnight = at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight.replace(day=1) if self is Step.MONTH else midnight

    def next(self, begin: datetime) -> datetime:
        # 32 days after the first is some day of the month that follows.
        return self.begin(begin + timedelta(days=32 if self is Step.MONTH else 1))


@dataclass(frozen=True, slots=True)
class Partitioned:
    """A table in parts of one step each.

    `bound` writes a moment as the column has it, `moment` reads it again.
    """

    table: sa.Table
    step: Step
    bound: Callable[[datetime], str] = lambda at: at.isoformat(sep=" ")
    moment: Callable[[str], datetime] = datetime.fromisoformat
    ahead: int = 3  # steps: so long may the one who makes them be away


class Part(NamedTuple):
    """`begin` and `end` are texts of moments; no part that we make is without an end."""

    name: str
    begin: str | None
    end: str | None


def in_partitions(column: str) -> dict[str, Any]:
    """Arguments of a table."""

    def add_default(table: sa.Table, connection: sa.Connection, **_: object) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(default_part(table.name))

    return {
        "postgresql_partition_by": f"RANGE ({column})",
        "listeners": [("after_create", add_default)],
    }


def default_part(table: str) -> str:
    return f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT"


def parts_of(connection: sa.Connection, table: sa.Table) -> list[Part]:
    """All but the default part."""
    rows = connection.execute(
        sa.text(
            "SELECT part.relname, pg_get_expr(part.relpartbound, part.oid)"
            " FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid"
            " WHERE inhparent = to_regclass(:table)"
        ),
        {"table": table.name},
    )
    found = [(name, BOUNDS.search(bound)) for name, bound in rows if bound != "DEFAULT"]
    return [Part(name, *(bounds.groups() if bounds else (None, None))) for name, bounds in found]


def missing(partitioned: Partitioned, parts: list[Part], now: datetime) -> Iterator[datetime]:
    """When the parts begin that should be there by now."""
    moment = partitioned.moment
    spans = [(moment(begin) if begin else None, moment(end)) for _, begin, end in parts if end]
    begin = partitioned.step.begin(now)
    for _ in range(partitioned.ahead + 1):
        if not any((low is None or low <= begin) and begin < high for low, high in spans):
            yield begin
        begin = partitioned.step.next(begin)


def add(connection: sa.Connection, partitioned: Partitioned, begin: datetime) -> None:
    """Make a part, with what lies in the default one of it, unless that is too much.

    Who writes waits meanwhile: PostgreSQL takes no part that lacks a row of its own in the default
    one, and refuses a row that was on its way there when the part came.
    """
    table, step = partitioned.table.name, partitioned.step
    name = f"{table}_{begin:{step.value}}"
    low, high = (f"'{partitioned.bound(at)}'" for at in (begin, step.next(begin)))
    [column] = _key_of(partitioned.table)
    theirs = f"FROM {table}_default WHERE {column} >= {low} AND {column} < {high}"
    run = connection.exec_driver_sql
    if run(f"SELECT 1 {theirs} OFFSET {MOVED_MAX} LIMIT 1").first():
        return
    run(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    run(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    run(f"LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE")
    # What attaching it takes in the end; to ask for that with rows in hand could be in vain.
    run(f"LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE")
    run(
        f"WITH moved AS (DELETE {theirs} RETURNING *)"  # noqa: S608 - our own names
        f" INSERT INTO {name} SELECT * FROM moved"
    )
    run(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")


def empty_default(connection: sa.Connection, partitioned: Partitioned, before: datetime) -> None:
    """Throw away what no part was there for, and is old. Nobody waits for that."""
    [column] = _key_of(partitioned.table)
    old = f"{partitioned.table.name}_default WHERE {column} < '{partitioned.bound(before)}'"
    connection.exec_driver_sql(f"DELETE FROM {old}")  # noqa: S608 - our own names


def drop(connection: sa.Connection, name: str) -> None:
    """Throw a part away, with all that is in it."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    connection.exec_driver_sql(f"DROP TABLE {name}")


def outdated(partitioned: Partitioned, parts: list[Part], before: datetime) -> list[str]:
    """Parts that end before a moment."""
    return [
        part.name
        for part in parts
        if part.end is not None and partitioned.moment(part.end) <= before
    ]


def _key_of(table: sa.Table) -> list[str]:
    by = table.dialect_options["postgresql"]["partition_by"]
    return re.findall(r"\((\w+)\)", by)
