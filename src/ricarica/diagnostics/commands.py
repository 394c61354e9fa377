"""What stations are told about their logs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ricarica.diagnostics.model import LogKind


@dataclass(frozen=True, slots=True)
class SendLog:
    """N01: put a log at a place. `number` names this request in what the station tells."""

    number: int
    kind: LogKind
    location: str
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class SendDiagnostics:
    """What 1.6 without its security extension says instead; the number stays with us."""

    number: int
    location: str
    since: datetime | None = None
    until: datetime | None = None
    retries: int | None = None
    retry_interval: timedelta | None = None
