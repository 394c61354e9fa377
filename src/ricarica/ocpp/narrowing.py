"""How a dialect's own schema differs from the message types that it shares with its family."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Narrower:
    """What a dialect allows of one member, or of the items if the member is a list."""

    min_length: int | None = None
    max_length: int | None = None
    ge: int | None = None
    le: int | None = None
    integer: bool = False
    tenths: bool = False
    enum: str | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a dialect knows less, by the names of our classes and of members on the wire."""

    custom_data_first: bool
    absent: Mapping[str, frozenset[str]]
    """Members that an object does not have yet."""
    order: Mapping[str, list[str]]
    """The members of an object but customData, where their order is not that of the family."""
    required: Mapping[str, frozenset[str]]
    lacking: Mapping[str, frozenset[str]]
    """Values that an enum does not have yet."""
    kinds: Mapping[tuple[str, str], Narrower]
