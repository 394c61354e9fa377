from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.kernel.money import Money
from ricarica.web.formats import Formats, zone_named

ROME = zone_named("Europe/Rome")
NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
EN, IT = Formats("en"), Formats("it")


def test_energy_is_told_in_kwh_until_it_is_ten_megawatt_hours() -> None:
    assert str(EN.energy(Decimal(9_999_990))) == "9,999.99\N{NO-BREAK SPACE}kWh"
    assert str(EN.energy(Decimal(10_000_000))) == "10.00\N{NO-BREAK SPACE}MWh"


def test_italian_numbers_have_a_comma() -> None:
    assert str(IT.power(Decimal(1_703_300))) == "1.703,3\N{NO-BREAK SPACE}kW"


@pytest.mark.parametrize("formats", [EN, IT])
def test_what_the_station_could_not_say_is_a_dash(formats: Formats) -> None:
    unsaid = (
        str(formats.energy(None)),
        str(formats.power(None)),
        str(formats.percent(None)),
        formats.money(None),
        formats.duration(None),
        formats.ago(None, NOW),
        formats.moment(None, ROME, NOW),
    )

    assert set(unsaid) == {"–"}


def test_nothing_is_not_the_same_as_not_known() -> None:
    assert str(EN.power(Decimal(0))) == "0.0\N{NO-BREAK SPACE}kW"


def test_money_is_written_the_way_of_the_language() -> None:
    cost = Money(Decimal("12.345"), "EUR")

    assert EN.money(cost) == "€12.35"  # as it is billed
    assert IT.money(cost) == "12,35\N{NO-BREAK SPACE}€"


def test_a_price_keeps_all_its_digits() -> None:
    assert EN.price(Decimal("0.459016"), "EUR") == "€0.459016"
    assert EN.price(Decimal("0.3"), "EUR") == "€0.30"


def test_a_moment_of_today_is_a_time_and_an_older_one_has_its_day() -> None:
    assert EN.moment(NOW, ROME, NOW) == "10:41:00"
    assert EN.moment(NOW - timedelta(days=1), ROME, NOW) == "21 Nov 10:41"
    assert EN.moment(NOW - timedelta(days=366), ROME, NOW) == "21 Nov 2025 10:41"


def test_what_is_kept_on_paper_has_its_day_and_year() -> None:
    assert EN.dated(NOW, ROME) == "22 Nov 2026, 10:41"
    assert EN.dated(None, ROME) == "–"


def test_today_is_that_of_the_viewers_time_zone() -> None:
    before_midnight_in_utc = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)

    assert EN.moment(before_midnight_in_utc, ROME, NOW) == "00:30:00"


@pytest.mark.parametrize(
    "seconds,text",
    [(59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h 00 min"), (7_500, "2 h 05 min")],
)
def test_a_duration_has_seconds_only_below_a_minute(seconds: int, text: str) -> None:
    assert EN.duration(timedelta(seconds=seconds)) == text


def test_a_clock_that_runs_ahead_gives_no_negative_duration() -> None:
    assert EN.duration(timedelta(seconds=-5)) == "0 s"
