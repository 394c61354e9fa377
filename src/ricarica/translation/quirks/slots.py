"""Where values stand in a message, and what is expected there."""

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from ricarica.translation.quirks.words import DROPPABLE, Member


@dataclass(frozen=True, slots=True)
class Slot:
    """A member, or the items of a member that is a list: then `item` describes them."""

    kind: inspect.Type
    place: Member
    is_required: bool
    item: "Slot | None" = None

    @property
    def is_droppable(self) -> bool:
        return isinstance(self.kind, inspect.StructType) and self.kind.cls.__name__ in DROPPABLE


@cache
def slots_of(kind: type[msgspec.Struct]) -> tuple[Slot, ...]:
    """All members of an object, in the order of its type."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType), "every payload is an object"
    return tuple(
        _expecting(field.type, Slot(field.type, (kind.__name__, field.encode_name), field.required))
        for field in info.fields
    )


def _expecting(kind: Any, slot: Slot) -> Slot:
    match kind:
        case inspect.UnionType(types=types):
            [inner] = (each for each in types if not isinstance(each, inspect.NoneType))
            return _expecting(inner, slot)
        case inspect.ListType(item_type=item):
            return replace(slot, kind=kind, item=_expecting(item, slot))
        case _:
            return replace(slot, kind=kind)
