from dataclasses import dataclass

from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class DisplaysChanged:
    """A station took a message, refused one, or told which it has; or other ones are wanted."""

    station: StationKey | None
