"""What stations watch by themselves, and what they told of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from ricarica.configuration.model import name_from
from ricarica.configuration.templates import MonitorType, StreamRate, WantedMonitor
from ricarica.kernel.clock import is_plausible
from ricarica.kernel.ids import EventId, StationKey

MONITORS_MAX = 2_000  # of one station; what stations make up must not fill the disk
STREAMS_MAX = 16  # of one station at once; more than a person can look at
INTERVAL_S_MIN = 1  # between two messages of one stream
VALUES_MAX = 1_000  # in one message of a stream
BLOCKS = 64  # messages that are kept of each stream
GROWTHS = 3  # messages in a row that leave more behind than the one before. N15.FR.05
NOTE_LENGTH_MAX = 500
# A clock that begins anew with each boot tells other events by the same time and number.
REPEATED_WITHIN = timedelta(days=1)
# What a database can hold, whatever offset a station gives it.
FIRST_DAY = datetime(1, 1, 2, tzinfo=UTC)
LAST_DAY = datetime(9999, 12, 30, tzinfo=UTC)


class Origin(StrEnum):
    """Where a monitor, or an event, comes from."""

    NOTIFICATION = "notification"  # hard-wired, without a monitor
    HARD_WIRED = "hard_wired"
    PRECONFIGURED = "preconfigured"
    CUSTOM = "custom"


class ActiveMonitors(StrEnum):
    """Which monitors are at work. N03"""

    ALL = "all"
    FACTORY = "factory"
    HARD_WIRED = "hard_wired"


class MonitorCriterion(StrEnum):
    THRESHOLD = "threshold"
    DELTA = "delta"
    PERIODIC = "periodic"


class Trigger(StrEnum):
    ALERTING = "alerting"
    DELTA = "delta"
    PERIODIC = "periodic"


@dataclass(frozen=True, slots=True)
class Monitor:
    """One that a station has. `number` is its own name for it, and may change when it boots."""

    station: StationKey
    number: int
    name: str
    type: MonitorType
    value: Decimal
    severity: int
    reported_at: datetime
    during_transaction: bool = False
    origin: Origin | None = None  # None: 2.0.1 does not say
    stream: StreamRate | None = None

    @property
    def identity(self) -> tuple[str, MonitorType, int]:
        return self.name.casefold(), self.type, self.severity

    def is_as(self, wanted: WantedMonitor) -> bool:
        is_same = self.value == wanted.value
        return is_same and self.during_transaction == wanted.during_transaction


class ReportState(StrEnum):
    ASKED = "asked"
    TOLD = "told"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A monitor that a station would not take."""

    wanted: WantedMonitor
    why: str


@dataclass(frozen=True, slots=True)
class Monitoring:
    """What is known of a station's monitoring as a whole."""

    station: StationKey
    state: ReportState
    asked_at: datetime
    number: int = 0  # names the report that was asked for
    base: ActiveMonitors | None = None
    level: int | None = None
    told_at: datetime | None = None
    refused: tuple[Refusal, ...] = ()
    unsayable: tuple[str, ...] = ()  # base, level: what it would not do


@dataclass(frozen=True, slots=True)
class StationEvent:
    """Something a station noticed. `at` is by its clock, however absurd; `number` is its own name
    for it."""

    station: StationKey
    id: EventId
    at: datetime
    received_at: datetime
    name: str  # of a variable, as in `SettingName`
    value: str
    severity: int | None = None
    cleared: bool = False
    trigger: Trigger | None = None
    origin: Origin | None = None
    number: int | None = None
    cause: int | None = None  # the number of the event that led to this one
    code: str | None = None
    info: str | None = None
    transaction: str | None = None
    monitor: int | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    note: str | None = None

    @property
    def natural_key(self) -> tuple[datetime, int, str]:
        """N07: what makes it the same event when it is told again."""
        return self.at, self.number or 0, self.name

    @property
    def is_placed(self) -> bool:
        return is_plausible(self.at, self.received_at)

    @property
    def placed_at(self) -> datetime:
        """When it happened, as far as the station's clock can tell."""
        return self.at if self.is_placed else self.received_at

    def repeats(self, known: "StationEvent") -> bool:
        """Whether it is that one, told again."""
        is_soon = self.received_at - known.received_at <= REPEATED_WITHIN
        return self.natural_key == known.natural_key and (self.is_placed or is_soon)

    @property
    def evse(self) -> int | None:
        return name_from(self.name).evse


@dataclass(frozen=True, slots=True)
class Stream:
    """Values that a station sends without being answered. They are looked at, and never billed."""

    station: StationKey
    number: int
    opened_at: datetime
    monitor: int | None = None
    name: str = ""  # of the variable, once it is known
    rate: StreamRate | None = None
    received: int = 0  # messages
    pending: int = 0  # values that the station has not sent yet
    growing: int = 0  # messages in a row that left more behind
    last_at: datetime | None = None
    last_value: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    at: datetime
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """The values of one message; the oldest block gives way to the newest."""

    station: StationKey
    stream: int
    slot: int
    samples: tuple[Sample, ...]


def storable(at: datetime) -> datetime:
    return min(max(at, FIRST_DAY), LAST_DAY)


# -- drift


class MonitorStanding(StrEnum):
    IN_STEP = "in_step"
    DIFFERS = "differs"
    MISSING = "missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class MonitorDrift:
    wanted: WantedMonitor
    standing: MonitorStanding
    actual: Monitor | None = None
    why: str | None = None


def drift_of(
    wanted: Iterable[WantedMonitor], actual: Iterable[Monitor], refused: Iterable[Refusal] = ()
) -> list[MonitorDrift]:
    """How each wanted monitor stands. What a station has besides is left to it."""
    known = {monitor.identity: monitor for monitor in actual}
    refusals: Mapping[WantedMonitor, str] = {each.wanted: each.why for each in refused}
    return [_drift(each, known.get(each.identity), refusals.get(each)) for each in wanted]


def _drift(wanted: WantedMonitor, actual: Monitor | None, why: str | None) -> MonitorDrift:
    if actual is not None and actual.is_as(wanted):
        return MonitorDrift(wanted, MonitorStanding.IN_STEP, actual)
    if why is not None:
        return MonitorDrift(wanted, MonitorStanding.REFUSED, actual, why)
    standing = MonitorStanding.MISSING if actual is None else MonitorStanding.DIFFERS
    return MonitorDrift(wanted, standing, actual)
