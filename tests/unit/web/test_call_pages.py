"""The pages on which stations are told things, with hostile contents, in every language."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from ricarica.access.model import Role
from ricarica.engine.bulk import JobState
from ricarica.engine.gathering import State as ReportState
from ricarica.engine.keeping import State as KeptState
from ricarica.engine.upkeep import State as UpkeepState
from ricarica.kernel.ids import StationId
from ricarica.stations.commands import Outcome, Wait
from ricarica.translation.offers import Offer, schema_of
from ricarica.web.builders.calls import groups_from
from ricarica.web.builders.schema_forms import form_of
from ricarica.web.translations import LANGUAGES
from ricarica.web.views.bulk import JobForm, JobPage, JobRow, JobsPage, TargetRow
from ricarica.web.views.calls import (
    CallOutcome,
    CallPage,
    CallsPage,
    KeptRow,
    ReportPage,
    ReportPart,
    ReportRow,
)
from ricarica.web.views.commands import Command, CommandOutcome
from ricarica.web.views.stations import StationHead
from ricarica.web.views.upkeep import StationUpkeep, UpkeepRow
from ricarica.web.views.visit import View
from tests.unit.web.test_rendering import PAGES, SYMBOLS, Elements
from tools.preview_pages import Scene, visit_of
from tools.preview_texts import HOSTILE

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
NAME = StationId(HOSTILE[:40])
HEAD = StationHead(NAME, False, dialect="2.1")
UPKEEP = StationUpkeep(NAME, (UpkeepRow("settings", UpkeepState.REFUSED, NOW, HOSTILE, NOW),))
REPORT = ReportPart(
    NAME, 7, "GetReport", ReportState.WAITING, 1, ("1-3",), '{"a":"<b>"}', NOW, is_cut=True
)
JOB = JobRow("j1", "reset", '{"hard":true}', JobState.RUNNING, 3, {"waiting": 2}, HOSTILE, NOW)
VIEWS: dict[str, Any] = {
    "calls": CallsPage(
        HEAD,
        groups_from((Offer("Reset"), Offer("ClearCache", HOSTILE), Offer("NewInLater"))),
        UPKEEP,
        (KeptRow("k1", "reset", "{}", HOSTILE, NOW, NOW, KeptState.WAITING),),
        (ReportRow(7, "GetReport", ReportState.PARTIAL, 2, HOSTILE, NOW),),
    ),
    "call": CallPage(
        HEAD,
        "SetChargingProfile",
        form_of(schema_of("2.1", "SetChargingProfile"), {}),
        '{"requestId":1}',
        HOSTILE,
    ),
    "report": ReportPage(HEAD, REPORT, HOSTILE, NOW, '{"requestId":7}'),
    "complete": ReportPage(
        HEAD, replace(REPORT, state=ReportState.COMPLETE), HOSTILE, NOW, '{"requestId":7}'
    ),
    "outcome": CallOutcome(
        "{}", Outcome.ACCEPTED, "Accepted", HOSTILE, '{"status":"Accepted"}', 12, REPORT
    ),
    "waited": CallOutcome("{}", Outcome.ACCEPTED, waited=Wait(HOSTILE, 10_020)),
    "button waited": CommandOutcome(Command.RESET, Outcome.ACCEPTED, waited=Wait(HOSTILE, 10_020)),
    "kept": CallOutcome("{}", kept_until=NOW),
    "not sent": CallOutcome("{", error=HOSTILE),
    "upkeep": UPKEEP,
    "jobs": JobsPage((JOB,)),
    "job form": JobForm({"vendor": (HOSTILE,), "model": (), "firmware": ()}, (), found=1),
    "job": JobPage(
        JOB, (("vendor", HOSTILE),), 60, (TargetRow(NAME, "refused", "Rejected", HOSTILE, NOW),)
    ),
}


def html_of(name: str, language: str = "en") -> str:
    view: View = VIEWS[name]
    return PAGES.render(view, visit_of(Scene("/x", view, Role.ADMIN), NOW, language))


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("name", list(VIEWS))
def test_what_others_wrote_stays_text(name: str, language: str) -> None:
    assert HOSTILE not in html_of(name, language)


@pytest.mark.parametrize("name", list(VIEWS))
def test_every_symbol_is_in_the_sprite(name: str) -> None:
    used = [attrs["href"] for tag, attrs in Elements(html_of(name)).found if tag == "use"]

    assert all(f'id="{(href or "").partition("#")[2]}"' in SYMBOLS for href in used)


@pytest.mark.parametrize("name", ["calls", "call", "jobs", "job form", "job"])
def test_every_form_carries_the_csrf_token(name: str) -> None:
    found = Elements(html_of(name)).found
    forms = [attrs for tag, attrs in found if tag == "form" and attrs.get("method") == "post"]
    tokens = [attrs for tag, attrs in found if attrs.get("name") == "csrf_token"]

    assert len(tokens) == len(forms)


def test_a_list_can_be_added_to_and_taken_from() -> None:
    html = html_of("call")

    assert 'data-repeat="~0~"' in html
    assert 'name="chargingProfile.chargingSchedule.~0~.duration"' in html


@pytest.mark.parametrize("name", ["waited", "button waited"])
def test_a_command_says_for_what_it_waited(name: str) -> None:
    shown = "It waited 10,020 ms: the station had to answer &lt;img"

    assert shown in html_of(name)


def test_a_report_that_is_complete_asks_for_itself_no_more() -> None:
    waiting, complete = html_of("report"), html_of("complete")

    assert "/fragments/stations/" in waiting.partition('id="report-7"')[2]
    assert "/fragments/stations/" not in complete.partition('id="report-7"')[2]
