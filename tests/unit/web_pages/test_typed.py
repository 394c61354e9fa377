"""What people type into forms, and what others send instead."""

from datetime import UTC, datetime, time
from decimal import Decimal

import pytest

from ricarica.kernel.errors import InvalidError
from ricarica.web import typed

NUMBERS_NOBODY_MEANS = ("--5", "²", "1.5", "5e3", "9" * 5000, "-1", "1000000", "one")
AMOUNTS_NOBODY_MEANS = ("NaN", "inf", "1e30", "1e-999999", "9" * 25, "9" * 5000, "€ 5")
INSTANTS_NOBODY_MEANS = ("0001-01-01T00:00", "9999-12-31T23:59", "2026-13-01T00:00", "now")


@pytest.mark.parametrize("text", NUMBERS_NOBODY_MEANS)
def test_a_count_nobody_means_is_a_complaint(text: str) -> None:
    with pytest.raises(InvalidError, match="max minutes"):
        typed.count_in({"max_minutes": text}, "max_minutes")


@pytest.mark.parametrize("text", AMOUNTS_NOBODY_MEANS)
def test_an_amount_nobody_means_is_a_complaint(text: str) -> None:
    with pytest.raises(InvalidError, match="limit"):
        typed.number_in({"limit": text}, "limit")


@pytest.mark.parametrize("text", INSTANTS_NOBODY_MEANS)
def test_an_instant_nobody_means_is_a_complaint(text: str) -> None:
    with pytest.raises(InvalidError, match="from"):
        typed.instant_in({"from": text}, "from", "Europe/Rome")


@pytest.mark.parametrize("text", ["25:00", "noon"])
def test_a_time_of_day_that_is_none_is_a_complaint(text: str) -> None:
    with pytest.raises(InvalidError, match="begins"):
        typed.time_in({"begins": text}, "begins")


def test_a_complaint_repeats_little_of_what_was_typed() -> None:
    with pytest.raises(InvalidError) as complaint:
        typed.count_in({"size": "9" * 5000}, "size")
    assert len(str(complaint.value)) < 100


def test_a_number_is_taken_with_a_comma_or_a_point() -> None:
    assert typed.number_in({"limit": " 16,5 "}, "limit") == Decimal("16.5")
    assert typed.number_in({"limit": "16.5"}, "limit") == Decimal("16.5")


def test_nothing_typed_is_nothing_unless_it_is_needed() -> None:
    assert typed.count_in({"rank": " "}, "rank") is None
    assert typed.number_in({}, "limit") is None
    assert typed.instant_in({}, "from", "UTC") is None
    with pytest.raises(InvalidError, match="rank: give a number"):
        typed.needed_count_in({"rank": " "}, "rank")
    with pytest.raises(InvalidError, match="limit: give a number"):
        typed.needed_number_in({}, "limit")


def test_an_instant_is_read_and_shown_in_the_zone_of_the_house() -> None:
    at = typed.instant_in({"from": "2026-07-01T12:00"}, "from", "Europe/Rome")
    assert at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert typed.shown_instant(at, "Europe/Rome") == "2026-07-01T12:00"


def test_names_are_taken_with_blanks_or_commas_between_each_once() -> None:
    assert typed.names_in({"stations": "A, B\n C,A"}, "stations") == ("A", "B", "C")


def test_a_time_of_day_is_taken() -> None:
    assert typed.time_in({"begins": "06:30"}, "begins") == time(6, 30)


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "11,000"), ("en", "1,000,000"), ("it", "1.000"), ("it", "-12.345"), ("it", "1234.567")],
)
def test_what_may_be_meant_as_thousands_is_a_complaint(language: str, text: str) -> None:
    with pytest.raises(InvalidError, match=r"limit: .* write thousands without a mark"):
        typed.number_in({"limit": text, "typed_in": language}, "limit")


@pytest.mark.parametrize(
    ("language", "text", "meant"),
    [
        ("en", "11.000", "11"),
        ("en", "0,350", "0.35"),
        ("en", "11,00", "11"),
        ("it", "1,000", "1"),
        ("it", "0.350", "0.35"),
        ("it", "1.0005", "1.0005"),
        ("", "11,000", "11"),
    ],
)
def test_what_cannot_be_meant_as_thousands_is_taken(language: str, text: str, meant: str) -> None:
    form = {"limit": text, "typed_in": language}

    assert typed.number_in(form, "limit") == Decimal(meant)


@pytest.mark.parametrize("minute", ["2027-10-31T00:30:59", "2027-10-31T01:30:00"])
def test_an_instant_that_nobody_touched_is_the_one_that_was_shown(minute: str) -> None:
    known = datetime.fromisoformat(minute).replace(tzinfo=UTC)
    form = {"from": typed.shown_instant(known, "Europe/Rome")}

    assert typed.instant_in(form, "from", "Europe/Rome", known) == known
