"""Old rows are deleted some at a time: stations wait for the commit that deletes them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ricarica.engine.unit_of_work import UnitOfWork

AT_ONCE_MAX = 10_000  # rows; a fraction of a second, and more than any network adds meanwhile
NAMED_MAX = 1_000  # rows that are deleted by their keys: no statement takes many more names


async def forget_older(
    unit: UnitOfWork, column: sa.Column[Any], before: datetime, *where: sa.ColumnElement[bool]
) -> bool:
    """Delete the oldest of what is old, by a column with an index; whether that was all of it."""
    old = sa.select(column).where(column < before, *where).order_by(column)
    first = await unit.work.fetch(old.limit(1))
    if not first:
        return True
    more = await unit.work.fetch(old.limit(1).offset(AT_ONCE_MAX))
    last = more[0][0] if more else before
    # Those of one moment go together, however many they are, or they never would.
    is_old = column < last if first[0][0] < last else column <= last
    unit.work.run(sa.delete(column.table).where(is_old, *where))
    return not more


async def forget(unit: UnitOfWork, table: sa.Table, *where: sa.ColumnElement[bool]) -> bool:
    """Delete some of these; whether that was all of them.

    They are looked for while others write, and only found ones are deleted, unless they are told
    anew in between.
    """
    key = tuple(table.primary_key.columns)
    found = await unit.work.fetch(sa.select(*key).where(*where).limit(NAMED_MAX))
    if found:
        unit.work.run(sa.delete(table).where(sa.tuple_(*key).in_(found), *where))
    return len(found) < NAMED_MAX
