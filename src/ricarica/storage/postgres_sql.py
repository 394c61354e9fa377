"""The statements that write to PostgreSQL, one for each run of rows, or one for all of a commit."""

import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import sqlalchemy as sa

from ricarica.storage.arrays import rows_from
from ricarica.storage.bulk import REPLACING, VERSIONED, Kind, RowRun, written_columns

DIALECT = sa.make_url("postgresql+asyncpg://").get_dialect()()

# The driver keeps a hundred prepared statements, and there are others.
MIXTURES_MAX = 60
LOST, FENCED = "lost", "fenced"
# The server's language has its own quotation marks.
WHAT_WENT_WRONG = re.compile(rf"\W(?:(?P<fenced>{FENCED})|{LOST} (?P<table>\w+)) \d+\W")


class Part(NamedTuple):
    """What one run does."""

    table: sa.Table
    kind: Kind


class Expected(NamedTuple):
    table: sa.Table
    column: str


def are_apart(runs: Sequence[RowRun]) -> bool:
    """Whether no row is written twice: what is done in one statement has no order."""
    seen: dict[sa.Table, set[tuple[object, ...]]] = {}
    tables = [run.table for run in runs]
    shared = {table for table in tables if tables.count(table) > 1}
    for run in runs:
        if run.table not in shared:
            continue
        width = len(run.table.primary_key.columns)  # the key's columns come first
        keys = {row[:width] for row in run.rows}
        before = seen.setdefault(run.table, set())
        if before & keys:
            return False
        before |= keys
    return True


@cache  # at most MIXTURES_MAX are asked for
def whole_commit(parts: tuple[Part, ...], expected: Expected | None) -> str:
    """All of a commit in one message, and one back, instead of one for each table and two more.

    Its places are the columns of all parts, then the size of each part that is VERSIONED, then
    the arrays of what is expected. What does not come out as it should fails with LOST or FENCED
    in the text of the error, for without an error PostgreSQL would commit.
    """
    place, written = 1, []
    for number, part in enumerate(parts):
        returning = " RETURNING 1" if part.kind in VERSIONED else ""
        written.append(f"w{number} AS ({run_sql(*part, place)}{returning})")
        place += len(written_columns(*part))
    wrong = []
    for number, part in enumerate(parts):
        if part.kind in VERSIONED:
            count = f"(SELECT count(*) FROM w{number})"  # noqa: S608 - our own names
            # Nothing constant, for what is constant is reckoned beforehand.
            fault = f"('{LOST} {part.table.name} ' || {count})::int"
            wrong.append(f"WHEN {count} <> ${place}::bigint THEN {fault}")
            place += 1
    if expected is not None:
        written.append(f"missed AS ({mismatches(*expected, place)})")
        count = "(SELECT count(*) FROM missed)"
        wrong.insert(0, f"WHEN {count} <> 0 THEN ('{FENCED} ' || {count})::int")
    verdict = f"CASE {' '.join(wrong)} END" if wrong else "NULL"
    return f"WITH {', '.join(written)} SELECT {verdict}"


@cache  # as many as there are kinds of expectations
def mismatches(table: sa.Table, column: str, first_place: int = 1) -> str:
    """The keys whose rows are not as they should be."""
    types = DIALECT.type_compiler_instance
    keys = [key.name for key in table.primary_key]
    arrays = ", ".join(
        f"${place}::{types.process(table.c[name].type)}[]"
        for place, name in enumerate((*keys, column), first_place)
    )
    same = " AND ".join(f"found.{key} = given.{key}" for key in keys)
    return (
        f"SELECT {', '.join(f'given.{key}' for key in keys)}"  # noqa: S608 - our own names
        f" FROM unnest({arrays}) AS given({', '.join((*keys, column))})"
        f" LEFT JOIN {table.name} AS found ON {same}"
        f" WHERE found.{column} IS DISTINCT FROM given.{column}"
    )


def run_sql(table: sa.Table, kind: Kind, first_place: int = 1) -> str:
    """What writes the rows of one run, from one place for each of its columns."""
    preparer = DIALECT.identifier_preparer
    name = preparer.format_table(table)
    written = written_columns(table, kind)
    columns = [preparer.quote(column.name) for column in written]
    keys = [preparer.quote(column.name) for column in table.primary_key]
    rows = rows_from(written, DIALECT, preparer.quote, first_place)
    if kind in REPLACING:
        changes = [column for column in columns if column not in keys]
        return _update(name, changes, keys, rows)
    insert = f"INSERT INTO {name} ({', '.join(columns)}) SELECT * FROM {rows}"  # noqa: S608 - our own names, quoted
    return insert if kind is Kind.ADD else f"{insert} ON CONFLICT ({', '.join(keys)}) DO NOTHING"


def _update(name: str, changing: list[str], keys: list[str], rows: str) -> str:
    version = changing[-1]
    changes = ", ".join(f"{column} = new_row.{column}" for column in changing)
    same = " AND ".join(f"old_row.{key} = new_row.{key}" for key in keys)
    return (
        f"UPDATE {name} AS old_row SET {changes} FROM {rows}"  # noqa: S608 - our own names, quoted
        f" WHERE {same} AND old_row.{version} = new_row.{version} - 1"
    )
