from dataclasses import dataclass

from ricarica.configuration.templates import StreamRate, WantedMonitor
from ricarica.monitoring.model import ActiveMonitors, MonitorCriterion


@dataclass(frozen=True, slots=True)
class SetMonitors:
    """`replaces`: the station's numbers of those that give way, in the same order. N04"""

    monitors: tuple[WantedMonitor, ...]
    replaces: tuple[int | None, ...] = ()

    def replaced_by(self, place: int) -> int | None:
        return self.replaces[place] if place < len(self.replaces) else None


@dataclass(frozen=True, slots=True)
class ClearMonitors:
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ActivateMonitors:
    base: ActiveMonitors


@dataclass(frozen=True, slots=True)
class SetMonitoringLevel:
    """Only what is at least as severe is told: 0 is danger, 9 is for programmers. N05"""

    severity: int


@dataclass(frozen=True, slots=True)
class ReportMonitors:
    """Those there are, in messages that follow. N02"""

    number: int
    criteria: tuple[MonitorCriterion, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadStreams:
    """Which streams are open? N12"""


@dataclass(frozen=True, slots=True)
class AdjustStream:
    """N14"""

    number: int
    rate: StreamRate
