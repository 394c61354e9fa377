from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ricarica.configuration.model import Access
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class Told:
    """A setting as a station tells it. None: it could not say."""

    name: str
    value: str | None
    access: Access | None = None
    unit: str | None = None
    kind: str | None = None
    choices: str | None = None
    neutral: str | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None
    elements_max: int | None = None
    persistent: bool | None = None
    constant: bool | None = None
    monitorable: bool | None = None


@dataclass(frozen=True, slots=True)
class ReportPart:
    """Of the report of that number; parts count from 0."""

    number: int
    seq_no: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class SettingsReported:
    """`part`: of a report; None if it was an answer to a question for some of them."""

    station: StationKey
    settings: tuple[Told, ...]
    at: datetime
    part: ReportPart | None = None


@dataclass(frozen=True, slots=True)
class ReportRefused:
    """A station will not report all that it has."""

    station: StationKey
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class SettingWritten:
    """A station accepted a new value."""

    station: StationKey
    name: str  # the station's own
    value: str
    at: datetime
    needs_reboot: bool = False
    neutral: str | None = None


@dataclass(frozen=True, slots=True)
class WriteRefused:
    """A station did not accept a value."""

    station: StationKey
    name: str  # the station's own
    value: str
    at: datetime
    why: str
    neutral: str | None = None
