"""One update of one station, from the order to the boot that proves it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome

UNASKED = 0  # the number under which is kept what a station tells of an update nobody ordered
ANSWER_WITHIN = timedelta(minutes=3)  # to an order; its call has long timed out by then
STUCK_AFTER = timedelta(hours=24)  # without a word; a slow line may take a night for an image


class UpdateKind(StrEnum):
    UPDATE = "update"
    PUBLISH = "publish"  # by a local controller, for the stations behind it


class UpdateState(StrEnum):
    ORDERED = "ordered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    SCHEDULED = "scheduled"  # for later, by its own decision or by ours
    DOWNLOADING = "downloading"
    DOWNLOADED = "downloaded"
    INSTALLING = "installing"
    INSTALLED = "installed"  # it says so; it is believed once it boots with it
    CONFIRMED = "confirmed"  # it booted with it
    PUBLISHED = "published"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_open(self) -> bool:
        return self in OPEN


OPEN = frozenset(
    {
        UpdateState.ORDERED,
        UpdateState.ACCEPTED,
        UpdateState.SCHEDULED,
        UpdateState.DOWNLOADING,
        UpdateState.DOWNLOADED,
        UpdateState.INSTALLING,
        UpdateState.INSTALLED,
    }
)

# What stations call it, in every dialect; Idle says nothing about any update.
STATES: Mapping[str, UpdateState] = {
    "DownloadScheduled": UpdateState.SCHEDULED,
    "Downloading": UpdateState.DOWNLOADING,
    "DownloadPaused": UpdateState.DOWNLOADING,
    "Downloaded": UpdateState.DOWNLOADED,
    "DownloadFailed": UpdateState.FAILED,
    "SignatureVerified": UpdateState.DOWNLOADED,
    "InvalidSignature": UpdateState.FAILED,
    "InstallScheduled": UpdateState.SCHEDULED,
    "Installing": UpdateState.INSTALLING,
    "InstallRebooting": UpdateState.INSTALLING,
    "InstallVerificationFailed": UpdateState.FAILED,
    "InstallationFailed": UpdateState.FAILED,
    "Installed": UpdateState.INSTALLED,
    # L03
    "ChecksumVerified": UpdateState.DOWNLOADED,
    "InvalidChecksum": UpdateState.FAILED,
    "Published": UpdateState.PUBLISHED,
    "PublishFailed": UpdateState.FAILED,
}
IDLE = "Idle"
OVER = frozenset({UpdateState.CONFIRMED, UpdateState.CANCELLED, UpdateState.REFUSED})


@dataclass(frozen=True, slots=True)
class Update:
    """`firmware` is what the station shall say at its boot; None for what nobody ordered."""

    station: StationKey
    number: int
    kind: UpdateKind
    state: UpdateState
    ordered_at: datetime
    changed_at: datetime
    image: str | None = None
    firmware: str | None = None
    is_signed: bool = False
    status: str | None = None
    detail: str | None = None
    ordered_by: str = ""
    campaign: str | None = None
    checksum: str | None = None
    due_at: datetime | None = None  # when it shall be fetched and installed, if later
    locations: tuple[str, ...] = ()

    @property
    def is_unasked(self) -> bool:
        return self.number == UNASKED


@dataclass(frozen=True, slots=True)
class Link:
    """Where one station finds one image for a while. Of its token only the digest is known."""

    station: StationKey
    number: int
    digest: str
    image: str
    expires_at: datetime
    downloads: int = 0
    bytes: int = 0
    used_at: datetime | None = None


def told(update: Update, status: str, at: datetime, detail: str | None = None) -> Update:
    """What its station tells; what is over stays over, for words may come late."""
    state = STATES.get(status)
    if state is None or update.state in OVER:
        return update
    return replace(update, state=state, status=status, changed_at=at, detail=detail)


def answered(
    update: Update, outcome: Outcome, at: datetime, status: str | None, detail: str | None
) -> Update:
    """What its station answered to the order; it may have begun before it answered."""
    if update.state is not UpdateState.ORDERED:
        return update
    state = UpdateState.ACCEPTED if outcome is Outcome.ACCEPTED else UpdateState.REFUSED
    if outcome is Outcome.UNKNOWN:
        return replace(update, detail=detail or "it did not answer in time")
    return replace(update, state=state, status=status, changed_at=at, detail=detail)


def booted(update: Update, firmware: str | None, at: datetime) -> Update:
    """An installed version is believed once the station boots with it."""
    if update.kind is not UpdateKind.UPDATE or update.firmware is None:
        return update
    if firmware == update.firmware:
        return replace(update, state=UpdateState.CONFIRMED, changed_at=at, detail=None)
    if update.state is UpdateState.INSTALLED:
        return replace(update, detail=f"it booted with {firmware or 'no version'}")
    return update


def is_stuck(update: Update, now: datetime) -> bool:
    """L01: a station that says nothing any more must not look busy for ever."""
    wait = ANSWER_WITHIN if update.state is UpdateState.ORDERED else STUCK_AFTER
    since = max(update.changed_at, update.due_at or update.changed_at)
    return update.state.is_open and now >= since + wait


def given_up(update: Update, now: datetime) -> Update:
    why = {
        UpdateState.ORDERED: "it never answered",
        UpdateState.INSTALLED: update.detail or "it never booted with it",
    }.get(update.state, "nothing was heard of it any more")
    return replace(update, state=UpdateState.FAILED, changed_at=now, detail=why)
