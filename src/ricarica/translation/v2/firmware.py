"""L01–L04 in 2.0.1 and 2.1."""

from ricarica.firmware.commands import (
    PublishFirmware,
    UnpublishFirmware,
    UpdateFirmware,
    UpdateSignedFirmware,
)
from ricarica.firmware.facts import FirmwareReported, PublishingReported, UpdateAnswered
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.times import seconds_for
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.words import detail_from

Update = UpdateFirmware | UpdateSignedFirmware


async def firmware_status(
    req: v2.FirmwareStatusNotificationRequest, origin: Origin, slices: Slices
) -> v2.FirmwareStatusNotificationResponse:
    await slices.firmware.reported(  # L01.FR.10, L02.FR.06, L02.FR.14
        FirmwareReported(
            origin.station,
            req.status,
            origin.received_at,
            req.request_id,
            detail=detail_from(req.status_info),
        )
    )
    return v2.FirmwareStatusNotificationResponse()


async def publish_status(
    req: v2.PublishFirmwareStatusNotificationRequest, origin: Origin, slices: Slices
) -> v2.PublishFirmwareStatusNotificationResponse:
    await slices.firmware.publishing(  # L03.FR.04
        PublishingReported(
            origin.station,
            req.status,
            origin.received_at,
            req.request_id,
            tuple(req.location or ()),
            detail_from(req.status_info),
        )
    )
    return v2.PublishFirmwareStatusNotificationResponse()


def update_for(command: Update) -> v2.UpdateFirmwareRequest:
    signed = command if isinstance(command, UpdateSignedFirmware) else None
    return v2.UpdateFirmwareRequest(
        request_id=command.number,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
        firmware=v2.Firmware(
            location=command.location,
            retrieve_date_time=command.retrieve_at,
            install_date_time=command.install_at,
            signing_certificate=signed.certificate if signed else None,  # L01.FR.11
            signature=signed.signature if signed else None,
        ),
    )


def publish_for(command: PublishFirmware) -> v2.PublishFirmwareRequest:
    return v2.PublishFirmwareRequest(
        location=command.location,
        checksum=command.checksum,  # L03.FR.02
        request_id=command.number,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
    )


async def note_order(
    command: Update | PublishFirmware,
    response: v2.UpdateFirmwareResponse | v2.PublishFirmwareResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    result = result_from(response)
    await slices.firmware.answered(
        UpdateAnswered(
            origin.station,
            command.number,
            result.outcome,
            origin.received_at,
            result.status,
            result.detail,
        )
    )


def unpublish_result_from(response: v2.UnpublishFirmwareResponse) -> Result:
    status = response.status
    is_gone = status is not v2.UnpublishFirmwareStatus.DownloadOngoing  # L04.FR.03, L04.FR.04
    return Result(Outcome.ACCEPTED if is_gone else Outcome.REFUSED, status)


async def note_unpublished(
    command: UnpublishFirmware,
    response: v2.UnpublishFirmwareResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    if unpublish_result_from(response).outcome is Outcome.ACCEPTED:
        await slices.firmware.unpublished(origin.station, command.checksum, origin.received_at)


UPDATE = Phrase("UpdateFirmware", update_for, result_from, timeout_s=60, remember=note_order)

ROUTES = (
    Route(
        "FirmwareStatusNotification",
        v2.FirmwareStatusNotificationRequest,
        firmware_status,
        answer_when_put_aside=lambda _: v2.FirmwareStatusNotificationResponse(),
    ),
    Route(
        "PublishFirmwareStatusNotification",
        v2.PublishFirmwareStatusNotificationRequest,
        publish_status,
        answer_when_put_aside=lambda _: v2.PublishFirmwareStatusNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    UpdateFirmware: UPDATE,
    UpdateSignedFirmware: UPDATE,
    PublishFirmware: Phrase(
        "PublishFirmware", publish_for, result_from, timeout_s=60, remember=note_order
    ),
    UnpublishFirmware: Phrase(
        "UnpublishFirmware",
        lambda command: v2.UnpublishFirmwareRequest(checksum=command.checksum),
        unpublish_result_from,
        remember=note_unpublished,
    ),
}
