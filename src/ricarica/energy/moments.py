"""Times that stations tell, however absurd, without running out of the calendar."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

LONGEST = timedelta(days=10_000)  # longer than any station stands there
YEARS = range(100, 9900)  # from and to which one can add and subtract that long
FIRST, LAST = datetime(100, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def lasting(seconds: int | Decimal) -> timedelta:
    most = int(LONGEST.total_seconds())
    return timedelta(milliseconds=int(max(min(seconds, most), -most) * 1000))


def later(at: datetime, by: timedelta) -> datetime:
    if at.year not in YEARS:
        return FIRST if at.year < YEARS.start else LAST
    return at + by
