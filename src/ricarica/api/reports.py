"""/stations/{identity}/reports: what a station answered in parts."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import get
from litestar.params import FromPath
from msgspec import Struct

from ricarica.access.model import Permission
from ricarica.api.caller import Asking, require
from ricarica.api.gate import needs
from ricarica.api.replies import NumberInPath, Page, page_of
from ricarica.engine.gathering import Report, State
from ricarica.engine.queries.telling import ReportQueries

PATH = "/stations/{identity:str}/reports"


class ReportReply(Struct, frozen=True):
    """What a station was asked for, and how much of its answer has come.

    `waiting`: more is to come; `partial`: pages are `missing`, or the station has fallen silent
    before its last one; `empty`: it has nothing of the kind. `answer` is its own first word.
    """

    number: int
    action: str
    state: State
    request: Any
    asked_by: str | None
    asked_at: datetime
    answer: str | None
    heard_at: datetime | None
    pages: int
    missing: list[str]


class WholeReport(ReportReply, frozen=True):
    """`content`: the parts in one, as far as they have come."""

    content: dict[str, Any]


@get(PATH, opt=needs(Permission.READ), tags=["Commands"])
async def list_reports(caller: Asking, identity: FromPath[str]) -> Page[ReportReply]:
    """What a station was asked lately that it answers in parts, the latest first.

    What tells of a customer is listed and shown to those who may edit tokens.
    """
    key = await caller.station(identity)
    may_see_all = caller.actor.may(Permission.EDIT_TOKENS)
    return page_of(
        ReportReply(**_members(report, caller.now()))
        for report in await ReportQueries(caller.database).reports(key)
        if may_see_all or not report.is_private
    )


@get(f"{PATH}/{{number:int}}", opt=needs(Permission.READ), tags=["Commands"])
async def show_report(caller: Asking, identity: FromPath[str], number: NumberInPath) -> WholeReport:
    """One of them, with all that has come."""
    key = await caller.station(identity)
    queries = ReportQueries(caller.database)
    report = require(await queries.report(key, number), f"report {number} of {key.station}")
    if report.is_private:
        caller.actor.must(Permission.EDIT_TOKENS)
    content = await queries.content(report)
    return WholeReport(**_members(report, caller.now()), content=content)


HANDLERS = (list_reports, show_report)


def _members(report: Report, now: datetime) -> dict[str, Any]:
    return {
        "number": report.number,
        "action": report.action,
        "state": report.state(now),
        "request": msgspec.Raw(report.request.encode()),
        "asked_by": report.asked_by or None,
        "asked_at": report.asked_at,
        "answer": report.answer,
        "heard_at": report.heard_at,
        "pages": report.pages,
        "missing": list(report.missing),
    }
