from dataclasses import dataclass

from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A station told its settings, or accepted new ones."""

    station: StationKey
    count: int
