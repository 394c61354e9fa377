"""Answers in parts: the pages that follow a request of ours, gathered by its number."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from ricarica.engine.forgetting import forget_older
from ricarica.engine.outbox import DECODER
from ricarica.engine.sql import REPORT_PAGES, REPORTS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import StationId, StationKey, TenantId
from ricarica.stations.commands import Outcome, outcome_of
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.translation.route import Part

IN_PARTS = frozenset(
    {
        "CustomerInformation",
        "GetBaseReport",
        "GetChargingProfiles",
        "GetDERControl",
        "GetDisplayMessages",
        "GetMonitoringReport",
        "GetReport",
    }
)
"""The actions whose answer goes on in messages that carry their requestId."""

SILENCE = timedelta(minutes=2)  # after that, a slow station has lost its thread
PAGES_MAX = 5_000  # a full inventory has some hundred
NUMBERS = 2**63  # beyond them is none of ours, and none that a database could look for
CHARACTERS_MAX = 32 << 20
KEPT_PER_STATION = 30  # reports; those before are forgotten
FRAME = frozenset({"requestId", "seqNo", "tbc", "generatedAt", "customData"})
TEXT = "data"  # a text that is cut into pages
NOTHING_THERE = frozenset({"EmptyResultSet", "NoProfiles", "Unknown", "NotFound"})


class State(StrEnum):
    WAITING = "waiting"
    COMPLETE = "complete"
    PARTIAL = "partial"  # pages are missing, and none has come for a while
    EMPTY = "empty"  # there is nothing of the kind
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Report:
    station: StationKey
    number: int
    action: str
    request: str
    asked_by: str  # empty: by ourselves
    asked_at: datetime
    answer: str | None = None
    heard_at: datetime | None = None
    pages: int = 0
    characters: int = 0
    seen: str = ""
    last: int | None = None

    def state(self, now: datetime) -> State:
        if self.answer in NOTHING_THERE:
            return State.EMPTY
        if self.answer is not None and outcome_of(self.answer) is not Outcome.ACCEPTED:
            return State.REFUSED
        if self.is_complete:
            return State.COMPLETE
        is_fresh = now - (self.heard_at or self.asked_at) < SILENCE
        return State.WAITING if is_fresh else State.PARTIAL

    @property
    def kind(self) -> str:
        """As its pages have it: those of a base report are like those of any other."""
        return "GetReport" if self.action == "GetBaseReport" else self.action

    @property
    def is_private(self) -> bool:
        """Whether it tells of a customer, who is nobody's business but that of who asks."""
        return self.action == "CustomerInformation"

    @property
    def is_complete(self) -> bool:
        return self.last is not None and not self.missing

    @property
    def missing(self) -> tuple[str, ...]:
        """The numbers of pages that others were sent after, as ranges."""
        ends = [-1, *(end for pair in ranges_in(self.seen) for end in pair)]
        ends.append(ends[-1] + 1 if self.last is None else max(self.last, ends[-1]) + 1)
        gaps = zip(ends[0::2], ends[1::2], strict=True)
        return tuple(_range(before + 1, after - 1) for before, after in gaps if after > before + 1)


@dataclass(frozen=True, slots=True)
class ReportGathered:
    """All parts of an answer have come."""

    station: StationKey
    number: int
    action: str


def _key(report: Report) -> tuple[str, str, int]:
    return report.station.tenant, report.station.station, report.number


def _row(report: Report) -> Row:
    return (
        *_key(report),
        report.action,
        report.request,
        report.asked_by,
        report.asked_at,
        report.answer,
        report.heard_at,
        report.pages,
        report.characters,
        report.seen,
        report.last,
    )


def report_from(row: Row) -> Report:
    tenant, station, *rest = row
    return Report(StationKey(TenantId(tenant), StationId(station)), *rest)


SHELF = Shelf[Report](
    REPORTS,
    key=_key,
    write=_row,
    read=report_from,
    remembered_max=5_000,  # asked for while their pages come
)


async def expect(unit: UnitOfWork, report: Report) -> None:
    """A station is about to be asked: let its pages be known for what they are.

    Whoever asks may give a number that was given before: what came by it is of another report.
    """
    unit.work.put(SHELF, report)
    unit.work.run(_pages_of(report))
    mine = _of(REPORTS, report.station)
    known = await unit.work.find(SHELF, *mine)
    old = sorted(known, key=lambda each: each.asked_at, reverse=True)[KEPT_PER_STATION - 1 :]
    for each in old:
        unit.work.remove(SHELF, each)
        unit.work.run(_pages_of(each))


async def note_answer(unit: UnitOfWork, key: StationKey, number: int, answer: str | None) -> None:
    """What the station said to the request itself; None: it was never reached."""
    report = await _find(unit, key, number)
    if report is None:
        return
    if answer is None:
        unit.work.remove(SHELF, report)
    else:
        unit.work.put(SHELF, replace(report, answer=answer))


async def note_page(
    unit: UnitOfWork, key: StationKey, part: Part, body: bytes, at: datetime
) -> None:
    """A page that nobody asked for is not kept here; nor is one that came before.

    Nor is one by whose number something else was asked for since: others may see that.
    """
    report = await _find(unit, key, part.number) if abs(part.number) < NUMBERS else None
    if report is None or report.kind != part.kind:
        return
    if part.seq_no < 0:  # its pages have no numbers: they are those of their order
        part = part._replace(seq_no=report.pages)
    if is_seen(report.seen, part.seq_no):
        return
    characters = report.characters + len(body)
    if report.pages >= PAGES_MAX or characters > CHARACTERS_MAX:
        return
    grown = replace(
        report,
        heard_at=at,
        pages=report.pages + 1,
        characters=characters,
        seen=with_seen(report.seen, part.seq_no),
        last=part.seq_no if part.is_last else report.last,
    )
    unit.work.put(SHELF, grown)
    row = (key.tenant, key.station, part.number, part.seq_no, at, body.decode())
    if report.asked_by:  # what we asked ourselves is kept by the slice that wanted to know
        unit.work.add(REPORT_PAGES, row, if_new=True)
    if grown.is_complete and not report.is_complete:
        unit.announce(ReportGathered(key, report.number, report.action))


async def forget_before(unit: UnitOfWork, before: datetime) -> bool:
    """Some of them; whether that was all."""
    reports = await forget_older(unit, REPORTS.c.asked_at, before)
    return await forget_older(unit, REPORT_PAGES.c.at, before) and reports


async def _find(unit: UnitOfWork, key: StationKey, number: int) -> Report | None:
    return await unit.work.get(SHELF, (key.tenant, key.station, number))


def _of(table: sa.Table, key: StationKey) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.tenant == key.tenant, table.c.station == key.station


def _pages_of(report: Report) -> sa.Delete:
    mine = (*_of(REPORT_PAGES, report.station), REPORT_PAGES.c.number == report.number)
    return sa.delete(REPORT_PAGES).where(*mine)


# -- which pages have come


def ranges_in(seen: str) -> list[tuple[int, int]]:
    pairs = [text.partition("-") for text in seen.split(",") if text]
    return [(int(first), int(last or first)) for first, _, last in pairs]


def is_seen(seen: str, seq_no: int) -> bool:
    return any(first <= seq_no <= last for first, last in ranges_in(seen))


def with_seen(seen: str, seq_no: int) -> str:
    joined: list[tuple[int, int]] = []
    for first, last in sorted([*ranges_in(seen), (seq_no, seq_no)]):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return ",".join(_range(first, last) for first, last in joined)


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


# -- one result of many pages


def merged(pages: Iterable[str]) -> dict[str, Any]:
    """What the pages tell together: their lists one after the other, and their text too.

    What a page says of its whole list, such as its EVSE, is said of each item.
    """
    content: dict[str, Any] = {}
    for page in pages:
        told = {name: value for name, value in DECODER.decode(page).items() if name not in FRAME}
        said = {name: value for name, value in told.items() if not isinstance(value, list)}
        text = said.pop(TEXT, None)
        if text is not None:
            content[TEXT] = content.get(TEXT, "") + text
        for name in told.keys() - said.keys() - {TEXT}:
            items = [{**said, **each} if isinstance(each, dict) else each for each in told[name]]
            content[name] = content.get(name, []) + items
    return content
