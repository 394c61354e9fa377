"""Tables that PostgreSQL keeps in parts, by a moment: an old part is dropped, not emptied.

What no part is for goes into the default part, so that a station whose clock is wrong is no error.
SQLite knows no parts, and keeps such a table whole.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import sqlalchemy as sa

LOCK = 0x71CA9A27  # any number will do, as long as all nodes take the same
# For so long all who write wait with us behind one who reads; then we try another time.
LOCK_TIMEOUT_MS = 1_000
UPPER = re.compile(r"TO \('([^']+)'\)$")


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


def parts_of(connection: sa.Connection, table: sa.Table) -> list[tuple[str, str | None]]:
    """The parts with a bound: by name, and the text of the moment before which each ends."""
    rows = connection.execute(
        sa.text(
            "SELECT part.relname, pg_get_expr(part.relpartbound, part.oid)"
            " FROM pg_inherits JOIN pg_class AS part ON part.oid = inhrelid"
            " WHERE inhparent = to_regclass(:table)"
        ),
        {"table": table.name},
    )
    found = [(name, UPPER.search(bound)) for name, bound in rows if bound != "DEFAULT"]
    return [(name, upper.group(1) if upper else None) for name, upper in found]


def missing(
    partitioned: Partitioned, parts: list[tuple[str, str | None]], now: datetime
) -> Iterator[datetime]:
    """When the parts begin that should be there by now."""
    ends = [partitioned.moment(end) for _, end in parts if end is not None]
    begin = partitioned.step.begin(now)
    for _ in range(partitioned.ahead + 1):
        if all(end <= begin for end in ends):
            yield begin
        begin = partitioned.step.next(begin)


def add(connection: sa.Connection, partitioned: Partitioned, begin: datetime) -> None:
    """Make a part, with what lies in the default one of it.

    It is attached when it is ready, as nobody who writes has to wait for that.
    """
    table, step = partitioned.table.name, partitioned.step
    name = f"{table}_{begin:{step.value}}"
    low, high = (f"'{partitioned.bound(at)}'" for at in (begin, step.next(begin)))
    [column] = _key_of(partitioned.table)
    run = connection.exec_driver_sql
    run(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    run(f"CREATE TABLE {name} (LIKE {table} INCLUDING ALL)")
    run(
        f"WITH moved AS (DELETE FROM {table}_default"  # noqa: S608 - our own names
        f" WHERE {column} >= {low} AND {column} < {high} RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved"
    )
    run(f"ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({low}) TO ({high})")


def drop(connection: sa.Connection, name: str) -> None:
    """Throw a part away, with all that is in it."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
    connection.exec_driver_sql(f"DROP TABLE {name}")


def outdated(
    partitioned: Partitioned, parts: list[tuple[str, str | None]], before: datetime
) -> list[str]:
    """Parts that end before a moment."""
    return [name for name, end in parts if end is not None and partitioned.moment(end) <= before]


def _key_of(table: sa.Table) -> list[str]:
    by = table.dialect_options["postgresql"]["partition_by"]
    return re.findall(r"\((\w+)\)", by)
