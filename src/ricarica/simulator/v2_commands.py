"""What a simulated station does when a server tells it to in OCPP 2.0.1 or 2.1."""

from collections.abc import Sequence

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator import charging, commands
from ricarica.simulator.core import Command, Station, Trigger
from ricarica.simulator.evse import Evse
from ricarica.simulator.transaction import Token
from ricarica.simulator.v2_profiles import profile_from
from ricarica.simulator.v2_variables import base_report, get_variables, report, set_variables


def _token(given: v2.IdToken) -> Token:
    return Token(given.id_token, given.type)


def _request_start(station: Station, request: v2.RequestStartTransactionRequest) -> Payload:
    given, group = request.charging_profile, request.group_id_token
    asked = commands.StartRequest(
        token=_token(request.id_token),
        evse=request.evse_id,
        remote_start_id=request.remote_start_id,
        group=group.id_token if group else None,
        profile=profile_from(given, request.evse_id or 0) if given else None,
    )
    status, running = commands.request_start(station, asked)
    return v2.RequestStartTransactionResponse(
        status=v2.RequestStartStopStatus(status),
        transaction_id=running.ref if running else None,
    )


def _request_stop(station: Station, request: v2.RequestStopTransactionRequest) -> Payload:
    status = commands.request_stop(station, station.transaction(request.transaction_id))
    return v2.RequestStopTransactionResponse(status=v2.RequestStartStopStatus(status))


def _reset(station: Station, request: v2.ResetRequest) -> Payload:
    return v2.ResetResponse(status=v2.ResetStatus(_reset_outcome(station, request)))


def _reset_outcome(station: Station, request: v2.ResetRequest) -> str:
    if request.evse_id is not None:
        evse = station.evses.get(request.evse_id)
        is_now = request.type is v2.Reset.Immediate
        return commands.reset_evse(station, evse) if evse and is_now else commands.REJECTED
    match request.type:
        case v2.Reset.OnIdle:
            return commands.reset_when_idle(station, "ScheduledReset")
        case v2.Reset.ImmediateAndResume:
            return commands.reset_now(station, "Reboot", "RemoteReset", resumes=True)
        case v2.Reset.Immediate:
            return commands.reset_now(station, "ImmediateReset", "RemoteReset")


def _change_availability(station: Station, request: v2.ChangeAvailabilityRequest) -> Payload:
    evse = request.evse
    status = commands.change_availability(
        station,
        evse.id if evse else 0,
        connector=evse.connector_id if evse else None,
        operative=request.operational_status is v2.OperationalStatus.Operative,
    )
    return v2.ChangeAvailabilityResponse(status=v2.ChangeAvailabilityStatus(status))


def _unlock(station: Station, request: v2.UnlockConnectorRequest) -> Payload:
    return v2.UnlockConnectorResponse(status=_unlocked(station, request))


def _unlocked(station: Station, request: v2.UnlockConnectorRequest) -> v2.UnlockStatus:
    evse = station.evses.get(request.evse_id)
    if evse is None or request.connector_id not in _connector_numbers(evse):
        return v2.UnlockStatus.UnknownConnector
    if evse.transaction is not None and evse.transaction.is_authorized:
        return v2.UnlockStatus.OngoingAuthorizedTransaction  # F05.FR.02
    return v2.UnlockStatus(commands.unlock(station, request.evse_id))


def _connector_numbers(evse: Evse) -> tuple[int, ...]:
    return tuple(connector.number for connector in evse.connectors)


def _clear_cache(station: Station, request: v2.ClearCacheRequest) -> Payload:
    return v2.ClearCacheResponse(status=v2.ClearCacheStatus(commands.clear_cache(station)))


# Triggers


def _trigger(station: Station, request: v2.TriggerMessageRequest) -> Payload:
    trigger = _trigger_for(station, request)
    if trigger is None:
        return v2.TriggerMessageResponse(status=v2.TriggerMessageStatus.NotImplemented)
    number = request.evse.id if request.evse else None
    if number is not None and number not in station.evses:
        return v2.TriggerMessageResponse(status=v2.TriggerMessageStatus.Rejected)
    evses = [evse for evse in station.evses.values() if number in (None, evse.number)]
    is_done = trigger(station, evses)
    status = v2.TriggerMessageStatus("Accepted" if is_done else "Rejected")
    return v2.TriggerMessageResponse(status=status)


def _trigger_for(station: Station, request: v2.TriggerMessageRequest) -> Trigger | None:
    """2.1 lets makers add topics of their own. (F06.FR.20)"""
    if request.requested_message is v2.MessageTrigger.CustomTrigger:
        return station.abilities.custom_triggers.get(request.custom_trigger or "")
    return station.abilities.triggers_v2.get(request.requested_message.value)


def _trigger_boot(station: Station, evses: Sequence[Evse]) -> bool:
    """F06.FR.17: an accepted station does not boot again because it is asked to."""
    if station.is_accepted:
        return False
    commands.boot_again(station)
    return True


def _trigger_heartbeat(station: Station, evses: Sequence[Evse]) -> bool:
    station.ask(station.speech.heartbeat(), before_acceptance=True)
    return True


def _trigger_status(station: Station, evses: Sequence[Evse]) -> bool:
    for evse in evses:
        for connector in _connector_numbers(evse):
            status = station.speech.status(station, evse, connector)
            station.ask(status, before_acceptance=True)
    return True


def _trigger_event(station: Station, evses: Sequence[Evse]) -> bool:
    running = [(evse, evse.transaction) for evse in evses if evse.transaction is not None]
    for evse, transaction in running:
        charging.tell_triggered(station, evse, transaction)
    return bool(running)


def _trigger_meter(station: Station, evses: Sequence[Evse]) -> bool:
    for evse in evses:
        sample = charging.measure(station, evse, "sampled", "Trigger")
        if sample is not None:
            station.ask(station.speech.idle_sample(evse, sample), before_acceptance=True)
    return True


TRIGGERS: dict[str, Trigger] = {
    "BootNotification": _trigger_boot,
    "Heartbeat": _trigger_heartbeat,
    "StatusNotification": _trigger_status,
    "TransactionEvent": _trigger_event,
    "MeterValues": _trigger_meter,
}


# Cost and status


def _cost_updated(station: Station, request: v2.CostUpdatedRequest) -> Payload:
    found = station.transaction(request.transaction_id)
    if found is not None:
        station.show_cost(found[1], request.total_cost)
    return v2.CostUpdatedResponse()


def _transaction_status(station: Station, request: v2.GetTransactionStatusRequest) -> Payload:
    wanted = request.transaction_id
    queued = any(
        wanted in (None, waiting.event.transaction.ref) for waiting in station.queue.waiting
    )
    if wanted is None:
        return v2.GetTransactionStatusResponse(messages_in_queue=queued)
    return v2.GetTransactionStatusResponse(
        messages_in_queue=queued, ongoing_indicator=station.transaction(wanted) is not None
    )


COMMANDS: dict[type[Payload], Command] = {
    v2.RequestStartTransactionRequest: _request_start,
    v2.RequestStopTransactionRequest: _request_stop,
    v2.ResetRequest: _reset,
    v2.ChangeAvailabilityRequest: _change_availability,
    v2.UnlockConnectorRequest: _unlock,
    v2.ClearCacheRequest: _clear_cache,
    v2.TriggerMessageRequest: _trigger,
    v2.GetVariablesRequest: get_variables,
    v2.SetVariablesRequest: set_variables,
    v2.GetBaseReportRequest: base_report,
    v2.GetReportRequest: report,
    v2.CostUpdatedRequest: _cost_updated,
    v2.GetTransactionStatusRequest: _transaction_status,
}
