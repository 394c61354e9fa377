"""Times as stations write them, each way as what msgspec reads. Pure.

Every function takes the value as it came and gives a text, or None: not this habit.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from ricarica.ocpp.payload import Instant

_CLOCK_TIME = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?"
_WITHOUT_ZONE = re.compile(_CLOCK_TIME)
_SHORT_ZONE = re.compile(_CLOCK_TIME + r"[+-]\d\d")
_ISO = re.compile(
    r"(?P<year>\d{4})([-/.]?)(?P<month>\d\d)\2(?P<day>\d\d)"
    r"(?:[T _]*(?P<hour>\d\d):?(?P<minute>\d\d)(?::?(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r"\s*(?P<zone>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?",
    re.IGNORECASE,
)
# With points the day stands first; with slashes it may be either, and a guess would be worse.
_DAY_FIRST = re.compile(
    r"(?P<day>\d\d)\.(?P<month>\d\d)\.(?P<year>\d{4})"
    r"[T ]+(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
)
# RFC 5322, and C's asctime.
_MAIL = re.compile(
    r"[A-Z][a-z]{2},? (?:\d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?: (?:GMT|[+-]\d{4}))?"
    r"|[A-Z][a-z]{2} +\d{1,2} \d\d:\d\d:\d\d \d{4})"
)
_EPOCH = re.compile(r"(?P<seconds>\d{9,10})(?:\.\d+)?|(?P<milliseconds>\d{12,13})")
_LIKE_A_TIME = re.compile(r"\d{1,12}[-/.]\d")


def is_time(value: Any) -> bool:
    """Whether msgspec reads it."""
    try:
        msgspec.convert(value, Instant)
    except msgspec.ValidationError:
        return False
    return isinstance(value, str)


def is_like_a_time(value: Any) -> bool:
    """Whether it was meant to be one, though no calendar may have it."""
    return _LIKE_A_TIME.match(str(value)) is not None


def with_zone(value: Any) -> str | None:
    """In UTC, what has no zone."""
    return _ended(value, _WITHOUT_ZONE, "Z")


def with_minutes_of_zone(value: Any) -> str | None:
    return _ended(value, _SHORT_ZONE, ":00")


def _ended(value: Any, pattern: re.Pattern[str], end: str) -> str | None:
    text = str(value).strip()
    is_meant = pattern.fullmatch(text) and is_time(text + end)
    return text + end if is_meant else None


def in_another_format(value: Any) -> str | None:
    text = str(value).strip()
    try:
        found = next(filter(None, (read(text) for read in _FORMATS)), None)
    except (ValueError, OverflowError):  # its shape is right, but no calendar has it
        return None
    return found.isoformat() if found else None


def _numbered(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970."""
    found = _EPOCH.fullmatch(text)
    if found is None:
        return None
    seconds = float(text) if found["seconds"] else int(text) / 1000
    return datetime.fromtimestamp(seconds, UTC)


def _iso(text: str) -> datetime | None:
    found = _ISO.fullmatch(text)
    return _from_parts(found.groupdict()) if found else None


def _day_first(text: str) -> datetime | None:
    found = _DAY_FIRST.fullmatch(text)
    return _from_parts(found.groupdict()) if found else None


def _mail(text: str) -> datetime | None:
    if not _MAIL.fullmatch(text):
        return None
    at = parsedate_to_datetime(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


_FORMATS: tuple[Callable[[str], datetime | None], ...] = (_iso, _numbered, _day_first, _mail)


def _from_parts(parts: dict[str, str | None]) -> datetime:
    names = ("year", "month", "day", "hour", "minute")
    year, month, day, hour, minute = (int(parts[name] or 0) for name in names)
    second = min(int(parts["second"] or 0), 59)  # a leap second is none of Python's
    microsecond = int((parts.get("fraction") or "0")[:6].ljust(6, "0"))
    zone = _zone(parts.get("zone") or "Z")
    return datetime(year, month, day, hour, minute, second, microsecond, zone)


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(ahead if text[0] == "+" else -ahead)
