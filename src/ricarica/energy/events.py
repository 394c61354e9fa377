from dataclasses import dataclass

from ricarica.kernel.ids import EvseNumber, StationKey


@dataclass(frozen=True, slots=True)
class ChargingProfileChanged:
    """What we want of a station, or what became of it. `outcome`: of the last word about it."""

    station: StationKey
    evse: EvseNumber
    profile: int
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class ChargingProfilesReported:
    station: StationKey
    evse: EvseNumber
    count: int


@dataclass(frozen=True, slots=True)
class ChargingLimitChanged:
    """Somebody else limits a station, or no longer."""

    station: StationKey
    evse: EvseNumber
    source: str
    is_grid_critical: bool
    cleared: bool


@dataclass(frozen=True, slots=True)
class ChargingNeedsTold:
    """What a car asked for, and what we answered."""

    station: StationKey
    evse: EvseNumber
    transaction: str | None
    answer: str


@dataclass(frozen=True, slots=True)
class CarScheduleReceived:
    station: StationKey
    evse: EvseNumber
    transaction: str | None
    within_limits: bool


@dataclass(frozen=True, slots=True)
class CompositeTold:
    """A station said what will hold at one of its EVSEs."""

    station: StationKey
    evse: EvseNumber


@dataclass(frozen=True, slots=True)
class PriorityChargingChanged:
    station: StationKey
    transaction: str
    active: bool


@dataclass(frozen=True, slots=True)
class DerControlChanged:
    station: StationKey
    control: str
    outcome: str | None = None


@dataclass(frozen=True, slots=True)
class DerControlRan:
    """A scheduled control began, or ended."""

    station: StationKey
    control: str
    started: bool


@dataclass(frozen=True, slots=True)
class DerAlarmChanged:
    """A control of the grid makes the station deviate from its schedule, or no longer."""

    station: StationKey
    control: str  # its kind
    fault: str | None
    ended: bool
