"""One command for many stations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from ricarica.engine.bulk import JobState
from ricarica.kernel.ids import StationId
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.visit import Page, Section

JOB_STATES: Mapping[JobState, str] = {
    JobState.RUNNING: msgid("Running"),
    JobState.DONE: msgid("Done"),
    JobState.STOPPED: msgid("Stopped: too much went wrong"),
    JobState.CANCELLED: msgid("Cancelled"),
}
JOB_SYMBOLS: Mapping[JobState, str] = {
    JobState.RUNNING: "preparing",
    JobState.DONE: "done",
    JobState.STOPPED: "faulted",
    JobState.CANCELLED: "unavailable",
}
# In the order in which they are shown.
TARGET_STATES: Mapping[str, str] = {
    "accepted": msgid("Accepted"),
    "refused": msgid("Refused"),
    "unsupported": msgid("Not supported"),
    "unknown": msgid("Unknown outcome"),
    "skipped": msgid("Skipped: not connected"),
    "kept": msgid("Kept until it is back"),
    "sent": msgid("Sent"),
    "waiting": msgid("Waiting"),
    "cancelled": msgid("Cancelled"),
}
TARGET_SYMBOLS: Mapping[str, str] = {
    "accepted": "done",
    "refused": "unavailable",
    "unsupported": "unavailable",
    "unknown": "unknown",
    "skipped": "offline",
    "kept": "reserved",
    "sent": "preparing",
    "waiting": "available",
    "cancelled": "close",
}
# Neutral commands that make sense for many, with the fields of theirs that the form has.
COMMANDS: Mapping[str, str] = {
    "clear-cache": msgid("Clear the token cache"),
    "reset": msgid("Restart the station"),
    "availability": msgid("Change availability"),
    "trigger": msgid("Ask for a report"),
    "settings": msgid("Write a setting"),
    "unlock": msgid("Unlock a connector"),
    "charging-limit": msgid("Limit charging"),
    "raw": msgid("Another, or an action of OCPP"),
}


@dataclass(frozen=True, slots=True)
class JobRow:
    id: str
    name: str
    body_json: str
    state: JobState
    stations: int
    counts: Mapping[str, int]
    made_by: str
    made_at: datetime
    why: str | None = None
    ended_at: datetime | None = None

    @property
    def told(self) -> int:
        return self.stations - self.counts.get("waiting", 0) - self.counts.get("sent", 0)

    @property
    def percent(self) -> int:
        return 100 * self.told // self.stations if self.stations else 100


@dataclass(frozen=True, slots=True)
class JobsPage(Page):
    """GET /commands"""

    template: ClassVar[str] = "bulk/page.html"
    section: ClassVar[Section | None] = Section.COMMANDS
    rows: tuple[JobRow, ...]
    pager: Pager = field(default_factory=Pager)

    @property
    def is_running(self) -> bool:
        return any(row.state is JobState.RUNNING for row in self.rows)


@dataclass(frozen=True, slots=True)
class JobForm(Page):
    """GET and POST /commands/new; `typed` by field name, `found` after a look at who fits."""

    template: ClassVar[str] = "bulk/form.html"
    section: ClassVar[Section | None] = Section.COMMANDS
    words: Mapping[str, tuple[str, ...]]
    sites: tuple[Choice, ...]
    typed: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None
    found: int | None = None
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetRow:
    station: StationId
    state: str
    status: str | None
    detail: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class JobPage(Page):
    """GET /commands/{id}"""

    template: ClassVar[str] = "bulk/job.html"
    section: ClassVar[Section | None] = Section.COMMANDS
    job: JobRow
    selection: tuple[tuple[str, str], ...]
    pace: int
    rows: tuple[TargetRow, ...]
    pager: Pager = field(default_factory=Pager)
    state: str = ""
    query: str = ""
