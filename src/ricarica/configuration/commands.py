"""Names are the station's own (see `model.SettingName`) or one of `names.NEUTRAL`."""

from dataclasses import dataclass
from enum import StrEnum


class Extent(StrEnum):
    """How much of a station a report tells. B07"""

    ALL = "all"
    WRITABLE = "writable"
    SUMMARY = "summary"  # what is available, and what is broken


class Criterion(StrEnum):
    """Which components a report tells of. B08"""

    ACTIVE = "active"
    AVAILABLE = "available"
    ENABLED = "enabled"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The values of these settings, in the answer."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportSettings:
    """All settings there are: in the answer, or in messages that follow it. B07"""

    number: int  # names the report that follows
    extent: Extent = Extent.ALL


@dataclass(frozen=True, slots=True)
class ReportChosen:
    """Some components or variables, in messages that follow. B08

    `places` are names of variables, or of components with a dot behind them: `EVSE@1.`
    """

    number: int
    criteria: tuple[Criterion, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WriteSetting:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class WriteSettings:
    """Several at once; `answer` of the result says how each of them went. B05"""

    values: tuple[tuple[str, str], ...]
