from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.translation.quirks import times

AT = datetime(2023, 10, 19, 15, 28, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2023-10-19T15:28:07,000Z",
        "2023/10/19 15:28:07",
        "20231019T152807Z",
        "20231019152807",
        "2023-10-19 15:28:07 UTC",
        "2023-10-19T17:28:07 +0200",
        "2023-10-19T10:28:07-05",
        "19.10.2023 15:28:07",
        "Thu, 19 Oct 2023 15:28:07 GMT",
        "Thu, 19 Oct 2023 17:28:07 +0200",
        "Thu Oct 19 15:28:07 2023",
        1697729287,
        "1697729287",
        1697729287000,
        "1697729287.0",
    ],
)
def test_every_known_format_is_read_as_the_instant_it_means(text: object) -> None:
    found = times.in_another_format(text)

    assert found is not None
    assert datetime.fromisoformat(found) == AT


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nope",
        "10/19/2023 15:28:07",
        "222222017-01-01T00:00:00Z",
        "2023-13-01 00:00:00",
        "2023-10-19T15:28:07+99",
        "Thu, 39 Oct 2023 15:28:07 GMT",
        "Thu, whatever this may mean here",
        5,
        True,
        None,
        {},
    ],
)
def test_what_no_calendar_has_or_could_mean_two_days_is_not_guessed(text: object) -> None:
    assert times.in_another_format(text) is None
    assert times.with_zone(text) is None
    assert times.with_minutes_of_zone(text) is None


def test_a_leap_second_is_the_second_before() -> None:
    assert times.in_another_format("2016-12-31T23:59:60Z") == "2016-12-31T23:59:59+00:00"


def test_a_date_alone_is_its_midnight() -> None:
    assert times.in_another_format("2023-10-19") == "2023-10-19T00:00:00+00:00"


def test_digits_after_the_point_are_kept_to_the_microsecond() -> None:
    found = times.in_another_format("20231019T152807.1234567Z")

    assert found == "2023-10-19T15:28:07.123456+00:00"


@given(
    st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1)),  # noqa: DTZ001 - its zone is the point
    st.integers(min_value=-14, max_value=14),
)
def test_an_offset_in_hours_means_the_same_with_its_minutes(at: datetime, hours: int) -> None:
    there = at.replace(microsecond=0, tzinfo=timezone(timedelta(hours=hours)))

    mended = times.with_minutes_of_zone(there.isoformat()[:-3])

    assert mended is not None
    assert datetime.fromisoformat(mended) == there


@given(st.text() | st.integers() | st.floats() | st.from_regex(r"\d{1,14}[-/.]?\d{0,14}.{0,20}"))
def test_whatever_stands_there_it_is_a_time_or_nothing(value: object) -> None:
    for read in (times.with_zone, times.with_minutes_of_zone, times.in_another_format):
        found = read(value)
        assert found is None or times.is_time(found)
