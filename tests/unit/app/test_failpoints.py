"""What a drill may ask for; that each point is reached is for the drills to show."""

import pytest

from ricarica.app.failpoints import POINTS, VARIABLE, WRAPPED, failpoints_from
from ricarica.app.wiring import Parts
from ricarica.kernel.errors import InvalidError
from ricarica.storage.sqlite import SqliteDatabase
from ricarica.testing.clock import FakeClock


def test_every_point_can_be_armed() -> None:
    assert set(WRAPPED) == set(POINTS)


@pytest.mark.parametrize("text", ["before_comit=kill", "before_commit=die", "before_commit"])
def test_a_word_that_means_nothing_is_named(text: str) -> None:
    with pytest.raises(InvalidError, match=text):
        failpoints_from({VARIABLE: text})


def test_without_the_variable_even_the_clock_is_the_same() -> None:
    parts = Parts(SqliteDatabase(":memory:"))

    assert failpoints_from({}).shifting(parts) is parts


def test_a_point_acts_at_its_time_and_never_again() -> None:
    clock = FakeClock()
    points = failpoints_from({VARIABLE: "after_receive=jump:3600@3"})
    parts = points.shifting(Parts(SqliteDatabase(":memory:"), clock=clock))
    hours = []
    for _ in range(5):
        points._reach("after_receive")
        hours.append((parts.clock.now() - clock.now()).total_seconds() / 3600)

    assert hours == [0, 0, 1, 1, 1]
    assert parts.clock.monotonic() == clock.monotonic()


def test_a_point_of_one_station_spares_the_others() -> None:
    points = failpoints_from({VARIABLE: "handle:POISONED=raise"})
    points._reach("handle", "HEALTHY")

    for _ in range(2):
        with pytest.raises(RuntimeError):
            points._reach("handle", "POISONED")
