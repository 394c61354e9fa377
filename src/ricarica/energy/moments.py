"""Times that stations tell, however absurd, without running out of the calendar."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

LONGEST = timedelta(days=10_000)  # longer than any station stands there
LAST = datetime(9999, 1, 1, tzinfo=UTC)


def lasting(seconds: int | Decimal) -> timedelta:
    most = int(LONGEST.total_seconds())
    return timedelta(milliseconds=int(max(min(seconds, most), -most) * 1000))


def later(at: datetime, by: timedelta) -> datetime:
    return LAST if at > LAST - LONGEST else at + by
