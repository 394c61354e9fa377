"""A message type whose texts and names may be longer than the protocol has them."""

from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import msgspec

from ricarica.ocpp.payload import Payload
from ricarica.translation.quirks.fitting import NAMES, longest

P = TypeVar("P", bound=Payload)


def lenient_type(kind: type[P]) -> type[P]:
    """A subclass, so that handlers take it for the message it is; the same if it has no limits."""
    found: type[P] = _derived(kind)
    return found


@cache
def _derived(kind: type[Payload]) -> Any:
    fields = msgspec.structs.fields(kind)
    lifted = {field.name: _lifted_member(field) for field in fields}
    changed = [field for field in fields if lifted[field.name] != field.type]
    if not changed:
        return kind
    return msgspec.defstruct(
        kind.__name__,
        [
            (field.name, lifted[field.name])
            if field.required
            else (field.name, lifted[field.name], field.default)
            for field in changed
        ],
        bases=(kind,),
        rename={field.name: field.encode_name for field in fields},
        frozen=True,
        kw_only=True,
        omit_defaults=True,
        gc=False,
    )


def _lifted_member(field: msgspec.structs.FieldInfo) -> Any:
    return _lifted(field.type, field.encode_name)


def _lifted(kind: Any, member: str) -> Any:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _lifted_annotation(parts[0], parts[1], member)
    if origin is list:
        return list[_lifted(parts[0], member)]  # type: ignore[misc]  # for msgspec
    if origin in (Union, UnionType):
        return reduce(or_, [_lifted(part, member) for part in parts])
    if isinstance(kind, type) and issubclass(kind, Payload):
        return _derived(kind)
    return kind


def _lifted_annotation(inner: Any, meta: msgspec.Meta, member: str) -> Any:
    if inner is str and meta.max_length is not None:
        return Annotated[str, msgspec.Meta(max_length=longest(meta.max_length, member))]
    if inner is int and member in NAMES:
        return int
    return Annotated[_lifted(inner, member), meta]
