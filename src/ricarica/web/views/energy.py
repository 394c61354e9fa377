"""Limits, charging profiles, what cars ask for, and controls of the grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar

from ricarica.energy.der import DerKind
from ricarica.energy.facts import NeedsAnswer
from ricarica.energy.model import Purpose
from ricarica.web.translations import msgid
from ricarica.web.views.charts import Chart
from ricarica.web.views.commands import CommandOutcome
from ricarica.web.views.lists import Choice
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section


class Standing(StrEnum):
    """How far a profile is from what is wanted."""

    IN_STEP = "in_step"
    WAITING = "waiting"
    LEAVING = "leaving"
    REFUSED = "refused"
    UNSAYABLE = "unsupported"
    FOREIGN = "foreign"


STANDING_LABELS: Mapping[Standing, str] = {
    Standing.IN_STEP: msgid("Installed"),
    Standing.WAITING: msgid("Not installed yet"),
    Standing.LEAVING: msgid("To be removed"),
    Standing.REFUSED: msgid("Refused"),
    Standing.UNSAYABLE: msgid("Not possible there"),
    Standing.FOREIGN: msgid("Set by others"),
}
STANDING_SYMBOLS: Mapping[Standing, str] = {
    Standing.IN_STEP: "done",
    Standing.WAITING: "preparing",
    Standing.LEAVING: "preparing",
    Standing.REFUSED: "faulted",
    Standing.UNSAYABLE: "unavailable",
    Standing.FOREIGN: "unknown",
}
PURPOSE_LABELS: Mapping[Purpose, str] = {
    Purpose.STATION_MAX: msgid("Whole station"),
    Purpose.TX_DEFAULT: msgid("Every transaction"),
    Purpose.TRANSACTION: msgid("One transaction"),
    Purpose.PRIORITY: msgid("Priority"),
    Purpose.LOCAL_GENERATION: msgid("Generated on site"),
    Purpose.EXTERNAL: msgid("From outside"),
}
ANSWER_LABELS: Mapping[NeedsAnswer, str] = {
    NeedsAnswer.ACCEPTED: msgid("gets a profile"),
    NeedsAnswer.REJECTED: msgid("rejected"),
    NeedsAnswer.PROCESSING: msgid("gets a profile later"),
    NeedsAnswer.NO_PROFILE: msgid("gets no profile of its own"),
}
DER_LABELS: Mapping[DerKind, str] = {
    DerKind.ENTER_SERVICE: msgid("Enter service"),
    DerKind.FREQ_DROOP: msgid("Frequency droop"),
    DerKind.FREQ_WATT: msgid("Frequency-watt curve"),
    DerKind.FIXED_PF_ABSORB: msgid("Fixed power factor, absorbing"),
    DerKind.FIXED_PF_INJECT: msgid("Fixed power factor, injecting"),
    DerKind.FIXED_VAR: msgid("Fixed reactive power"),
    DerKind.GRADIENTS: msgid("Gradients"),
    DerKind.HF_MUST_TRIP: msgid("High frequency, must trip"),
    DerKind.HF_MAY_TRIP: msgid("High frequency, may trip"),
    DerKind.HV_MUST_TRIP: msgid("High voltage, must trip"),
    DerKind.HV_MOM_CESS: msgid("High voltage, momentary cessation"),
    DerKind.HV_MAY_TRIP: msgid("High voltage, may trip"),
    DerKind.LIMIT_MAX_DISCHARGE: msgid("Limit of discharge"),
    DerKind.LF_MUST_TRIP: msgid("Low frequency, must trip"),
    DerKind.LV_MUST_TRIP: msgid("Low voltage, must trip"),
    DerKind.LV_MOM_CESS: msgid("Low voltage, momentary cessation"),
    DerKind.LV_MAY_TRIP: msgid("Low voltage, may trip"),
    DerKind.POWER_MONITORING_MUST_TRIP: msgid("Power monitoring, must trip"),
    DerKind.VOLT_VAR: msgid("Volt-var curve"),
    DerKind.VOLT_WATT: msgid("Volt-watt curve"),
    DerKind.WATT_PF: msgid("Watt-power factor curve"),
    DerKind.WATT_VAR: msgid("Watt-var curve"),
}


@dataclass(frozen=True, slots=True)
class EnergyRow:
    """A station in the list."""

    id: str
    profiles: int
    out_of_step: int
    limits: int
    is_critical: bool
    controls: int
    alarms: int
    with_priority: int
    needs_at: datetime | None


@dataclass(frozen=True, slots=True)
class RuleForm:
    """`url`: where it is decided."""

    url: str
    power_kw: Decimal | None
    transfers: tuple[Choice, ...]
    chosen: frozenset[str]
    is_own: bool = True
    """False: what is shown is what holds for all."""
    decides_transfers: bool = False


@dataclass(frozen=True, slots=True)
class EnergyPage(Page):
    """GET /energy"""

    template: ClassVar[str] = "energy/list.html"
    section: ClassVar[Section | None] = Section.ENERGY
    rows: tuple[EnergyRow, ...]
    rule: RuleForm
    may_act: bool = False
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ProfileRow:
    number: int
    evse: int
    purpose: Purpose
    amounts: str
    stack_level: int
    standing: Standing
    at: datetime | None
    detail: str | None
    source: str
    json: str
    may_remove: bool
    is_dynamic: bool = False

    @property
    def symbol(self) -> str:
        return STANDING_SYMBOLS[self.standing]


@dataclass(frozen=True, slots=True)
class LimitRow:
    evse: int
    source: str
    amounts: str
    at: datetime
    is_critical: bool
    is_local: bool
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True)
class CarRow:
    """What a car asked for at an EVSE, and what it plans."""

    evse: int
    transfer: str | None
    at: datetime | None
    energy_wh: Decimal | None
    charge_w: Decimal | None
    discharge_w: Decimal | None
    departs_at: datetime | None
    answer: NeedsAnswer | None
    plan: str | None
    plan_fits: bool | None
    has_priority: bool
    transaction: str | None
    json: str | None = None


@dataclass(frozen=True, slots=True)
class ControlRow:
    id: str
    kind: DerKind
    priority: int
    is_default: bool
    standing: Standing
    is_superseded: bool
    is_running: bool
    start_at: datetime | None
    ends_at: datetime | None
    detail: str | None
    json: str

    @property
    def symbol(self) -> str:
        return STANDING_SYMBOLS[self.standing]


@dataclass(frozen=True, slots=True)
class AlarmRow:
    kind: DerKind
    fault: str | None
    info: str | None
    at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Doubts:
    """What only the station knows of what will hold."""

    delay_s: int | None = None
    """By chance a limit may begin so much later."""
    less_from_soc: int | None = None
    """From this state of charge on, in percent, a car gets less."""
    by_unknown_clock: bool = False
    """It goes by the station's clock, which was taken for UTC."""


@dataclass(frozen=True, slots=True)
class StationEnergy:
    """All of it, as it is now; a part that stays live."""

    template: ClassVar[str] = "energy/state.html"
    id: str
    evse: int
    """The one whose future is shown; 0 is the whole station."""
    evses: tuple[int, ...]
    chart: Chart
    doubts: Doubts
    told_at: datetime | None
    profiles: tuple[ProfileRow, ...]
    limits: tuple[LimitRow, ...]
    cars: tuple[CarRow, ...]
    controls: tuple[ControlRow, ...]
    alarms: tuple[AlarmRow, ...]
    may_act: bool
    is_connected: bool


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What became of a form: the answer, in its place."""

    template: ClassVar[str] = "energy/outcome.html"
    outcome: CommandOutcome
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class StationEnergyPage(Page):
    """GET /stations/{id}/energy"""

    template: ClassVar[str] = "energy/station.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    state: StationEnergy
    rule: RuleForm
    can: frozenset[str]
    """Names of the orders that the station's dialect has words for."""
    purposes: tuple[Choice, ...]
    transactions: tuple[str, ...] = ()

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}",)
