from dataclasses import dataclass

from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """A station told its settings, or accepted new ones."""

    station: StationKey
    count: int


@dataclass(frozen=True, slots=True)
class SettingRefused:
    """A station would not take a value that it is to have."""

    station: StationKey
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class TemplateChanged:
    """An operator added, changed or removed a template of settings."""

    template: str
    name: str
    station: StationKey | None = None
