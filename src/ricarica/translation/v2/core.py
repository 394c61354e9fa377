"""Boot, heartbeat, status, authorization and data transfer in 2.0.1 and 2.1."""

from collections.abc import Iterator

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.facts import Booted, StatusReported
from ricarica.translation.route import Origin, Route
from ricarica.translation.v2.words import (
    CONNECTOR_STATUS,
    REGISTRATION_STATUS,
    id_token_info_for,
    token_from,
)


def booted_from(req: v2.BootNotificationRequest, origin: Origin) -> Booted:
    station = req.charging_station
    return Booted(
        origin.station,
        vendor=station.vendor_name,
        model=station.model,
        at=origin.received_at,
        serial=station.serial_number,
        firmware=station.firmware_version,
        iccid=station.modem.iccid if station.modem else None,
        imsi=station.modem.imsi if station.modem else None,
        reason=req.reason,
    )


async def boot_notification(
    req: v2.BootNotificationRequest, origin: Origin, slices: Slices
) -> v2.BootNotificationResponse:
    before = await slices.stations.get(origin.station)
    answer = await slices.stations.boot(booted_from(req, origin))
    firmware = req.charging_station.firmware_version
    if firmware != before.firmware or req.reason is v2.BootReason.FirmwareUpdate:
        await slices.firmware.booted(origin.station, firmware, origin.received_at)
    return v2.BootNotificationResponse(
        current_time=answer.now,
        interval=int(answer.interval.total_seconds()),
        status=REGISTRATION_STATUS[answer.acceptance],
    )


async def heartbeat(
    _req: v2.HeartbeatRequest, _origin: Origin, slices: Slices
) -> v2.HeartbeatResponse:
    return v2.HeartbeatResponse(current_time=slices.now)


async def status_notification(
    req: v2.StatusNotificationRequest, origin: Origin, slices: Slices
) -> v2.StatusNotificationResponse:
    await slices.stations.report_status(
        StatusReported(
            origin.station,
            evse=EvseNumber(max(req.evse_id, 0)),
            connector=ConnectorNumber(max(req.connector_id, 0)),
            status=CONNECTOR_STATUS[req.connector_status],
            at=req.timestamp,
            received_at=origin.received_at,
        )
    )
    return v2.StatusNotificationResponse()


def statuses_from(req: v2.NotifyEventRequest, origin: Origin) -> Iterator[StatusReported]:
    """G01: availability as an event of the device model."""
    statuses = {word.value: status for word, status in CONNECTOR_STATUS.items()}
    for event in req.event_data:
        if event.variable.name != "AvailabilityState" or event.actual_value not in statuses:
            continue
        evse = event.component.evse
        yield StatusReported(
            origin.station,
            evse=EvseNumber(evse.id if evse else 0),
            connector=ConnectorNumber((evse.connector_id or 0) if evse else 0),
            status=statuses[event.actual_value],
            at=event.timestamp,
            received_at=origin.received_at,
            error=event.tech_code,
            detail=event.tech_info,
        )


async def notify_event(
    req: v2.NotifyEventRequest, origin: Origin, slices: Slices
) -> v2.NotifyEventResponse:
    for reported in statuses_from(req, origin):
        await slices.stations.report_status(reported)
    return v2.NotifyEventResponse()


async def authorize(
    req: v2.AuthorizeRequest, origin: Origin, slices: Slices
) -> v2.AuthorizeResponse:
    judgement = await slices.authorization.authorize(
        origin.station, token_from(req.id_token), origin.received_at
    )
    return v2.AuthorizeResponse(id_token_info=id_token_info_for(judgement))


async def data_transfer(
    _req: v2.DataTransferRequest, _origin: Origin, _slices: Slices
) -> v2.DataTransferResponse:
    # P01.FR.02: nobody here speaks for any vendor yet
    return v2.DataTransferResponse(status=v2.DataTransferStatus.UnknownVendorId)


ROUTES = (
    Route(
        "BootNotification", v2.BootNotificationRequest, boot_notification, before_acceptance=True
    ),
    Route("Heartbeat", v2.HeartbeatRequest, heartbeat),
    Route("StatusNotification", v2.StatusNotificationRequest, status_notification),
    Route("NotifyEvent", v2.NotifyEventRequest, notify_event),
    Route(
        "Authorize",
        v2.AuthorizeRequest,
        authorize,
        tokens=lambda req: (req.id_token.id_token,),
    ),
    Route("DataTransfer", v2.DataTransferRequest, data_transfer),
)
