"""Random payloads of every message, right and wrong, drawn from the official schemas.

Drawn by hand rather than by hypothesis: millions of them are needed, and nothing is shrunk.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from ricarica.ocpp.dialects import Dialect
from tests.wire.ocpp.official import Schema, resolved, schema

DEPTH_MAX = 6  # below that only what is required is given
OPTIONAL = 0.4  # how often a member that may be left out is there
WORDS = ("", "a", "TAG-1", "Ünïcødé", "0", "true", "-1", "é" * 20, "x" * 36, "\u0000", "NaN")
NUMBERS = (0, 1, 2, 5, 7, 42, 100, 3600, 86_400, 2_147_483_647)


def payload(rng: Random, dialect: Dialect, name: str) -> Any:
    """One that the schema allows."""
    root = schema(dialect, name)
    return _value(rng, root, root, 0)


def _value(rng: Random, root: Schema, part: Schema, depth: int) -> Any:
    part = resolved(root, part)
    if "enum" in part:
        return rng.choice(part["enum"])
    kind = part.get("type")
    if kind in ("object", "array"):
        draw = _object if kind == "object" else _array
        return draw(rng, root, part, depth)
    return _scalar(rng, part)


def _scalar(rng: Random, part: Schema) -> Any:
    match part.get("type"):
        case "string":
            return _text(rng, part)
        case "integer":
            return _integer(rng, part)
        case "number":
            return _number(rng, part)
        case "boolean":
            return rng.random() < 0.5
        case _:
            return rng.choice(("anything", 1, True, {"a": 1}, [1]))


def _array(rng: Random, root: Schema, part: Schema, depth: int) -> list[Any]:
    low = part.get("minItems", 0)
    size = rng.randint(low, min(part.get("maxItems", low + 3), low + 3))
    return [_value(rng, root, part["items"], depth + 1) for _ in range(size)]


def _object(rng: Random, root: Schema, part: Schema, depth: int) -> dict[str, Any]:
    properties, required = part.get("properties", {}), part.get("required", ())
    chosen = {
        name: each
        for name, each in properties.items()
        if name in required or (depth < DEPTH_MAX and rng.random() < OPTIONAL)
    }
    return {name: _value(rng, root, each, depth + 1) for name, each in chosen.items()}


def _text(rng: Random, part: Schema) -> str:
    if part.get("format") == "date-time":
        return _time(rng)
    longest = part.get("maxLength", 60)
    return rng.choice((*WORDS, f"{rng.getrandbits(40):x}", "y" * longest))[:longest]


def _time(rng: Random) -> str:
    about = datetime.now(UTC) + timedelta(seconds=rng.gauss(0, 3600))
    far = datetime(2000, 1, 1, tzinfo=UTC) + timedelta(days=rng.randint(0, 36_000))
    at = about if rng.random() < 0.8 else far
    return at.strftime(rng.choice(("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.123Z")))


def _integer(rng: Random, part: Schema) -> int:
    low, high = int(part.get("minimum", -(2**31))), int(part.get("maximum", 2**31 - 1))
    usual = [number for number in NUMBERS if low <= number <= high]
    return rng.choice(usual) if usual and rng.random() < 0.9 else rng.randint(low, high)


def _number(rng: Random, part: Schema) -> float | int:
    if "multipleOf" in part:
        return rng.randint(-1000, 1000) / 10
    low, high = part.get("minimum", -1_000_000), part.get("maximum", 1_000_000)
    return round(rng.uniform(max(float(low), -1e6), min(float(high), 1e6)), rng.choice((0, 1, 3)))


# What is wrong


def broken(rng: Random, given: Any) -> Any:
    """Spoil something, somewhere inside."""
    spoilt = json.loads(json.dumps(given))
    places = list(_places(spoilt))
    if not places:
        return rng.choice((None, [], "text", 7, {"unknown": 1}))
    holder, key = rng.choice(places)
    rng.choice(SPOILERS)(rng, holder, key)
    return spoilt


def _places(value: Any) -> list[tuple[Any, Any]]:
    if isinstance(value, dict):
        pairs = list(value.items())
    elif isinstance(value, list):
        pairs = list(enumerate(value))
    else:
        return []
    return [(value, key) for key, _ in pairs] + [
        place for _, each in pairs for place in _places(each)
    ]


def _remove(_rng: Random, holder: Any, key: Any) -> None:
    del holder[key]


def _replace(rng: Random, holder: Any, key: Any) -> None:
    strange: tuple[Any, ...] = (
        None,
        "",
        "?",
        -1,
        10**30,
        1e300,
        True,
        [],
        {},
        [[]],
        {"a": {}},
        "z" * 3000,
    )
    holder[key] = rng.choice(strange)


def _wrap(_rng: Random, holder: Any, key: Any) -> None:
    holder[key] = [holder[key]]


def _unwrap(_rng: Random, holder: Any, key: Any) -> None:
    value = holder[key]
    holder[key] = value[0] if isinstance(value, list) and value else str(value)


def _swell(_rng: Random, holder: Any, key: Any) -> None:
    value = holder[key]
    holder[key] = value * 40 if isinstance(value, str | list) else value


def _add(_rng: Random, holder: Any, key: Any) -> None:
    if isinstance(holder, dict):
        holder["unheardOf"] = {"deep": [1, {"er": None}]}
    else:
        holder.append(holder[key])


SPOILERS: tuple[Callable[[Random, Any, Any], None], ...] = (
    _remove,
    _replace,
    _wrap,
    _unwrap,
    _swell,
    _add,
)
