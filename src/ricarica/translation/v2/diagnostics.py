"""N01 in 2.0.1 and 2.1."""

from ricarica.diagnostics.commands import SendLog
from ricarica.diagnostics.facts import LogReported
from ricarica.diagnostics.model import LogKind
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Result
from ricarica.translation.diagnostics import note_log
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.times import seconds_for
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.words import detail_from

LOG_TYPE = {
    LogKind.DIAGNOSTICS: v2.Log.DiagnosticsLog,
    LogKind.SECURITY: v2.Log.SecurityLog,
    LogKind.DATA_COLLECTOR: v2.Log.DataCollectorLog,  # 2.1 only: its schema lets nothing else by
}


async def log_status(
    req: v2.LogStatusNotificationRequest, origin: Origin, slices: Slices
) -> v2.LogStatusNotificationResponse:
    await slices.diagnostics.reported(  # N01.FR.07, N01.FR.13
        LogReported(
            origin.station,
            req.status,
            origin.received_at,
            req.request_id,
            detail_from(req.status_info),
        )
    )
    return v2.LogStatusNotificationResponse()


def get_log_for(command: SendLog) -> v2.GetLogRequest:
    return v2.GetLogRequest(
        log=v2.LogParameters(
            remote_location=command.location,
            oldest_timestamp=command.since,
            latest_timestamp=command.until,
        ),
        log_type=LOG_TYPE[command.kind],
        request_id=command.number,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
    )


def log_result_from(response: v2.GetLogResponse) -> Result:
    result = result_from(response)
    return Result(result.outcome, result.status, result.detail, {"name": response.filename})


ROUTES = (
    Route(
        "LogStatusNotification",
        v2.LogStatusNotificationRequest,
        log_status,
        answer_when_put_aside=lambda _: v2.LogStatusNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    SendLog: Phrase("GetLog", get_log_for, log_result_from, timeout_s=60, remember=note_log),
}
