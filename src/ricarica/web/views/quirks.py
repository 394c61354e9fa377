"""What is put up with at one station."""

from dataclasses import dataclass, field
from typing import ClassVar

from ricarica.kernel.ids import StationId


@dataclass(frozen=True, slots=True)
class Mended:
    """`text` is a msgid; None for a flag that has none yet, shown as it is called."""

    flag: str
    count: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class StationQuirks:
    """GET /fragments/stations/{id}/quirks"""

    template: ClassVar[str] = "stations/quirks.html"
    station: StationId
    days: int
    mended: tuple[Mended, ...] = ()
    habits: tuple[str, ...] = ()
    """Msgids of what it does in its own way."""
    are_of_model: bool = False
    """Nobody said so of this very station: its model is known for it."""
    clock_ahead_minutes: int = 0
    is_pedantic: bool = False


@dataclass(frozen=True, slots=True)
class HabitsForm:
    """The part of a station's form that says what it does in its own way."""

    speaks: str = ""
    clock_ahead_minutes: str = "0"
    chosen: frozenset[str] = field(default_factory=frozenset)
