"""What a station can be told, and what it answered, as it is shown."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from ricarica.engine.gathering import Report
from ricarica.engine.keeping import Kept
from ricarica.engine.outbox import ENCODER
from ricarica.engine.upkeep import Standing
from ricarica.translation.offers import Offer
from ricarica.web.views.calls import (
    OTHER,
    SUBJECTS,
    ActionGroup,
    ActionLink,
    KeptRow,
    ReportPart,
    ReportRow,
)
from ricarica.web.views.upkeep import UpkeepRow

SHOWN_MAX = 100_000  # characters of an answer; the API gives the whole of it


def groups_from(offers: Iterable[Offer]) -> tuple[ActionGroup, ...]:
    links = [ActionLink(offer.action, offer.why_not) for offer in offers]
    known = frozenset().union(*SUBJECTS.values())
    rest = frozenset(link.action for link in links) - known
    groups = (
        ActionGroup(label, tuple(link for link in links if link.action in actions))
        for label, actions in {**SUBJECTS, OTHER: rest}.items()
    )
    return tuple(group for group in groups if group.actions)


def kept_row(kept: Kept, now: datetime) -> KeptRow:
    return KeptRow(
        kept.id,
        kept.saying.name,
        json_of(kept.saying.shown),
        kept.made_by,
        kept.made_at,
        kept.expires_at,
        kept.state_at(now),
        kept.outcome,
        " ".join(filter(None, (kept.status, kept.detail))) or None,
    )


def report_row(report: Report, now: datetime) -> ReportRow:
    return ReportRow(
        report.number,
        report.action,
        report.state(now),
        report.pages,
        report.asked_by,
        report.asked_at,
    )


def report_part(report: Report, content: Mapping[str, Any], now: datetime) -> ReportPart:
    text = json_of(content)
    return ReportPart(
        report.station.station,
        report.number,
        report.action,
        report.state(now),
        report.pages,
        report.missing,
        text[:SHOWN_MAX],
        report.heard_at,
        is_cut=len(text) > SHOWN_MAX,
    )


def upkeep_row(standing: Standing) -> UpkeepRow:
    return UpkeepRow(
        standing.kind, standing.state, standing.since, standing.detail, standing.next_at
    )


def json_of(value: object) -> str:
    return ENCODER.encode(value).decode()
