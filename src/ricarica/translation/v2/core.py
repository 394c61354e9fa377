"""Boot, heartbeat and status in 2.0.1 and 2.1."""

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.facts import Booted, StatusReported
from ricarica.translation.route import Origin, Route
from ricarica.translation.v2.words import (
    CONNECTOR_STATUS,
    REGISTRATION_STATUS,
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
        certificate=origin.certificate,
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


ROUTES = (
    Route(
        "BootNotification", v2.BootNotificationRequest, boot_notification, before_acceptance=True
    ),
    Route("Heartbeat", v2.HeartbeatRequest, heartbeat),
    Route("StatusNotification", v2.StatusNotificationRequest, status_notification),
)
