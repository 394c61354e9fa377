"""Logs in 1.6: diagnostics as it always was, and logs as the security whitepaper has them."""

from ricarica.diagnostics.commands import SendDiagnostics, SendLog
from ricarica.diagnostics.facts import LogAnswered, LogReported
from ricarica.diagnostics.model import LogKind
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.diagnostics import note_log
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.times import seconds_for
from ricarica.translation.v16.phrases import result_from

LOG_TYPE = {
    LogKind.DIAGNOSTICS: v16.LogType.DiagnosticsLog,
    LogKind.SECURITY: v16.LogType.SecurityLog,
}


async def diagnostics_status(
    req: v16.DiagnosticsStatusNotificationRequest, origin: Origin, slices: Slices
) -> v16.DiagnosticsStatusNotificationResponse:
    await slices.diagnostics.reported(LogReported(origin.station, req.status, origin.received_at))
    return v16.DiagnosticsStatusNotificationResponse()


async def log_status(
    req: v16.LogStatusNotificationRequest, origin: Origin, slices: Slices
) -> v16.LogStatusNotificationResponse:
    await slices.diagnostics.reported(  # N01.FR.07, N01.FR.13
        LogReported(origin.station, req.status, origin.received_at, req.request_id)
    )
    return v16.LogStatusNotificationResponse()


def get_diagnostics_for(command: SendDiagnostics) -> v16.GetDiagnosticsRequest:
    return v16.GetDiagnosticsRequest(
        location=command.location,
        start_time=command.since,
        stop_time=command.until,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
    )


def diagnostics_result_from(response: v16.GetDiagnosticsResponse) -> Result:
    if not response.file_name:
        return Result(Outcome.REFUSED, detail="it has nothing to hand over")
    return Result(Outcome.ACCEPTED, answer={"name": response.file_name})


async def note_diagnostics(
    command: SendDiagnostics,
    response: v16.GetDiagnosticsResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    result = diagnostics_result_from(response)
    await slices.diagnostics.answered(
        LogAnswered(
            origin.station,
            command.number,
            result.outcome,
            origin.received_at,
            result.detail,
            response.file_name,
        )
    )


def get_log_for(command: SendLog) -> v16.GetLogRequest:
    if command.kind not in LOG_TYPE:
        raise LocalProtocolError(f"1.6 has no word for a log of {command.kind}")
    return v16.GetLogRequest(
        log=v16.LogParameters(
            remote_location=command.location,
            oldest_timestamp=command.since,
            latest_timestamp=command.until,
        ),
        log_type=LOG_TYPE[command.kind],
        request_id=command.number,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
    )


def log_result_from(response: v16.GetLogResponse) -> Result:
    result = result_from(response)
    return Result(result.outcome, result.status, answer={"name": response.filename})


ROUTES = (
    Route(
        "DiagnosticsStatusNotification",
        v16.DiagnosticsStatusNotificationRequest,
        diagnostics_status,
        answer_when_put_aside=lambda _: v16.DiagnosticsStatusNotificationResponse(),
    ),
    Route(
        "LogStatusNotification",
        v16.LogStatusNotificationRequest,
        log_status,
        answer_when_put_aside=lambda _: v16.LogStatusNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    SendDiagnostics: Phrase(
        "GetDiagnostics",
        get_diagnostics_for,
        diagnostics_result_from,
        timeout_s=60,
        remember=note_diagnostics,
    ),
    SendLog: Phrase("GetLog", get_log_for, log_result_from, timeout_s=60, remember=note_log),
}
