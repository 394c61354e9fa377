"""Names are the station's own (see `model.SettingName`) or one of `names.NEUTRAL`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The values of these settings, in the answer."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """All settings there are: in the answer, or in messages that follow it. B07"""

    number: int  # names the report that follows


@dataclass(frozen=True, slots=True)
class WriteSetting:
    name: str
    value: str
