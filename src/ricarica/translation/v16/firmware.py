"""Firmware in 1.6: as it always was, and signed as the security whitepaper has it."""

from ricarica.firmware.commands import UpdateFirmware, UpdateSignedFirmware
from ricarica.firmware.facts import FirmwareReported, UpdateAnswered
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.times import seconds_for
from ricarica.translation.v16.phrases import result_from


async def firmware_status(
    req: v16.FirmwareStatusNotificationRequest, origin: Origin, slices: Slices
) -> v16.FirmwareStatusNotificationResponse:
    # It carries no number: it is about the unsigned update under way, if there is one.
    await slices.firmware.reported(
        FirmwareReported(origin.station, req.status, origin.received_at, is_signed=False)
    )
    return v16.FirmwareStatusNotificationResponse()


async def signed_firmware_status(
    req: v16.SignedFirmwareStatusNotificationRequest, origin: Origin, slices: Slices
) -> v16.SignedFirmwareStatusNotificationResponse:
    await slices.firmware.reported(  # L01.FR.10, L01.FR.20
        FirmwareReported(
            origin.station, req.status, origin.received_at, req.request_id, is_signed=True
        )
    )
    return v16.SignedFirmwareStatusNotificationResponse()


def update_for(command: UpdateFirmware) -> v16.UpdateFirmwareRequest:
    return v16.UpdateFirmwareRequest(
        location=command.location,
        retrieve_date=command.retrieve_at,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
    )


def signed_update_for(command: UpdateSignedFirmware) -> v16.SignedUpdateFirmwareRequest:
    return v16.SignedUpdateFirmwareRequest(
        request_id=command.number,
        retries=command.retries,
        retry_interval=seconds_for(command.retry_interval),
        firmware=v16.Firmware(
            location=command.location,
            retrieve_date_time=command.retrieve_at,
            install_date_time=command.install_at,
            signing_certificate=command.certificate,  # L01.FR.11
            signature=command.signature,
        ),
    )


async def note_update(
    command: UpdateFirmware, _response: object, origin: Origin, slices: Slices
) -> None:
    await slices.firmware.answered(
        UpdateAnswered(origin.station, command.number, Outcome.ACCEPTED, origin.received_at)
    )


async def note_signed_update(
    command: UpdateSignedFirmware,
    response: v16.SignedUpdateFirmwareResponse,
    origin: Origin,
    slices: Slices,
) -> None:
    result = result_from(response)
    at = origin.received_at
    await slices.firmware.answered(
        UpdateAnswered(origin.station, command.number, result.outcome, at, result.status)
    )


ROUTES = (
    Route(
        "FirmwareStatusNotification",
        v16.FirmwareStatusNotificationRequest,
        firmware_status,
        answer_when_put_aside=lambda _: v16.FirmwareStatusNotificationResponse(),
    ),
    Route(
        "SignedFirmwareStatusNotification",
        v16.SignedFirmwareStatusNotificationRequest,
        signed_firmware_status,
        answer_when_put_aside=lambda _: v16.SignedFirmwareStatusNotificationResponse(),
    ),
)
PHRASES: Phrases = {
    UpdateFirmware: Phrase(
        "UpdateFirmware",
        update_for,
        lambda _: Result(Outcome.ACCEPTED),  # its response is empty
        timeout_s=60,
        remember=note_update,
    ),
    UpdateSignedFirmware: Phrase(
        "SignedUpdateFirmware",
        signed_update_for,
        result_from,
        timeout_s=60,
        remember=note_signed_update,
    ),
}
