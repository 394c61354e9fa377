"""What stations tell of customers, and codes that are tried out."""

from datetime import UTC, datetime, timedelta

import pytest

from ricarica.authorization.guard import LONGEST, after, is_shut, wait_after
from ricarica.authorization.model import CodeGuard
from ricarica.authorization.reports import (
    PARTS_MAX,
    CustomerReport,
    ReportState,
    masked,
    with_part,
)
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
REPORT = CustomerReport(KEY, 1, NOON, "04…C3", report=True, clear=False)


def test_parts_make_one_text_in_whatever_order_they_come() -> None:
    late = with_part(REPORT, 1, "world", is_last=True)
    whole = with_part(late, 0, "Hello ", is_last=False)

    assert late.state is ReportState.GATHERING
    assert (whole.state, whole.text) == (ReportState.TOLD, "Hello world")
    assert with_part(whole, 0, "Hello ", is_last=False) == whole


def test_a_report_has_an_end() -> None:
    report = REPORT
    for number in range(PARTS_MAX + 5):
        report = with_part(report, number, "x", is_last=False)

    assert len(report.text) == PARTS_MAX


@pytest.mark.parametrize(
    ("uid", "shown"),
    [("04A1B2C3", "04…C3"), ("123456", "…"), ("", "…"), ("123456A", "12…6A"), ("12345678", "…")],
)
def test_a_short_uid_shows_nothing_of_itself(uid: str, shown: str) -> None:
    assert masked(uid) == shown


def test_the_wait_doubles_with_each_wrong_code_and_has_an_end() -> None:
    waits = [wait_after(CodeGuard(KEY, wrong)) for wrong in (0, 2, 3, 4, 5, 100)]

    assert [wait.total_seconds() for wait in waits] == [0, 0, 10, 20, 40, LONGEST.total_seconds()]


def test_a_right_code_opens_again() -> None:
    shut = CodeGuard(KEY, 3, NOON)

    assert is_shut(shut, NOON + timedelta(seconds=9))
    assert not is_shut(shut, NOON + timedelta(seconds=10))
    assert after(shut, NOON, is_right=True) == CodeGuard(KEY)
