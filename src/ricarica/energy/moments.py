"""Times that stations tell, however absurd, without running out of the calendar."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = timedelta(days=10_000)  # longer than any station stands there
YEARS = range(100, 9900)  # from and to which one can add and subtract that long
FIRST, LAST = datetime(100, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


def lasting(seconds: int | Decimal) -> timedelta:
    most = int(LONGEST.total_seconds())
    return timedelta(milliseconds=int(max(min(seconds, most), -most) * 1000))


def shown(at: datetime, zone: tzinfo) -> datetime:
    """What a clock there shows, as if that were UTC."""
    return at.astimezone(zone).replace(tzinfo=UTC)


def when_shown(clock: datetime, zone: tzinfo) -> datetime:
    """When a clock there shows that."""
    if clock.year not in YEARS:
        return clock
    return clock.replace(tzinfo=zone).astimezone(UTC)


def zone_from(name: str | None, offset: str | None) -> tzinfo | None:
    """Of a station, as it tells it: Europe/Rome, or +01:00; None: nobody knows."""
    if name:
        with suppress(ZoneInfoNotFoundError, ValueError):
            return ZoneInfo(name.strip())
    if offset:
        with suppress(ValueError):
            return datetime.strptime(offset.strip(), "%z").tzinfo
    return None


def later(at: datetime, by: timedelta) -> datetime:
    if at.year not in YEARS:
        return FIRST if at.year < YEARS.start else LAST
    return at + by
