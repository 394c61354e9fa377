"""Answers of ours that a station could not make sense of: 2.1 has an error for them."""

from datetime import timedelta
from typing import NamedTuple

import sqlalchemy as sa

from ricarica.engine.sql import MESSAGES
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationKey
from ricarica.link.letters import Noted
from ricarica.translation.v21.misread import WHEN_MISREAD

WITHIN = timedelta(minutes=10)  # a station reads an answer at once; what it says later is made up


class Misread(NamedTuple):
    action: str
    answer: str


async def answer_of(unit: UnitOfWork, noted: Noted) -> Misread | None:
    """What was answered with, if that was lately; as far as the log has it."""
    columns, key = MESSAGES.c, noted.key
    query = sa.select(columns.action, columns.response).where(
        columns.tenant == key.tenant,
        columns.station == key.station,
        columns.message_id == noted.misread,
        columns.from_station,
        columns.at >= noted.at - WITHIN,
    )
    rows = await unit.work.fetch(query.order_by(columns.id.desc()).limit(1))
    return Misread(rows[0][0], rows[0][1] or "") if rows else None


async def heed(unit: UnitOfWork, key: StationKey, misread: Misread) -> None:
    when_misread = WHEN_MISREAD.get(misread.action)
    if when_misread is not None:
        await when_misread(misread.answer, key, unit.slices)
