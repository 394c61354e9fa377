"""How many stations a job may tell at once."""

from datetime import UTC, datetime, timedelta

import pytest

from ricarica.engine.bulk import ROUND, allowed

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_so_many_are_told_as_the_pace_is_for_the_time_since() -> None:
    assert allowed(60, NOON, NOON + 3 * SECOND) == (3, NOON + 3 * SECOND)


def test_what_is_left_of_the_time_is_not_lost() -> None:
    assert allowed(20, NOON, NOON + 5 * SECOND) == (1, NOON + 3 * SECOND)


def test_before_the_next_is_due_none_is_told() -> None:
    assert allowed(6, NOON, NOON + 9 * SECOND) == (0, NOON)


def test_after_a_day_without_a_server_a_job_gets_no_more_than_a_round() -> None:
    back = NOON + timedelta(days=1)

    assert allowed(600, NOON, back) == (100, back)
    assert allowed(1, NOON, back) == (1, back)


@pytest.mark.parametrize("pace", [1, 7, 60, 6_000])
def test_in_no_minute_more_are_told_than_the_pace_and_a_round(pace: int) -> None:
    paced_at, now, told = NOON - timedelta(hours=1), NOON, []
    for _ in range(60):  # looks, with two seconds in between
        number, paced_at = allowed(pace, paced_at, now)
        told.append(number)
        now += 2 * SECOND

    burst = max(1, pace * ROUND // timedelta(minutes=1))
    assert max(sum(told[at : at + 30]) for at in range(30)) <= pace + burst
    assert sum(told) >= 2 * pace - 1
