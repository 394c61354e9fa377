"""How 1.6 says our commands, and how we read its answers."""

from collections.abc import Mapping
from typing import Any

from ricarica.authorization.commands import ClearCache
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.commands import (
    ChangeAvailability,
    Reset,
    Result,
    Topic,
    TransferData,
    Trigger,
    Unlock,
    outcome_of,
)
from ricarica.transactions.commands import StartCharging, StopCharging
from ricarica.translation.availability import remember_availability
from ricarica.translation.route import Phrase, Phrases
from ricarica.translation.starting import expect_start
from ricarica.translation.v16 import plug_and_charge
from ricarica.translation.v16.core import ONLY_CONNECTOR
from ricarica.translation.v16.words import id_tag_for

# What TriggerMessage has no word for is asked for with ExtendedTriggerMessage, which only
# stations with the security extension know. None: 1.6 has no word of its own for it.
TOPIC: Mapping[Topic, v16.MessageTrigger | v16.ExtendedMessageTrigger | None] = {
    Topic.BOOT: v16.MessageTrigger.BootNotification,
    Topic.HEARTBEAT: v16.MessageTrigger.Heartbeat,
    Topic.STATUS: v16.MessageTrigger.StatusNotification,
    Topic.READINGS: v16.MessageTrigger.MeterValues,
    Topic.FIRMWARE: v16.MessageTrigger.FirmwareStatusNotification,
    Topic.DIAGNOSTICS: v16.MessageTrigger.DiagnosticsStatusNotification,
    Topic.LOG: v16.ExtendedMessageTrigger.LogStatusNotification,
    Topic.CERTIFICATE: v16.ExtendedMessageTrigger.SignChargePointCertificate,
    Topic.TRANSACTION: None,
    Topic.FIRMWARE_PUBLISHING: None,
    Topic.V2G_CERTIFICATE: None,
    Topic.V2G20_CERTIFICATE: None,
    Topic.COMBINED_CERTIFICATE: None,
    Topic.CUSTOM: None,
}


def connector_for(evse: EvseNumber | None, connector: ConnectorNumber | None) -> int | None:
    """What 1.6 calls a connector is our EVSE: another one than asked for must not be told."""
    if connector not in (None, ONLY_CONNECTOR):
        raise LocalProtocolError(f"1.6 has no word for connector {connector} of an EVSE")
    return evse


def result_from(response: Any) -> Result:
    """What a response with nothing but a status means."""
    status = str(response.status)
    return Result(outcome_of(status), status)


def remote_start_for(command: StartCharging) -> v16.RemoteStartTransactionRequest:
    return v16.RemoteStartTransactionRequest(
        id_tag=id_tag_for(command.token),
        # some stations refuse to choose one themselves
        connector_id=connector_for(command.evse, command.connector),
    )


def remote_stop_for(command: StopCharging) -> v16.RemoteStopTransactionRequest:
    if not command.ref.isdecimal():  # it was begun over a connection that spoke 2.x
        raise LocalProtocolError(f"1.6 has no word for transaction {command.ref}, only for numbers")
    return v16.RemoteStopTransactionRequest(transaction_id=int(command.ref))


def change_availability_for(command: ChangeAvailability) -> v16.ChangeAvailabilityRequest:
    operative = v16.AvailabilityType.Operative
    return v16.ChangeAvailabilityRequest(
        connector_id=connector_for(command.evse, command.connector) or 0,
        type=operative if command.operative else v16.AvailabilityType.Inoperative,
    )


def reset_for(command: Reset) -> v16.ResetRequest:
    if command.resume:
        raise LocalProtocolError("1.6 has no word for a restart that charging outlasts")
    # 1.6 §5.14: either kind is for the whole station, and ends what charges there.
    if command.when_idle:
        raise LocalProtocolError("1.6 has no word for a restart once nobody charges")
    if command.evse is not None:
        raise LocalProtocolError("1.6 has no word for a restart of one EVSE")
    return v16.ResetRequest(type=v16.ResetType.Hard if command.hard else v16.ResetType.Soft)


def unlock_for(command: Unlock) -> v16.UnlockConnectorRequest:
    connector = connector_for(command.evse, command.connector)
    assert connector is not None, "an EVSE is always named"
    return v16.UnlockConnectorRequest(connector_id=connector)


def trigger_for(
    command: Trigger,
) -> v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest | v16.DataTransferRequest:
    if command.topic is Topic.V2G_CERTIFICATE:
        return plug_and_charge.trigger()
    match TOPIC[command.topic]:
        case v16.MessageTrigger() as word:
            return v16.TriggerMessageRequest(
                requested_message=word, connector_id=connector_for(command.evse, command.connector)
            )
        case v16.ExtendedMessageTrigger() as word:
            return v16.ExtendedTriggerMessageRequest(
                requested_message=word, connector_id=connector_for(command.evse, command.connector)
            )
        case None:
            raise LocalProtocolError(f"1.6 has no word for a report about {command.topic}")


def trigger_result_from(response: Any) -> Result:
    if isinstance(response, v16.DataTransferResponse):
        return plug_and_charge.trigger_result_from(response)
    return result_from(response)


def data_transfer_for(command: TransferData) -> v16.DataTransferRequest:
    return v16.DataTransferRequest(
        vendor_id=command.vendor, message_id=command.message, data=command.data
    )


def data_transfer_result_from(response: v16.DataTransferResponse) -> Result:
    result = result_from(response)
    return Result(result.outcome, result.status, answer={"data": response.data})


PHRASES: Phrases = {
    StartCharging: Phrase(
        "RemoteStartTransaction", remote_start_for, result_from, remember=expect_start
    ),
    StopCharging: Phrase(
        "RemoteStopTransaction",
        remote_stop_for,
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
        unlock_for,
        result_from,
    ),
    Trigger: Phrase(
        "TriggerMessage",
        trigger_for,
        trigger_result_from,
        also=("ExtendedTriggerMessage", "DataTransfer"),
    ),
    ClearCache: Phrase("ClearCache", lambda _: v16.ClearCacheRequest(), result_from),
    TransferData: Phrase("DataTransfer", data_transfer_for, data_transfer_result_from),
}
