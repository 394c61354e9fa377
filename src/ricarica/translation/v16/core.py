"""Boot, heartbeat and status in 1.6."""

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.facts import Booted, StatusReported
from ricarica.transactions.facts import Progressed
from ricarica.translation.route import Origin, Route
from ricarica.translation.v16.errors import noticed_from
from ricarica.translation.v16.words import (
    CHARGING_STATE,
    CONNECTOR_STATUS,
    REGISTRATION_STATUS,
)

ONLY_CONNECTOR = ConnectorNumber(1)


def booted_from(req: v16.BootNotificationRequest, origin: Origin) -> Booted:
    return Booted(
        origin.station,
        vendor=req.charge_point_vendor,
        model=req.charge_point_model,
        at=origin.received_at,
        serial=req.charge_point_serial_number or req.charge_box_serial_number,
        firmware=req.firmware_version,
        iccid=req.iccid,
        imsi=req.imsi,
    )


async def boot_notification(
    req: v16.BootNotificationRequest, origin: Origin, slices: Slices
) -> v16.BootNotificationResponse:
    before = await slices.stations.get(origin.station)
    answer = await slices.stations.boot(booted_from(req, origin))
    if req.firmware_version != before.firmware:
        await slices.firmware.booted(origin.station, req.firmware_version, origin.received_at)
    return v16.BootNotificationResponse(
        status=REGISTRATION_STATUS[answer.acceptance],
        current_time=answer.now,
        interval=int(answer.interval.total_seconds()),
    )


async def heartbeat(
    _req: v16.HeartbeatRequest, _origin: Origin, slices: Slices
) -> v16.HeartbeatResponse:
    return v16.HeartbeatResponse(current_time=slices.now)


def status_from(req: v16.StatusNotificationRequest, origin: Origin) -> StatusReported:
    number = max(req.connector_id, 0)
    fine = v16.ChargePointErrorCode.NoError
    return StatusReported(
        origin.station,
        evse=EvseNumber(number),  # what 1.6 calls a connector is our EVSE
        connector=ONLY_CONNECTOR if number else ConnectorNumber(0),
        status=CONNECTOR_STATUS[req.status],
        at=req.timestamp or origin.received_at,
        received_at=origin.received_at,
        error=None if req.error_code is fine else req.vendor_error_code or req.error_code,
        detail=req.info,
    )


async def status_notification(
    req: v16.StatusNotificationRequest, origin: Origin, slices: Slices
) -> v16.StatusNotificationResponse:
    reported = status_from(req, origin)
    change = await slices.stations.report_status(reported)
    if change is not None:
        await slices.monitoring.notice(noticed_from(req, reported, change))
    if reported.evse and req.status in CHARGING_STATE:
        await slices.transactions.note_state(
            Progressed(
                station=origin.station,
                at=reported.at,
                received_at=origin.received_at,
                ref=None,
                evse=reported.evse,
                connector=reported.connector,
                charging_state=CHARGING_STATE[req.status],
                trigger="StatusNotification",
            )
        )
    return v16.StatusNotificationResponse()


ROUTES = (
    Route(
        "BootNotification",
        v16.BootNotificationRequest,
        boot_notification,
        before_acceptance=True,
    ),
    Route("Heartbeat", v16.HeartbeatRequest, heartbeat),
    Route("StatusNotification", v16.StatusNotificationRequest, status_notification),
)
