from dataclasses import dataclass

from ricarica.diagnostics.model import LogState
from ricarica.kernel.ids import StationKey


@dataclass(frozen=True, slots=True)
class LogProgressed:
    station: StationKey
    number: int
    state: LogState
