"""When people are to be called, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from ricarica.configuration.templates import Applies
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import EventId, StationId, TenantId

NAME_LENGTH_MAX = 100
THRESHOLD_MAX = 1_000
WINDOW_MAX = timedelta(days=7)
TEXT_LENGTH_MAX = 500
NOTE_LENGTH_MAX = 500

OFFLINE = "offline"
"""In place of the kind of an event: a station is away for as long as the rule says."""
SUBJECTS = ("name", "kind", "campaign", "action", "slot", "evse")
"""Members of an event that tell what at the station it is about, the first that it has."""


NOWHERE = StationId("")  # before all stations; that of an alert about none


@dataclass(frozen=True, slots=True)
class Span:
    """Stations as the database orders them: those behind the one, up to the other."""

    after: StationId = NOWHERE
    until: StationId | None = None  # None: to the last


EVERYWHERE = Span()


class Level(StrEnum):
    """How soon somebody has to look."""

    CRITICAL = "critical"
    WARNING = "warning"
    NOTICE = "notice"


class AlertState(StrEnum):
    COUNTING = "counting"  # it happened, but not yet as often as the rule says
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Matches:
    """Which events. Empty or None: any. Texts may have * in them, and any case.

    `name` is the variable, e.g. `*Lock*.Problem`; `members` are values that the event must have,
    as it stands in the stream of events.
    """

    name: str = ""
    severity_max: int | None = None
    value: str = ""
    code: str = ""
    members: Mapping[str, str] = field(default_factory=dict)

    def event(self, body: Mapping[str, Any]) -> bool:
        severity = body.get("severity")
        if self.severity_max is not None and (severity is None or severity > self.severity_max):
            return False
        named = {"name": self.name, "value": self.value, "code": self.code, **self.members}
        return all(_is_like(body.get(member), wanted) for member, wanted in named.items())


def _is_like(told: Any, wanted: str) -> bool:
    if not wanted:
        return True
    text = "" if told is None else str(told).lower() if isinstance(told, bool) else str(told)
    return fnmatchcase(text.casefold(), wanted.casefold())


@dataclass(frozen=True, slots=True)
class Rule:
    """`kind` is that of an announced event, e.g. StationNoticed; or OFFLINE.

    Called for the `threshold`th time within `window`; and again no sooner than `cool_down` after
    somebody resolved it. `lasting`: how long a station has to be away.
    """

    tenant: TenantId
    id: str
    name: str
    kind: str
    level: Level = Level.WARNING
    matches: Matches = field(default_factory=Matches)
    applies: Applies = field(default_factory=Applies)
    threshold: int = 1
    window: timedelta = timedelta(hours=1)
    cool_down: timedelta = timedelta()
    lasting: timedelta = timedelta(minutes=10)
    is_active: bool = True
    is_default: bool = False  # ours, unless somebody changed it


def check(rule: Rule) -> None:
    """
    Raises:
        InvalidError: it cannot be carried out; the text says what is wrong.
    """
    if not 0 < len(rule.name) <= NAME_LENGTH_MAX:
        raise InvalidError(f"name: 1 to {NAME_LENGTH_MAX} characters")
    if not 0 < len(rule.kind) <= NAME_LENGTH_MAX:
        raise InvalidError("kind: that of an event, e.g. StationNoticed, or offline")
    if not 1 <= rule.threshold <= THRESHOLD_MAX:
        raise InvalidError(f"threshold is 1 to {THRESHOLD_MAX}")
    for name in ("window", "cool_down", "lasting"):
        if not timedelta() <= getattr(rule, name) <= WINDOW_MAX:
            raise InvalidError(f"{name} is at most a week")


@dataclass(frozen=True, slots=True)
class Happened:
    """An announced event, as the rules look at it."""

    id: EventId
    kind: str
    at: datetime
    station: StationId | None
    body: Mapping[str, Any]

    @property
    def subject(self) -> str:
        told = (self.body.get(member) for member in SUBJECTS)
        return next((str(each) for each in told if each not in (None, "")), "")

    @property
    def is_over(self) -> bool:
        """It tells that what a former one told of has passed."""
        return self.body.get("cleared") is True

    @property
    def text(self) -> str:
        words = (
            self.body.get(member)
            for member in ("name", "value", "kind", "action", "code", "info", "why", "reason")
        )
        return " ".join(str(word) for word in words if word not in (None, ""))[:TEXT_LENGTH_MAX]


@dataclass(frozen=True, slots=True)
class Alert:
    """One per rule, station and subject at a time. `station` is empty where there is none."""

    tenant: TenantId
    station: StationId
    id: EventId
    rule: str
    subject: str
    name: str  # of the rule, as it was then
    level: Level
    state: AlertState
    text: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    severity: int | None = None
    event: EventId | None = None  # the last that led to it
    by: str | None = None  # who acknowledged or resolved it; nobody: it passed by itself
    changed_at: datetime | None = None
    note: str | None = None

    @property
    def is_current(self) -> bool:
        return self.state in (AlertState.OPEN, AlertState.ACKNOWLEDGED)


def after_one_more(alert: Alert, rule: Rule, happened: Happened) -> Alert | None:
    """The alert as it stands after it happened once more; None: it begins anew."""
    at = happened.at
    if alert.state is AlertState.RESOLVED:
        is_cooling = alert.changed_at is not None and at < alert.changed_at + rule.cool_down
        return _counted(alert, happened) if is_cooling else None
    if alert.state is AlertState.COUNTING:
        if at > alert.first_at + rule.window:
            return None
        counted = _counted(alert, happened)
        is_enough = counted.count >= rule.threshold
        return replace(counted, state=AlertState.OPEN, changed_at=at) if is_enough else counted
    return _counted(alert, happened)


def _counted(alert: Alert, happened: Happened) -> Alert:
    return replace(
        alert,
        count=alert.count + 1,
        last_at=max(alert.last_at, happened.at),
        text=happened.text or alert.text,
        event=happened.id,
    )
