"""What stations are told about power and energy."""

from dataclasses import dataclass
from datetime import datetime

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.der import DerControl, DerKind
from ricarica.energy.model import Amounts, Profile, Purpose, Unit
from ricarica.kernel.ids import EvseNumber
from ricarica.transactions.commands import StartCharging


@dataclass(frozen=True, slots=True)
class SetProfile:
    """K01. On EVSE 0 it is for the whole station, or for all of its EVSEs."""

    evse: EvseNumber
    profile: Profile


@dataclass(frozen=True, slots=True)
class StartLimited:
    """K05: a transaction that begins with a profile of its own."""

    start: StartCharging
    profile: Profile


@dataclass(frozen=True, slots=True)
class ClearProfiles:
    """K10: by its id, or all that the rest describes."""

    id: int | None = None
    evse: EvseNumber | None = None
    purpose: Purpose | None = None
    stack_level: int | None = None


@dataclass(frozen=True, slots=True)
class AskProfiles:
    """K09: they follow in reports with this number. By their ids, or all the rest describes."""

    number: int
    evse: EvseNumber | None = None
    ids: tuple[int, ...] = ()
    purpose: Purpose | None = None
    stack_level: int | None = None
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AskComposite:
    """K08: what comes of all profiles, from now on. EVSE 0: for the whole station."""

    evse: EvseNumber
    duration_s: int
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class UpdateDynamic:
    """K28: new amounts for a dynamic profile, at once."""

    id: int
    amounts: Amounts


@dataclass(frozen=True, slots=True)
class UsePriority:
    """K21: let a transaction go before others, or no longer."""

    transaction: str  # its name between us and the station
    activate: bool


@dataclass(frozen=True, slots=True)
class AllowTransfers:
    """Q02: how energy may flow in a running transaction, which changes what was said before."""

    transaction: str
    transfers: tuple[EnergyTransfer, ...]


@dataclass(frozen=True, slots=True)
class SignalFrequency:
    """Q08: the grid's operator asks for more or less; aFRR."""

    at: datetime
    signal: int


@dataclass(frozen=True, slots=True)
class SetDer:
    control: DerControl


@dataclass(frozen=True, slots=True)
class AskDer:
    """R04: they follow in reports with this number; without anything else, all there are."""

    number: int
    is_default: bool | None = None
    kind: DerKind | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class ClearDer:
    """R04: one by its id, or all defaults or all scheduled ones, of one kind or of any."""

    is_default: bool
    kind: DerKind | None = None
    id: str | None = None
