"""What is wanted of a station, and how near it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from ricarica.engine.upkeep import State as UpkeepState
from ricarica.kernel.ids import StationId
from ricarica.web.translations import msgid

UPKEEP_STATES: Mapping[UpkeepState, str] = {
    UpkeepState.IN_STEP: msgid("In step"),
    UpkeepState.MENDING: msgid("Being brought in step"),
    UpkeepState.REFUSED: msgid("Refused by the station"),
    UpkeepState.UNSUPPORTED: msgid("Not supported by the station"),
}
UPKEEP_SYMBOLS: Mapping[UpkeepState, str] = {
    UpkeepState.IN_STEP: "done",
    UpkeepState.MENDING: "preparing",
    UpkeepState.REFUSED: "faulted",
    UpkeepState.UNSUPPORTED: "unavailable",
}
UPKEEP_KINDS: Mapping[str, str] = {
    "settings": msgid("Settings"),
    "monitors": msgid("Monitors"),
    "local_list": msgid("Local list of tokens"),
    "displays": msgid("Display messages"),
    "certificates": msgid("Certificates"),
    "network_profiles": msgid("Network profiles"),
    "default_tariff": msgid("Default tariff"),
    "charging_profiles": msgid("Charging profiles"),
}


@dataclass(frozen=True, slots=True)
class UpkeepRow:
    kind: str
    state: UpkeepState
    since: datetime
    detail: str | None = None
    next_at: datetime | None = None

    @property
    def label(self) -> str:
        return UPKEEP_KINDS.get(self.kind, self.kind)


@dataclass(frozen=True, slots=True)
class StationUpkeep:
    """GET /fragments/stations/{id}/upkeep"""

    template: ClassVar[str] = "stations/upkeep.html"
    station: StationId
    rows: tuple[UpkeepRow, ...]
