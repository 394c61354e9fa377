"""N01: handing over a log."""

from collections.abc import Sequence
from dataclasses import dataclass

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator import transfers
from ricarica.simulator.core import Block, Station
from ricarica.simulator.evse import Evse


@dataclass(slots=True)
class Upload:
    """`number` is None for 1.6's older kind, which has none."""

    number: int | None
    is_cancelled: bool = False


@dataclass(slots=True)
class Logs:
    upload: Upload | None = None
    has_none: bool = False
    """Asked for a log, it has nothing to hand over."""
    fails_with: str | None = None
    """The status to end the next upload with, whatever became of it."""
    lies: bool = False
    """It says uploaded, and uploads nothing."""


def _get_diagnostics(station: Station, request: v16.GetDiagnosticsRequest) -> Payload:
    if station.memory(Logs).has_none:
        return v16.GetDiagnosticsResponse()
    name = f"{station.identity}-diagnostics.log"
    _begin(station, Upload(None), request.location, name)
    return v16.GetDiagnosticsResponse(file_name=name)


def _get_log_v16(station: Station, request: v16.GetLogRequest) -> Payload:
    if station.memory(Logs).has_none:
        return v16.GetLogResponse(status=v16.LogStatus.Rejected)
    name, status = _asked(station, request)
    return v16.GetLogResponse(status=v16.LogStatus(status), filename=name)


def _get_log_v2(station: Station, request: v2.GetLogRequest) -> Payload:
    if station.memory(Logs).has_none:
        return v2.GetLogResponse(status=v2.LogStatus.Rejected)  # N01.FR.05
    name, status = _asked(station, request)
    return v2.GetLogResponse(status=v2.LogStatus(status), filename=name)


def _asked(station: Station, request: v16.GetLogRequest | v2.GetLogRequest) -> tuple[str, str]:
    name = f"{station.identity}-{request.log_type}.log"
    is_second = _begin(station, Upload(request.request_id), request.log.remote_location, name)
    return name, "AcceptedCanceled" if is_second else "Accepted"


def _begin(station: Station, upload: Upload, url: str, name: str) -> bool:
    """Whether it took the place of another one. (N01.FR.12)"""
    memory = station.memory(Logs)
    before, memory.upload = memory.upload, upload
    if before is not None:
        before.is_cancelled = True
        if station.dialect.family == "v2":
            _say(station, "AcceptedCanceled", before.number)  # N01.FR.20
    _say(station, "Uploading", upload.number)  # N01.FR.08
    address = f"{url}{name}" if url.endswith("/") else url  # N01.FR.21
    if memory.lies:
        _ended(station, upload, b"")
        return before is not None

    def then(done: bytes | None) -> None:
        _ended(station, upload, done)

    transfers.upload(station, address, name, log_of(station), then)
    return before is not None


def log_of(station: Station) -> bytes:
    """What it remembers: who it is, and what it delivered."""
    lines = [f"{station.clock.isoformat()} {station.identity} {station.make.firmware}"]
    lines += [
        f"{entry.at.isoformat()} {entry.kind} {'delivered' if entry.acked else 'waiting'}"
        for entry in station.journal.entries
    ]
    return ("\n".join(lines) + "\n").encode()


def _ended(station: Station, upload: Upload, done: bytes | None) -> None:
    if upload.is_cancelled:
        return
    memory = station.memory(Logs)
    is_v2 = station.dialect.family == "v2"
    failed = "UploadFailure" if is_v2 or upload.number is not None else "UploadFailed"
    word = memory.fails_with or ("Uploaded" if done is not None else failed)
    memory.fails_with = memory.upload = None
    _say(station, word, upload.number)


def _say(station: Station, status: str, number: int | None) -> None:
    station.ask(_status(station, status, number), before_acceptance=True)


def _status(station: Station, status: str, number: int | None) -> Payload:
    if station.dialect.family == "v2":
        return v2.LogStatusNotificationRequest(status=v2.UploadLogStatus(status), request_id=number)
    if number is not None:
        return v16.LogStatusNotificationRequest(
            status=v16.UploadLogStatus(status), request_id=number
        )
    return v16.DiagnosticsStatusNotificationRequest(status=v16.DiagnosticsStatus(status))


def say_status(station: Station, status: str, number: str = "") -> None:
    """Any status, of an upload that perhaps nobody asked for."""
    _say(station, status, int(number) if number else None)


def _trigger(station: Station, _evses: Sequence[Evse]) -> bool:
    upload = station.memory(Logs).upload
    status = "Idle" if upload is None else "Uploading"
    _say(station, status, upload.number if upload else None)
    return True


def _trigger_log_v16(station: Station, _evses: Sequence[Evse]) -> bool:
    upload = station.memory(Logs).upload
    station.ask(
        v16.LogStatusNotificationRequest(
            status=v16.UploadLogStatus.Idle if upload is None else v16.UploadLogStatus.Uploading,
            request_id=upload.number if upload else None,
        )
    )
    return True


BLOCK = Block(
    "diagnostics",
    commands={
        v16.GetDiagnosticsRequest: _get_diagnostics,
        v16.GetLogRequest: _get_log_v16,
        v2.GetLogRequest: _get_log_v2,
    },
    triggers_v16={
        "DiagnosticsStatusNotification": _trigger,
        "LogStatusNotification": _trigger_log_v16,
    },
    triggers_v2={"LogStatusNotification": _trigger},
    sayings={"log": say_status},
)
