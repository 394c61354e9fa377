"""What stations tell of limits, of what cars need, and of the grid."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.der import DerControl, DerKind
from ricarica.energy.model import Amounts, Profile, Schedule
from ricarica.kernel.ids import EvseNumber, StationKey


@dataclass(frozen=True, slots=True)
class LimitTold:
    """K11–K14: somebody else limits the station, or one of its EVSEs."""

    station: StationKey
    evse: EvseNumber
    source: str
    at: datetime
    schedules: tuple[Schedule, ...] = ()
    is_local_generation: bool = False  # it is more, not less
    is_grid_critical: bool = False


@dataclass(frozen=True, slots=True)
class LimitLifted:
    """K13. Without an EVSE: everywhere."""

    station: StationKey
    source: str
    at: datetime
    evse: EvseNumber | None = None


class Needs(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a car asks for: powers in W, energies in Wh, currents in A.

    `details`: all that it told besides, in the words of ISO 15118.
    """

    transfer: EnergyTransfer
    available: tuple[EnergyTransfer, ...] = ()
    departs_at: datetime | None = None
    energy_wh: Decimal | None = None
    charge_w_min: Decimal | None = None
    charge_w_max: Decimal | None = None
    charge_a_max: Decimal | None = None
    discharge_w_max: Decimal | None = None
    phases: int | None = None
    has_phases: bool = False  # it said powers for each phase
    soc_percent: int | None = None
    target_soc_percent: int | None = None
    is_dynamic: bool = False  # we decide from moment to moment, rather than the car by a schedule
    is_bidirectional_protocol: bool = False  # ISO 15118-20, where refusals end transactions
    der_controls: tuple[DerKind, ...] = ()
    details: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class NeedsTold:
    """K15–K20. `tuples_max`: how many periods the car can take."""

    station: StationKey
    evse: EvseNumber
    needs: Needs
    at: datetime
    tuples_max: int | None = None


class NeedsAnswer(StrEnum):
    ACCEPTED = "accepted"  # a profile follows
    REJECTED = "rejected"  # no such transfer; by ISO 15118-2 also: no profile
    PROCESSING = "processing"  # K15.FR.05, K17.FR.05: for whoever plans at leisure
    NO_PROFILE = "no_profile"  # what else holds shall hold


@dataclass(frozen=True, slots=True)
class CarScheduleTold:
    """K15: what the car says it is going to do."""

    station: StationKey
    evse: EvseNumber
    schedule: Schedule
    base_at: datetime
    at: datetime
    selected: int | None = None  # which of our schedules it chose


@dataclass(frozen=True, slots=True)
class ProfilesReported:
    """K09: one page of what is installed at an EVSE."""

    station: StationKey
    evse: EvseNumber
    source: str
    profiles: tuple[Profile, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class PriorityTold:
    """K21, K22."""

    station: StationKey
    transaction: str
    active: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class DerReported:
    """R04: one control that is installed."""

    station: StationKey
    control: DerControl
    superseded: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class DerAlarmTold:
    station: StationKey
    kind: DerKind
    at: datetime
    fault: str | None = None
    info: str | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class DerRan:
    """R04.FR.20–22: a scheduled control began or ended."""

    station: StationKey
    id: str
    started: bool
    at: datetime
    superseded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pulled:
    """K28: the answer to a station that asks for new amounts; None: there is no such profile."""

    amounts: Amounts | None
