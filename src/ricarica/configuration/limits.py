"""How much a station takes in one message, and how more is cut to fit."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from ricarica.configuration.model import Setting

T = TypeVar("T")

# With component, variable and attribute a place has a few members; this is more than their names
# and signs come to, beside what they contain.
OVERHEAD_BYTES = 220


@dataclass(frozen=True, slots=True)
class Limit:
    items: int
    bytes: int | None = None


# Of a station that has not said: every one takes one value at a time, and a handful of names.
READING = Limit(10)
WRITING = Limit(1)
REPORTING = Limit(4)


def limit_from(known: Mapping[str, Setting], what: str, otherwise: Limit) -> Limit:
    """B05.FR.11, B06.FR.05: what the station reported of itself."""
    items = _number(known.get(f"{what}_items_max"))
    return Limit(items or otherwise.items, _number(known.get(f"{what}_bytes_max")))


def _number(setting: Setting | None) -> int | None:
    value = setting.value if setting else None
    return int(value) if value and value.isascii() and value.isdigit() and int(value) else None


def parts_of(items: Iterable[tuple[T, str]], limit: Limit) -> Iterator[tuple[T, ...]]:
    """Cut a list into messages. Each item comes with the text that it puts into one."""
    part: list[T] = []
    size = 0
    for item, text in items:
        length = OVERHEAD_BYTES + len(json.dumps(text))
        is_full = len(part) >= limit.items
        if part and (is_full or (limit.bytes is not None and size + length > limit.bytes)):
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield tuple(part)
