"""A log that was asked for, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from ricarica.kernel.ids import StationKey
from ricarica.stations.commands import Outcome

LINK_LIVES = timedelta(hours=24)  # a station on a slow line retries overnight
NAME_MAX = 255  # characters of a file's name, as the station calls it


class LogKind(StrEnum):
    DIAGNOSTICS = "diagnostics"
    SECURITY = "security"
    DATA_COLLECTOR = "data_collector"


class LogState(StrEnum):
    ORDERED = "ordered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UPLOADING = "uploading"
    RECEIVED = "received"  # the file is here
    MISSING = "missing"  # it says uploaded, and nothing came
    FAILED = "failed"
    CANCELLED = "cancelled"
    DISCARDED = "discarded"  # the file was here, and was thrown away

    @property
    def is_open(self) -> bool:
        return self in OPEN


OPEN = frozenset({LogState.ORDERED, LogState.ACCEPTED, LogState.UPLOADING, LogState.MISSING})

# What stations call it, in every dialect; Idle says nothing about any upload.
STATES: Mapping[str, LogState] = {
    "Uploading": LogState.UPLOADING,
    "Uploaded": LogState.MISSING,  # unless the file is here
    "UploadFailure": LogState.FAILED,
    "UploadFailed": LogState.FAILED,
    "BadMessage": LogState.FAILED,
    "PermissionDenied": LogState.FAILED,
    "NotSupportedOperation": LogState.FAILED,
    "AcceptedCanceled": LogState.CANCELLED,
}
IDLE = "Idle"


@dataclass(frozen=True, slots=True)
class LogRequest:
    """`file` is its name on our disk, `name` what the station calls it."""

    station: StationKey
    number: int
    kind: LogKind
    state: LogState
    asked_at: datetime
    asked_by: str
    changed_at: datetime
    digest: str  # of the secret in the address it is put at
    expires_at: datetime
    is_numbered: bool = True  # False: what the station tells of it carries no number
    since: datetime | None = None
    until: datetime | None = None
    status: str | None = None
    detail: str | None = None
    name: str | None = None
    file: str | None = None
    size: int | None = None
    received_at: datetime | None = None

    @property
    def may_be_uploaded(self) -> bool:
        """Once: what is here already is not overwritten."""
        return self.file is None and self.state is not LogState.DISCARDED

    @property
    def download_name(self) -> str:
        """Plain ASCII, whatever the station calls it."""
        given = self.name or f"{self.station.station}-{self.number}.log"
        plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in given)
        return plain.strip(".") or "log"


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came whole."""

    file: str
    size: int
    at: datetime
    name: str | None = None


def told(request: LogRequest, status: str, at: datetime, detail: str | None) -> LogRequest:
    state = STATES.get(status)
    if state is None or request.state is LogState.DISCARDED:
        return request
    if request.state is LogState.MISSING and state is LogState.UPLOADING:
        return request  # told late; only what has failed is tried again
    if request.file is not None:
        state = LogState.RECEIVED  # whatever it thinks of it, the file is here
    return replace(request, state=state, status=status, changed_at=at, detail=detail)


def answered(
    request: LogRequest, outcome: Outcome, at: datetime, status: str | None, name: str | None
) -> LogRequest:
    """What it answered; it may have begun before, or even be done."""
    named = replace(request, name=request.name or (name or "")[:NAME_MAX] or None)
    if request.state is not LogState.ORDERED:
        return named
    match outcome:
        case Outcome.ACCEPTED:
            return replace(named, state=LogState.ACCEPTED, status=status, changed_at=at)
        case Outcome.UNKNOWN:
            return replace(named, detail="it did not answer in time")
        case _:
            return replace(named, state=LogState.REFUSED, status=status, changed_at=at)


def received(request: LogRequest, upload: Upload) -> LogRequest:
    return replace(
        request,
        state=LogState.RECEIVED,
        changed_at=upload.at,
        received_at=upload.at,
        file=upload.file,
        size=upload.size,
        name=request.name or (upload.name or "")[:NAME_MAX] or None,
    )


def given_up(request: LogRequest, now: datetime) -> LogRequest:
    why = "it never answered" if request.state is LogState.ORDERED else "nothing came in time"
    return replace(request, state=LogState.FAILED, changed_at=now, detail=request.detail or why)


def discarded(request: LogRequest, now: datetime) -> LogRequest:
    return replace(request, state=LogState.DISCARDED, changed_at=now, file=None)
