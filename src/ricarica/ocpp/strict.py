"""A dialect's own schema of a message, as a type that msgspec checks.

The message types are as wide as their family, for reading. What a dialect sends must fit its own
schema, in its own order: these types are derived from the wide ones and the table of differences.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, reduce
from operator import or_
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import BY_NAME, V16, V21, V201
from ricarica.ocpp.differences import IN_16, IN_21, IN_201
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.narrowing import Narrower, Narrowing
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16

_NARROWINGS: Mapping[str, tuple[Narrowing, ModuleType]] = {
    V16.name: (IN_16, v16),
    V201.name: (IN_201, v2),
    V21.name: (IN_21, v2),
}
CUSTOM_DATA = "customData"


class Tenths(Decimal):
    """A number with at most one decimal, as 1.6 wants its limits."""


def read_tenths(expected: type, value: Any) -> Any:  # msgspec's dec_hook
    assert expected is Tenths, "no other type is ours to read"
    if not isinstance(value, int | Decimal):
        raise TypeError("Expected a number")
    if Decimal(value) % Decimal("0.1"):
        raise ValueError("Expected a number with at most one decimal")
    return Tenths(value)


@cache
def strict_type(payload: type[Payload], dialect_name: str) -> type[msgspec.Struct]:
    """What that dialect's schema allows of a message or of an object within one."""
    dialect = BY_NAME[dialect_name]
    name = payload.__name__
    if name.endswith(("Request", "Response")):
        action = name.removesuffix("Request").removesuffix("Response")
        known = (actions.request_type(dialect, action), actions.response_type(dialect, action))
        if payload not in known:
            raise LocalProtocolError(f"{dialect_name} has no {name}")
    return msgspec.defstruct(
        name,
        [_member(field, name, dialect_name) for field in _members(payload, dialect_name)],
        rename={field.name: field.encode_name for field in msgspec.structs.fields(payload)},
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _members(payload: type[Payload], dialect_name: str) -> list[msgspec.structs.FieldInfo]:
    """The members that the dialect knows, in the order of its schema."""
    narrowing, _ = _NARROWINGS[dialect_name]
    name = payload.__name__
    absent = narrowing.absent.get(name, frozenset())
    fields = [f for f in msgspec.structs.fields(payload) if f.encode_name not in absent]
    if order := narrowing.order.get(name):
        fields.sort(key=lambda f: order.index(f.encode_name) if f.encode_name in order else 99)
    if narrowing.custom_data_first:
        fields.sort(key=lambda f: f.encode_name != CUSTOM_DATA)
    return fields


def _member(
    field: msgspec.structs.FieldInfo, owner: str, dialect_name: str
) -> tuple[str, Any] | tuple[str, Any, Any]:
    narrowing, _ = _NARROWINGS[dialect_name]
    kind = _narrowed(field.type, dialect_name, narrowing.kinds.get((owner, field.encode_name)))
    if field.required or field.encode_name in narrowing.required.get(owner, ()):
        return field.name, kind
    return field.name, kind, None


def _narrowed(kind: Any, dialect_name: str, narrower: Narrower | None) -> Any:
    """The same type without what the dialect does not allow."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _narrowed_annotation(parts, dialect_name, narrower)
    if origin is list:
        item = _narrowed(parts[0], dialect_name, narrower)
        return list[item]  # type: ignore[valid-type]  # made at run time, for msgspec
    if origin in (Union, UnionType):
        inner = [part for part in parts if part is not NoneType]
        return reduce(or_, [_narrowed(part, dialect_name, narrower) for part in inner], None)
    return _narrowed_class(kind, dialect_name, narrower)


def _narrowed_annotation(parts: Any, dialect_name: str, narrower: Narrower | None) -> Any:
    inner, *metas = parts
    if narrower and get_origin(inner) is not list:
        return _with_limits(inner, narrower, dialect_name)
    return Annotated[_narrowed(inner, dialect_name, narrower), *metas]


def _narrowed_class(kind: Any, dialect_name: str, narrower: Narrower | None) -> Any:
    if narrower:
        return _with_limits(kind, narrower, dialect_name)
    if isinstance(kind, type) and issubclass(kind, Payload):
        return strict_type(kind, dialect_name)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        lacking = _NARROWINGS[dialect_name][0].lacking.get(kind.__name__, frozenset())
        return Literal[*(str(value) for value in kind if value not in lacking)]
    return kind


def _with_limits(kind: Any, narrower: Narrower, dialect_name: str) -> Any:
    if narrower.enum:
        _, family = _NARROWINGS[dialect_name]
        return Literal[*(str(value) for value in getattr(family, narrower.enum))]
    if narrower.integer:
        return int
    if narrower.tenths:
        return Tenths
    if narrower.max_length is not None or narrower.min_length is not None:
        limits = msgspec.Meta(min_length=narrower.min_length, max_length=narrower.max_length)
        return Annotated[str, limits]
    # msgspec cannot bound a Decimal; a float is precise enough to see on which side it is.
    number = float if kind is Decimal else int
    return Annotated[number, msgspec.Meta(ge=narrower.ge, le=narrower.le)]


def reachable(payload: type[Payload]) -> Iterator[type[Payload]]:
    """A message and all objects within it."""
    seen: set[Any] = set()

    def visit(kind: Any) -> Iterator[type[Payload]]:
        if isinstance(kind, type) and issubclass(kind, Payload):
            if kind not in seen:
                seen.add(kind)
                yield kind
                for field in msgspec.structs.fields(kind):
                    yield from visit(field.type)
        else:
            for part in get_args(kind):
                yield from visit(part)

    return visit(payload)


def times_of(payload: type[Payload]) -> frozenset[str]:
    """The names on the wire of all members that hold a time."""
    return frozenset(
        field.encode_name
        for kind in reachable(payload)
        for field in msgspec.structs.fields(kind)
        if datetime in _leaves(field.type)
    )


def _leaves(kind: Any) -> Iterator[Any]:
    parts = get_args(kind)
    if parts:
        for part in parts:
            yield from _leaves(part)
    else:
        yield kind


def is_reordered(payload: type[Payload], dialect_name: str) -> bool:
    """Whether the dialect has another order of members somewhere, customData aside."""
    narrowing, _ = _NARROWINGS[dialect_name]
    return any(kind.__name__ in narrowing.order for kind in reachable(payload))


def moves_custom_data(dialect_name: str) -> bool:
    return _NARROWINGS[dialect_name][0].custom_data_first
