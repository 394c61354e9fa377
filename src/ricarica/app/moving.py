"""Readings from before there were samples are moved, some at a time, while all goes on."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa

from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import EvseNumber, StationId, StationKey, TenantId
from ricarica.storage.database import Row
from ricarica.transactions.readings import Reading
from ricarica.transactions.sql import READINGS, SAMPLES, reading_from, sample_rows

MOVED_AT_ONCE = 1_000  # rows; stations wait for the commit, and no statement takes more names
LOOK_AGAIN = timedelta(hours=1)  # a node of before, that still runs, may leave some

KEY = tuple(READINGS.primary_key.columns)
MOMENT = itemgetter(0, 1, 2, 3)  # tenant, station, ref and time


async def move_readings(unit: UnitOfWork, _subject: str) -> timedelta:
    query = sa.select(READINGS).order_by(*KEY).limit(MOVED_AT_ONCE + 1)
    rows = whole_moments(await unit.work.fetch(query))
    for new in moved(rows):
        unit.work.add_all(SAMPLES, new, if_new=True)
    if not rows:
        return LOOK_AGAIN
    # By name: what a node of before adds meanwhile has not been moved.
    names = [row[: len(KEY)] for row in rows]
    unit.work.run(sa.delete(READINGS).where(sa.tuple_(*KEY).in_(names)))
    return timedelta()


def whole_moments(rows: Sequence[Row]) -> list[Row]:
    """Without those of the last moment, if there may be more of it."""
    if len(rows) <= MOVED_AT_ONCE:
        return list(rows)
    whole = [row for row in rows if MOMENT(row) != MOMENT(rows[-1])]
    return whole or list(rows[:MOVED_AT_ONCE])


def moved(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for (tenant, station, ref, at), of_moment in groupby(rows, MOMENT):
        key = StationKey(TenantId(tenant), StationId(station))
        by_message = sorted(of_moment, key=lambda row: (row[5], row[11]))
        for (evse, received_at), told in groupby(by_message, lambda row: (row[5], row[11])):
            readings = [_reading(row, at) for row in told]
            yield sample_rows(key, EvseNumber(evse), ref, readings, received_at)


def _reading(row: Row, at: datetime) -> Reading:
    _, _, _, _, measurand, _, phase, location, context, name, value, _ = row
    return reading_from((measurand, _as_told(value), at, context, phase, location, name))


def _as_told(value: Decimal) -> Decimal:
    """Without the zeros that the column added."""
    whole = value.to_integral_value()
    return whole if whole == value else value.normalize()
