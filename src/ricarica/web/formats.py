"""Numbers, money and instants as people of one language write them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, localcontext
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta
from babel.numbers import format_currency, format_decimal

from ricarica.kernel.money import Money

# Dates and times of English pages follow British habits: day before month, 24 hours.
LOCALES: Mapping[str, str] = {"en": "en_GB", "it": "it_IT"}
NOTHING = "–"
MEGA_FROM_WH = Decimal(10_000_000)  # below 10 MWh people compare in kWh


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number apart from its unit, so that a page can set the unit smaller."""

    number: str
    unit: str

    def __str__(self) -> str:
        return f"{self.number}\N{NO-BREAK SPACE}{self.unit}" if self.unit else self.number


class Formats:
    def __init__(self, language: str) -> None:
        self.locale = LOCALES[language]

    def number(self, value: Decimal | int | None, digits: int = 0) -> str:
        if value is None:
            return NOTHING
        pattern = "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, pattern, locale=self.locale)

    def typed(self, value: Decimal | None) -> str:
        """As somebody would type it into a form: without a mark for thousands."""
        return "" if value is None else format_decimal(value, "0." + "#" * 20, locale=self.locale)

    def energy(self, wh: Decimal | None, digits: int = 2) -> Quantity:
        if wh is None:
            return Quantity(NOTHING, "")
        if abs(wh) >= MEGA_FROM_WH:
            return Quantity(self.number(wh / 1_000_000, digits), "MWh")
        return Quantity(self.number(wh / 1000, digits), "kWh")

    def power(self, watts: Decimal | None, digits: int = 1) -> Quantity:
        if watts is None:
            return Quantity(NOTHING, "")
        return Quantity(self.number(watts / 1000, digits), "kW")

    def percent(self, value: Decimal | None) -> Quantity:
        if value is None:
            return Quantity(NOTHING, "")
        return Quantity(format_decimal(value, "0.#", locale=self.locale), "%")

    def money(self, money: Money | None) -> str:
        if money is None:
            return NOTHING
        with localcontext(rounding=ROUND_HALF_UP):  # as it is billed
            return format_currency(money.amount, money.currency, locale=self.locale)

    def amount(self, amount: Decimal, currency: str) -> str:
        return self.money(Money(amount, currency))

    def price(self, amount: Decimal | None, currency: str) -> str:
        """A price per unit, with as many digits as it has: 0.0995 stays 0.0995."""
        if amount is None:
            return NOTHING
        return format_currency(amount, currency, locale=self.locale, decimal_quantization=False)

    def clock(self, at: datetime | None, zone: tzinfo) -> str:
        return self._dated(at, "HH:mm:ss", zone)

    def day(self, at: datetime | None, zone: tzinfo) -> str:
        return self._dated(at, "d MMM y", zone)

    def dated(self, at: datetime | None, zone: tzinfo) -> str:
        """As on paper, which does not know when it is read."""
        return self._dated(at, "d MMM y, HH:mm", zone)

    def moment(self, at: datetime | None, zone: tzinfo, now: datetime) -> str:
        """The shortest text that names an instant to someone reading it at `now`."""
        if at is None:
            return NOTHING
        if at.astimezone(zone).date() == now.astimezone(zone).date():
            return self._dated(at, "HH:mm:ss", zone)
        same_year = at.astimezone(zone).year == now.astimezone(zone).year
        return self._dated(at, "d MMM HH:mm" if same_year else "d MMM y HH:mm", zone)

    def in_full(self, at: datetime, zone: tzinfo) -> str:
        return self._dated(at, "EEEE d MMMM y, HH:mm:ss zzz", zone)

    def ago(self, at: datetime | None, now: datetime) -> str:
        if at is None:
            return NOTHING
        return format_timedelta(at - now, add_direction=True, format="short", locale=self.locale)

    def duration(self, length: timedelta | None) -> str:
        """Hours and minutes, and seconds only below one: 1 h 05 min, 4 min, 12 s."""
        if length is None:
            return NOTHING
        seconds = max(0, int(length.total_seconds()))
        hours, minutes = seconds // 3600, seconds // 60 % 60
        if hours:
            return f"{self.number(hours)} h {minutes:02} min"
        return f"{minutes} min" if minutes else f"{seconds} s"

    def _dated(self, at: datetime | None, pattern: str, zone: tzinfo) -> str:
        if at is None:
            return NOTHING
        return format_datetime(at, pattern, tzinfo=zone, locale=self.locale)


def zone_named(name: str) -> tzinfo:
    return ZoneInfo(name)
