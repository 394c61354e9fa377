from dataclasses import dataclass
from datetime import datetime, timedelta

from ricarica.diagnostics.model import LogKind
from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome


@dataclass(frozen=True, slots=True)
class LogWanted:
    """`by_name_only`: in 1.6's older way, GetDiagnostics, which carries no number; None: where the
    station speaks 1.6, for more of its kind know that one."""

    kind: LogKind
    by: str
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None
    by_name_only: bool | None = None


@dataclass(frozen=True, slots=True)
class LogReported:
    """How far an upload is. `number` is None where the station could not say which."""

    station: StationKey
    status: str
    at: datetime
    number: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class LogAnswered:
    station: StationKey
    number: int
    outcome: Outcome
    at: datetime
    status: str | None = None
    name: str | None = None
