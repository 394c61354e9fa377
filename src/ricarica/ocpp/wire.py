"""From payloads to their JSON in a dialect, and back.

Reading is as wide as the message types. Writing fits the dialect's own schema or fails: nothing
that only a later version knows is ever said to a station that does not know it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar

import msgspec

from ricarica.ocpp import strict
from ricarica.ocpp.dialects import Dialect
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError, RemoteProtocolError
from ricarica.ocpp.payload import Payload

P = TypeVar("P", bound=Payload)

_encoder = msgspec.json.Encoder(decimal_format="number")
# The last is for a number within customData whose exponent even a Decimal cannot hold.
_UNREADABLE = (msgspec.DecodeError, RecursionError, InvalidOperation)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done to write one type in one dialect."""

    decoder: msgspec.json.Decoder[msgspec.Struct]
    is_reordered: bool
    moves_custom_data: bool
    times: re.Pattern[bytes] | None


def decode(raw: msgspec.Raw | bytes | str, kind: type[P]) -> P:
    """The payload, or `RemoteProtocolError` with the reason to refuse it."""
    try:
        payload: P = _decoder(kind).decode(raw)
    except _UNREADABLE as error:
        raise _refusal(error) from error
    return payload


def check(raw: msgspec.Raw | bytes | str, kind: type[Payload], dialect: Dialect) -> None:
    """Raise `RemoteProtocolError` for whatever the dialect's own schema does not allow."""
    try:
        _plan(kind, dialect.name).decoder.decode(raw)
    except _UNREADABLE as error:
        raise _refusal(error) from error


def encode(payload: Payload, dialect: Dialect, *, checked: bool = True) -> bytes:
    """Compact JSON as the dialect's schema has it, times in UTC with milliseconds.

    Args:
        payload: What to say.
        dialect: To whom.
        checked: False spares the look into the schema, for what cannot be out of it.

    Raises:
        LocalProtocolError: The dialect's schema does not allow it; it names the member.
    """
    raw = _encoder.encode(payload)
    plan = _plan(type(payload), dialect.name)
    reordered = plan.is_reordered or (plan.moves_custom_data and b'"customData":' in raw)
    if checked or reordered:
        try:
            strictly = plan.decoder.decode(raw)
        except msgspec.ValidationError as error:
            name = type(payload).__name__
            raise LocalProtocolError(f"{name} is not valid {dialect}: {error}") from error
        if reordered:
            raw = _encoder.encode(strictly)
    return plan.times.sub(_in_utc, raw) if plan.times else raw


def written(payload: Payload) -> bytes:
    """As JSON for ourselves: what was mended may be more than any dialect allows."""
    return _encoder.encode(payload)


@cache
def _decoder(kind: type[Payload]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, float_hook=Decimal)


@cache
def _plan(kind: type[Payload], dialect_name: str) -> _Plan:
    strict_type = strict.strict_type(kind, dialect_name)
    return _Plan(
        msgspec.json.Decoder(strict_type, float_hook=Decimal, dec_hook=strict.read_tenths),
        strict.is_reordered(kind, dialect_name),
        strict.moves_custom_data(dialect_name),
        _times_pattern(strict.times_of(kind)),
    )


def _times_pattern(names: frozenset[str]) -> re.Pattern[bytes] | None:
    """Finds the times in what msgspec writes, by the members that hold them."""
    if not names:
        return None
    time = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3})\d{3})?(Z|[+-]\d\d:\d\d)"
    return re.compile(f'"({"|".join(sorted(names))})":"{time}"'.encode())


def _in_utc(found: re.Match[bytes]) -> bytes:
    """msgspec writes six digits or none, and the offset as it is; some stations read neither."""
    name, seconds, fraction, zone = found.groups()
    if zone != b"Z":
        at = datetime.fromisoformat(found[0].split(b'"')[3].decode()).astimezone(UTC)
        seconds, fraction = (
            at.strftime("%Y-%m-%dT%H:%M:%S").encode(),
            b"%03d" % (at.microsecond // 1000),
        )
    return b'"%b":"%b.%bZ"' % (name, seconds, fraction or b"000")


# What msgspec says, and what the protocol calls it. The first that is found decides.
_REASONS = tuple(
    (re.compile(pattern), kind)
    for pattern, kind in (
        ("missing required field", ErrorKind.MISSING_MEMBER),
        ("unknown field", ErrorKind.FORMATION),
        ("^Expected `object`, got `[a-z]+`$", ErrorKind.FORMATION),
        ("^Expected `array` of", ErrorKind.OCCURRENCE),
        ("^Expected `(int|float)` [<>]", ErrorKind.PROPERTY),
        ("decimal string", ErrorKind.TYPE),
        ("^Expected `datetime` with|^Invalid|out of range|decimal", ErrorKind.PROPERTY),
    )
)


def _refusal(error: Exception) -> RemoteProtocolError:
    text = "a number is out of range" if isinstance(error, InvalidOperation) else str(error)
    if not isinstance(error, msgspec.ValidationError):
        return RemoteProtocolError(ErrorKind.FORMATION, text)
    found = (kind for pattern, kind in _REASONS if pattern.search(text))
    return RemoteProtocolError(next(found, ErrorKind.TYPE), text)
