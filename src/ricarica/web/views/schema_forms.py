"""Forms that are drawn from a JSON Schema."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    SELECT = "select"
    INSTANT = "instant"
    OBJECT = "object"
    REPEAT = "repeat"


@dataclass(frozen=True, slots=True)
class Node:
    """A member of a payload, or all of it.

    `path` names its field, e.g. evse.id; `token` in it stands for the place of an item in a list
    until that is added. A repeat has one child, its item; `most` is 1 for an object that may be
    left out.
    """

    path: str
    name: str
    kind: Kind
    required: bool = False
    children: tuple["Node", ...] = ()
    choices: tuple[str, ...] = ()
    max_length: int | None = None
    least: int | None = None
    most: int | None = None
    value: str = ""
    token: str = ""

    @property
    def needed(self) -> tuple["Node", ...]:
        return tuple(child for child in self.children if child.required)

    @property
    def optional(self) -> tuple["Node", ...]:
        return tuple(child for child in self.children if not child.required)
