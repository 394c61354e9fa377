"""How 2.0.1 and 2.1 say our commands, and how we read their answers."""

from typing import Any

from ricarica.authorization.commands import ClearCache
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v2 import messages as v2
from ricarica.stations.commands import (
    ChangeAvailability,
    Outcome,
    Reset,
    Result,
    Topic,
    TransferData,
    Trigger,
    Unlock,
    outcome_of,
)
from ricarica.transactions.commands import ShowCost, StartCharging, StopCharging
from ricarica.translation.availability import remember_availability
from ricarica.translation.route import Phrase, Phrases
from ricarica.translation.starting import expect_start
from ricarica.translation.v2.words import detail_from, group_for, token_for

TOPIC = {
    Topic.BOOT: v2.MessageTrigger.BootNotification,
    Topic.HEARTBEAT: v2.MessageTrigger.Heartbeat,
    Topic.STATUS: v2.MessageTrigger.StatusNotification,
    Topic.READINGS: v2.MessageTrigger.MeterValues,
    Topic.TRANSACTION: v2.MessageTrigger.TransactionEvent,
    Topic.FIRMWARE: v2.MessageTrigger.FirmwareStatusNotification,
    Topic.FIRMWARE_PUBLISHING: v2.MessageTrigger.PublishFirmwareStatusNotification,
    Topic.DIAGNOSTICS: v2.MessageTrigger.LogStatusNotification,  # logs have taken their place
    Topic.LOG: v2.MessageTrigger.LogStatusNotification,
    Topic.CERTIFICATE: v2.MessageTrigger.SignChargingStationCertificate,
    Topic.V2G_CERTIFICATE: v2.MessageTrigger.SignV2GCertificate,
    Topic.V2G20_CERTIFICATE: v2.MessageTrigger.SignV2G20Certificate,
    Topic.COMBINED_CERTIFICATE: v2.MessageTrigger.SignCombinedCertificate,
    Topic.CUSTOM: v2.MessageTrigger.CustomTrigger,
}


def result_from(response: Any) -> Result:
    """What a response with a status, and perhaps its reason, means."""
    status = str(response.status)
    return Result(outcome_of(status), status, detail_from(response.status_info))


def evse_for(evse: EvseNumber | None, connector: ConnectorNumber | None) -> v2.EVSE | None:
    return None if evse is None else v2.EVSE(id=evse, connector_id=connector)


def request_start_for(command: StartCharging) -> v2.RequestStartTransactionRequest:
    return v2.RequestStartTransactionRequest(
        id_token=token_for(command.token),
        remote_start_id=command.number,
        evse_id=command.evse,
        group_id_token=group_for(command.group),  # F01.FR.22
    )


def request_start_result_from(response: v2.RequestStartTransactionResponse) -> Result:
    result = result_from(response)
    # F02: the cable was in already, so the station named the transaction before
    ref = response.transaction_id
    answer = {} if ref is None else {"ref": ref}
    return Result(result.outcome, result.status, result.detail, answer)


def reset_for(command: Reset) -> v2.ResetRequest:
    # B11, B12. A hard reset has no word of its own here: immediate is the nearest.
    kind = v2.Reset.OnIdle if command.when_idle else v2.Reset.Immediate
    if command.resume:
        kind = v2.Reset.ImmediateAndResume  # B13; 2.0.1 does not know it, and so nothing is sent
    return v2.ResetRequest(type=kind, evse_id=command.evse)


def change_availability_for(command: ChangeAvailability) -> v2.ChangeAvailabilityRequest:
    status = v2.OperationalStatus
    return v2.ChangeAvailabilityRequest(
        operational_status=status.Operative if command.operative else status.Inoperative,
        evse=evse_for(command.evse, command.connector),
    )


def trigger_for(command: Trigger) -> v2.TriggerMessageRequest:
    is_status = command.topic is Topic.STATUS
    if is_status and command.evse is None:  # F06.FR.13: a status is that of one connector
        raise LocalProtocolError("name the EVSE whose status is wanted")
    connector = command.connector or (ConnectorNumber(1) if is_status else None)
    return v2.TriggerMessageRequest(
        requested_message=TOPIC[command.topic],  # F06.FR.01
        evse=evse_for(command.evse, connector),
        custom_trigger=command.custom,
    )


def data_transfer_for(command: TransferData) -> v2.DataTransferRequest:
    return v2.DataTransferRequest(
        vendor_id=command.vendor, message_id=command.message, data=command.data
    )


def data_transfer_result_from(response: v2.DataTransferResponse) -> Result:
    result = result_from(response)
    return Result(result.outcome, result.status, result.detail, {"data": response.data})


PHRASES: Phrases = {
    StartCharging: Phrase(
        "RequestStartTransaction",
        request_start_for,
        request_start_result_from,
        remember=expect_start,
    ),
    StopCharging: Phrase(  # F03.FR.01, F04.FR.01
        "RequestStopTransaction",
        lambda command: v2.RequestStopTransactionRequest(transaction_id=command.ref),
        result_from,
    ),
    Reset: Phrase("Reset", reset_for, result_from, timeout_s=60),
    ChangeAvailability: Phrase(
        "ChangeAvailability",
        change_availability_for,
        result_from,
        remember=remember_availability,
    ),
    Unlock: Phrase(
        "UnlockConnector",
        lambda command: v2.UnlockConnectorRequest(
            evse_id=command.evse, connector_id=command.connector
        ),
        result_from,
    ),
    Trigger: Phrase("TriggerMessage", trigger_for, result_from),
    ClearCache: Phrase("ClearCache", lambda _: v2.ClearCacheRequest(), result_from),
    TransferData: Phrase("DataTransfer", data_transfer_for, data_transfer_result_from),
    ShowCost: Phrase(
        "CostUpdated",
        lambda command: v2.CostUpdatedRequest(
            total_cost=command.cost.amount, transaction_id=command.ref
        ),
        lambda _: Result(Outcome.ACCEPTED),  # its response is empty
    ),
}
