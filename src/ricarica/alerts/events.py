from dataclasses import dataclass

from ricarica.alerts.model import AlertState, Level
from ricarica.kernel.ids import EventId, StationKey


@dataclass(frozen=True, slots=True)
class AlertOpened:
    """Somebody has to look."""

    station: StationKey | None
    alert: EventId
    name: str
    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class AlertChanged:
    """`by`: who acknowledged or resolved it; None: it passed by itself."""

    station: StationKey | None
    alert: EventId
    state: AlertState
    by: str | None = None
