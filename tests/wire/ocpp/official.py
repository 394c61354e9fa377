"""The official schemas, read where the package `ocpp` is installed, and random payloads of them."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft6Validator, FormatChecker

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS, Dialect
from ricarica.ocpp.payload import Payload

FOLDERS = {"1.6": "v16", "2.0.1": "v201", "2.1": "v21"}
Schema = dict[str, Any]

formats = FormatChecker(formats=())


@formats.checks("date-time")
def is_a_time_as_we_write_it(value: object) -> bool:
    try:
        datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%S.%f%z")
    except ValueError:
        return False
    return len(str(value)) == len("2026-01-01T00:00:00.000Z")


def messages() -> Iterator[tuple[Dialect, type[Payload]]]:
    """Every message of every dialect."""
    for dialect in DIALECTS:
        for action in sorted(actions.known(dialect)):
            for kind in (actions.request_type, actions.response_type):
                if found := kind(dialect, action):
                    yield dialect, found


@cache
def schema(dialect: Dialect, name: str) -> Schema:
    folder = files("ocpp").joinpath(FOLDERS[dialect.name], "schemas")
    text = folder.joinpath(f"{name}.json")
    if not text.is_file():  # 1.6, and what is never answered, leave the word out
        text = folder.joinpath(f"{name.removesuffix('Request')}.json")
    found: Schema = json.loads(text.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    found.pop("$id", None)  # jsonschema would look for the definitions there
    return found


def file_names(dialect: Dialect) -> set[str]:
    folder = files("ocpp").joinpath(FOLDERS[dialect.name], "schemas")
    names = {entry.name.removesuffix(".json") for entry in folder.iterdir()}
    return {n if n.endswith(("Request", "Response")) else f"{n}Request" for n in names}


@cache
def validator(dialect: Dialect, name: str) -> Draft6Validator:
    return Draft6Validator(schema(dialect, name), format_checker=formats)


def complaint(dialect: Dialect, name: str, payload: Any) -> str | None:
    """What the official schema has against a payload, if anything."""
    errors = sorted(validator(dialect, name).iter_errors(payload), key=str)
    return f"{errors[0].json_path}: {errors[0].message}" if errors else None


def resolved(root: Schema, part: Schema) -> Schema:
    if "$ref" in part:
        found: Schema = root["definitions"][part["$ref"].rsplit("/", 1)[-1]]
        return found
    return part


def ordered_as(root: Schema, part: Schema, value: Any) -> bool:
    """Whether all members of all objects stand in the schema's order."""
    part = resolved(root, part)
    if isinstance(value, list):
        return all(ordered_as(root, part.get("items", {}), item) for item in value)
    if not isinstance(value, dict) or "properties" not in part:
        return True
    order = [name for name in part["properties"] if name in value]
    return [name for name in value if name in order] == order and all(
        ordered_as(root, part["properties"][name], value[name]) for name in order
    )


@cache
def payloads(dialect: Dialect, name: str) -> SearchStrategy[Any]:
    root = schema(dialect, name)
    return values(root, root)


def values(root: Schema, part: Schema) -> SearchStrategy[Any]:
    """Anything that the schema allows, in sizes that are quick to make.

    Numbers stay within 64 bits and 64 digits, which are our own limits.
    """
    part = resolved(root, part)
    if "enum" in part:
        return st.sampled_from(part["enum"])
    match part.get("type"):
        case "object":
            return objects(root, part)
        case "array":
            low = part.get("minItems", 0)
            high = min(part.get("maxItems", low + 2), low + 2)
            return st.lists(values(root, part["items"]), min_size=low, max_size=high)
        case _:
            return scalars(part)


def scalars(part: Schema) -> SearchStrategy[Any]:
    match part.get("type"):
        case "string":
            return texts(part)
        case "integer" | "number" as kind:
            return numbers(kind, part)
        case "boolean":
            return st.booleans()
        case _:
            return anything()


def anything() -> SearchStrategy[Any]:
    return st.one_of(texts({}), st.integers(-9, 9), st.lists(texts({})), custom_data())


def objects(root: Schema, part: Schema) -> SearchStrategy[Any]:
    properties = part.get("properties", {})
    if set(properties) == {"vendorId"}:
        return custom_data()
    required = set(part.get("required", ()))
    members = {name: values(root, prop) for name, prop in properties.items()}
    return st.fixed_dictionaries(
        {name: value for name, value in members.items() if name in required},
        optional={name: value for name, value in members.items() if name not in required},
    )


def custom_data() -> SearchStrategy[Any]:
    value = st.one_of(st.text(max_size=3), decimals(), st.lists(st.booleans(), max_size=2))
    some = {"snake_case": value, "camelCase": value, "Null": st.none()}
    return st.fixed_dictionaries({"vendorId": st.text(max_size=5)}, optional=some)


def texts(part: Schema) -> SearchStrategy[str]:
    if part.get("format") == "date-time":
        return times().map(spelled)
    low, high = part.get("minLength", 0), part.get("maxLength", 40)
    return st.one_of(
        st.text(min_size=low, max_size=min(high, low + 8)),
        st.just("é" * high),  # the length counts characters, not bytes
    )


def times() -> SearchStrategy[datetime]:
    zones = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(-timedelta(minutes=570))])
    first, last = datetime(2000, 1, 2), datetime(2100, 1, 1)  # noqa: DTZ001  # hypothesis adds the zone
    return st.datetimes(first, last, timezones=zones)


def spelled(at: datetime) -> str:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    text = at.isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def decimals() -> SearchStrategy[Decimal]:
    return st.decimals(min_value=-(10**9), max_value=10**9, places=4)


def numbers(kind: str, part: Schema) -> SearchStrategy[Any]:
    low, high = int(part.get("minimum", -(2**63))), int(part.get("maximum", 2**63 - 1))
    if kind == "integer":
        return st.integers(low, high)
    if "multipleOf" in part:
        return st.integers(-(10**9), 10**9).map(lambda tenths: Decimal(tenths) / 10)
    return st.decimals(min_value=max(low, -(10**9)), max_value=min(high, 10**9), places=4)
