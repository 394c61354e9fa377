"""Firmware, logs, and the second back end of a station."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from ricarica.diagnostics.model import LogKind, LogRequest, LogState
from ricarica.engine.forwarding import Forward, Line, Mode, Standing
from ricarica.firmware.campaigns import CampaignState, Plan, Target, TargetState
from ricarica.firmware.images import Image, Root
from ricarica.firmware.queries import CampaignView, UpdateView
from ricarica.firmware.updates import UpdateState
from ricarica.kernel.ids import StationId
from ricarica.web.translations import msgid
from ricarica.web.views.lists import Choice, Pager
from ricarica.web.views.stations import StationHead
from ricarica.web.views.visit import Page, Section

UPDATE_LABELS: Mapping[UpdateState, str] = {
    UpdateState.ORDERED: msgid("Ordered"),
    UpdateState.ACCEPTED: msgid("Accepted"),
    UpdateState.REFUSED: msgid("Refused"),
    UpdateState.SCHEDULED: msgid("Scheduled"),
    UpdateState.DOWNLOADING: msgid("Downloading"),
    UpdateState.DOWNLOADED: msgid("Downloaded"),
    UpdateState.INSTALLING: msgid("Installing"),
    UpdateState.INSTALLED: msgid("Installed, not yet booted"),
    UpdateState.CONFIRMED: msgid("Running"),
    UpdateState.PUBLISHED: msgid("Offered to others"),
    UpdateState.FAILED: msgid("Failed"),
    UpdateState.CANCELLED: msgid("Cancelled"),
}
CAMPAIGN_LABELS: Mapping[CampaignState, str] = {
    CampaignState.RUNNING: msgid("Under way"),
    CampaignState.PAUSED: msgid("Paused"),
    CampaignState.HALTED: msgid("Halted by itself"),
    CampaignState.CANCELLED: msgid("Cancelled"),
    CampaignState.DONE: msgid("Done"),
}
TARGET_LABELS: Mapping[TargetState, str] = {
    TargetState.WAITING: msgid("Waiting"),
    TargetState.ORDERED: msgid("Under way"),
    TargetState.VERIFYING: msgid("Being verified"),
    TargetState.DONE: msgid("Done"),
    TargetState.FAILED: msgid("Failed"),
    TargetState.SKIPPED: msgid("Skipped"),
    TargetState.CANCELLED: msgid("Cancelled"),
}
LOG_LABELS: Mapping[LogState, str] = {
    LogState.ORDERED: msgid("Asked for"),
    LogState.ACCEPTED: msgid("Accepted"),
    LogState.REFUSED: msgid("Refused"),
    LogState.UPLOADING: msgid("Uploading"),
    LogState.RECEIVED: msgid("Here"),
    LogState.MISSING: msgid("Said to be sent, but not here"),
    LogState.FAILED: msgid("Failed"),
    LogState.CANCELLED: msgid("Cancelled"),
    LogState.DISCARDED: msgid("Deleted"),
}
LOG_KIND_LABELS: Mapping[LogKind, str] = {
    LogKind.DIAGNOSTICS: msgid("Diagnostics"),
    LogKind.SECURITY: msgid("Security log"),
    LogKind.DATA_COLLECTOR: msgid("Data collector"),
}
MODE_LABELS: Mapping[Mode, str] = {
    Mode.COPY: msgid("It only listens"),
    Mode.SECOND: msgid("It may command too"),
}
LINE_LABELS: Mapping[Line, str] = {
    Line.OFF: msgid("Not connected"),
    Line.CONNECTED: msgid("Connected"),
    Line.WAITING: msgid("Trying to connect"),
}
# The names of symbols, which are also those of colours.
STATE_SYMBOLS: Mapping[str, str] = {
    "confirmed": "available",
    "published": "available",
    "received": "available",
    "done": "available",
    "connected": "online",
    "failed": "faulted",
    "refused": "faulted",
    "halted": "faulted",
    "missing": "faulted",
    "cancelled": "unavailable",
    "discarded": "unavailable",
    "skipped": "unavailable",
    "off": "offline",
    "paused": "suspended",
    "waiting": "pending",
    "ordered": "pending",
}


@dataclass(frozen=True, slots=True)
class FirmwarePage(Page):
    """GET /firmware"""

    template: ClassVar[str] = "firmware/page.html"
    section: ClassVar[Section | None] = Section.FIRMWARE
    images: tuple[Image, ...]
    campaigns: tuple[CampaignView, ...]
    updates: tuple[UpdateView, ...]
    roots: tuple[Root, ...]

    @property
    def watches(self) -> tuple[str, ...]:
        return ("firmware",)


@dataclass(frozen=True, slots=True)
class ImageForm(Page):
    """GET and POST /firmware/images/new; `error`: what was wrong with what was sent."""

    template: ClassVar[str] = "firmware/image.html"
    section: ClassVar[Section | None] = Section.FIRMWARE
    error: str | None = None


@dataclass(frozen=True, slots=True)
class RootForm(Page):
    """GET and POST /firmware/roots/new"""

    template: ClassVar[str] = "firmware/root.html"
    section: ClassVar[Section | None] = Section.FIRMWARE
    vendor: str = ""
    pem: str = ""
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CampaignForm(Page):
    """GET and POST /firmware/campaigns/new; `typed` by field name. `fitting`: stations so far."""

    template: ClassVar[str] = "firmware/begin.html"
    section: ClassVar[Section | None] = Section.FIRMWARE
    images: tuple[Image, ...]
    sites: tuple[Choice, ...]
    typed: Mapping[str, str]
    fitting: int = 0
    plan: Plan = field(default_factory=Plan)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class CampaignPage(Page):
    """GET /firmware/campaigns/{id}"""

    template: ClassVar[str] = "firmware/campaign.html"
    section: ClassVar[Section | None] = Section.FIRMWARE
    campaign: CampaignView
    targets: tuple[Target, ...]
    pager: Pager

    @property
    def watches(self) -> tuple[str, ...]:
        return ("firmware",)

    @property
    def done_percent(self) -> int:
        over = ("done", "failed", "skipped", "cancelled")
        count = sum(n for state, n in self.campaign.counts.items() if state in over)
        return round(100 * count / max(self.campaign.size, 1))


@dataclass(frozen=True, slots=True)
class LogsPage(Page):
    """GET /logs"""

    template: ClassVar[str] = "files/page.html"
    section: ClassVar[Section | None] = Section.FILES
    logs: tuple[LogRequest, ...]
    pager: Pager

    @property
    def watches(self) -> tuple[str, ...]:
        return ("logs",)


@dataclass(frozen=True, slots=True)
class LogText(Page):
    """GET /logs/{station}/{number}; `text` is None for what is no text."""

    template: ClassVar[str] = "files/log.html"
    section: ClassVar[Section | None] = Section.FILES
    log: LogRequest
    text: str | None
    pager: Pager


@dataclass(frozen=True, slots=True)
class StationFiles(Page):
    """GET /stations/{id}/files, and what was just done there."""

    template: ClassVar[str] = "stations/files.html"
    section: ClassVar[Section | None] = Section.STATIONS
    head: StationHead
    logs: tuple[LogRequest, ...]
    updates: tuple[UpdateView, ...]
    images: tuple[Image, ...]
    """Those that this station could get."""
    log_kinds: tuple[LogKind, ...]
    can_publish: bool
    has_ftp: bool
    forward: Forward | None = None
    standing: Standing = field(default_factory=Standing)
    told: str | None = None
    """What the station answered, or what was wrong."""

    @property
    def station(self) -> StationId:
        return self.head.id

    @property
    def watches(self) -> tuple[str, ...]:
        return (f"station:{self.head.id}", "logs", "firmware")
