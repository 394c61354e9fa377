"""Reservations in 2.0.1 and 2.1."""

from ricarica.ocpp.v2 import messages as v2
from ricarica.reservations.commands import CancelReservation, Reserve
from ricarica.reservations.model import ReservationState
from ricarica.slices import Slices
from ricarica.translation.reservations import remember_cancelled, remember_reserved
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.v2.words import group_for, token_for

ENDED = {
    v2.ReservationUpdateStatus.Expired: ReservationState.EXPIRED,
    v2.ReservationUpdateStatus.Removed: ReservationState.REMOVED,
    v2.ReservationUpdateStatus.NoTransaction: ReservationState.UNUSED,
}


def reserve_for(command: Reserve) -> v2.ReserveNowRequest:
    return v2.ReserveNowRequest(
        id=command.number,
        expiry_date_time=command.expires_at,
        connector_type=command.connector_type,
        id_token=token_for(command.token),
        evse_id=command.evse,
        group_id_token=group_for(command.group),
    )


async def reservation_status_update(
    req: v2.ReservationStatusUpdateRequest, origin: Origin, slices: Slices
) -> v2.ReservationStatusUpdateResponse:
    state = ENDED[req.reservation_update_status]
    await slices.reservations.ended(origin.station, req.reservation_id, state, origin.received_at)
    return v2.ReservationStatusUpdateResponse()


ROUTES = (
    Route(
        "ReservationStatusUpdate",
        v2.ReservationStatusUpdateRequest,
        reservation_status_update,
        answer_when_put_aside=lambda _: v2.ReservationStatusUpdateResponse(),
    ),
)
PHRASES: Phrases = {
    Reserve: Phrase("ReserveNow", reserve_for, result_from, remember=remember_reserved),
    CancelReservation: Phrase(
        "CancelReservation",
        lambda command: v2.CancelReservationRequest(reservation_id=command.number),
        result_from,
        remember=remember_cancelled,
    ),
}
