"""From a JSON Schema to a form, and from the form's fields back to a payload."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from ricarica.web.views.schema_forms import Kind, Node

Schema = Mapping[str, Any]
Fields = Mapping[str, str]

LEFT_OUT = frozenset({"customData"})  # a vendor's own; JSON is the way to write it
LONG_FROM = 200  # characters: what may be longer has lines
KINDS = {
    "string": Kind.TEXT,
    "integer": Kind.INTEGER,
    "number": Kind.NUMBER,
    "boolean": Kind.BOOLEAN,
}


# -- from a schema to a form


def form_of(schema: Schema, prefilled: Fields) -> Node:
    """The whole payload as one node. `prefilled`: values by path."""
    drawing = _Drawing(schema, prefilled)
    return drawing.object(_resolved(schema, schema), "", 0, required=True)


class _Drawing:
    """One form. `depth`: how many lists an item lies in."""

    def __init__(self, root: Schema, prefilled: Fields) -> None:
        self._root = root
        self._prefilled = prefilled

    def object(self, kind: Schema, path: str, depth: int, *, required: bool) -> Node:
        needed = kind.get("required", ())
        members = [each for each in kind["properties"] if each not in LEFT_OUT]
        children = tuple(
            self._member(
                kind["properties"][each],
                f"{path}.{each}" if path else each,
                depth,
                required=each in needed,
            )
            for each in sorted(members, key=lambda each: each not in needed)
        )
        return Node(path, _name(path), Kind.OBJECT, required, children)

    def _member(self, schema: Schema, path: str, depth: int, *, required: bool) -> Node:
        kind = _resolved(schema, self._root)
        if "properties" in kind:
            whole = self.object(kind, path, depth, required=True)
            if required:
                return whole
            return Node(path, _name(path), Kind.REPEAT, children=(whole,), least=0, most=1)
        if kind.get("type") == "array":
            return self._list(kind, path, depth, required=required)
        return self._leaf(kind, path, required=required)

    def _list(self, kind: Schema, path: str, depth: int, *, required: bool) -> Node:
        token = f"~{depth}~"
        item = self._member(kind["items"], f"{path}.{token}", depth + 1, required=True)
        least = max(kind.get("minItems", 0), 1) if required else 0
        most = kind.get("maxItems")
        return Node(
            path, _name(path), Kind.REPEAT, required, (item,), least=least, most=most, token=token
        )

    def _leaf(self, kind: Schema, path: str, *, required: bool) -> Node:
        return Node(
            path,
            _name(path),
            _kind_of(kind),
            required,
            choices=tuple(kind.get("enum", ())),
            max_length=kind.get("maxLength"),
            least=kind.get("minimum"),
            most=kind.get("maximum"),
            value=self._prefilled.get(path, ""),
        )


def _name(path: str) -> str:
    """Of a member; an item of a list is called as the list is."""
    names = [part for part in path.split(".") if not part.startswith("~")]
    return names[-1]


def _kind_of(schema: Schema) -> Kind:
    if "enum" in schema:
        return Kind.SELECT
    if schema.get("format") == "date-time":
        return Kind.INSTANT
    if schema.get("maxLength", 0) > LONG_FROM:
        return Kind.LONG_TEXT
    return KINDS.get(schema.get("type", ""), Kind.TEXT)


def _resolved(schema: Schema, root: Schema) -> Schema:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema


# -- from a form to a payload


def payload_from(schema: Schema, fields: Fields, zone: tzinfo) -> dict[str, Any]:
    """What was filled in. What is no number stays text: the check has the words for it."""
    filled = {name: value.strip() for name, value in fields.items() if value.strip()}
    payload: dict[str, Any] = _value(schema, "", _Filled(filled, schema, zone)) or {}
    return payload


class _Filled:
    """The fields that were filled in, and which paths lie above them."""

    def __init__(self, fields: Fields, root: Schema, zone: tzinfo) -> None:
        self.fields = fields
        self.root = root
        self.zone = zone
        self.paths: set[str] = set()
        for name in fields:
            parts = name.split(".")
            self.paths |= {".".join(parts[:end]) for end in range(1, len(parts) + 1)}

    def places(self, path: str) -> list[str]:
        """Of the items of a list, in their order."""
        begin = f"{path}."
        found = {
            name[len(begin) :].partition(".")[0] for name in self.paths if name.startswith(begin)
        }
        return sorted((place for place in found if place.isdigit()), key=int)


def _value(schema: Schema, path: str, filled: _Filled) -> Any:
    """None: nothing was filled in."""
    kind = _resolved(schema, filled.root)
    if path and path not in filled.paths:
        return None
    if "properties" in kind:
        members = (
            (name, _value(member, f"{path}.{name}" if path else name, filled))
            for name, member in kind["properties"].items()
            if name not in LEFT_OUT
        )
        return {name: value for name, value in members if value is not None}
    if kind.get("type") == "array":
        items = (_value(kind["items"], f"{path}.{at}", filled) for at in filled.places(path))
        return [item for item in items if item is not None]
    return _scalar(kind, filled.fields.get(path, ""), filled.zone)


def _scalar(schema: Schema, text: str, zone: tzinfo) -> Any:
    if schema.get("format") == "date-time":
        return _instant(text, zone)
    match schema.get("type"):
        case "integer":
            return int(text) if text.lstrip("-").isdecimal() else text
        case "number":
            return _number(text)
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case None if "enum" not in schema:
            return _anything(text)
        case _:
            return text


def _number(text: str) -> Decimal | str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _instant(text: str, zone: tzinfo) -> str:
    """As browsers give it: without an offset, so in the zone that instants are shown in."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return text
    placed = at if at.tzinfo else at.replace(tzinfo=zone)
    return placed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _anything(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
