"""Reservations in 1.6, which never tells how one ended unless somebody charged."""

from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.v16 import messages as v16
from ricarica.reservations.commands import CancelReservation, Reserve
from ricarica.translation.reservations import remember_cancelled, remember_reserved
from ricarica.translation.route import Phrase, Phrases
from ricarica.translation.v16.phrases import result_from
from ricarica.translation.v16.words import id_tag_for

GROUP_MAX = 20  # characters of a parentIdTag


def reserve_for(command: Reserve) -> v16.ReserveNowRequest:
    if command.connector_type is not None:
        raise LocalProtocolError("1.6 has no word for a type of connector")
    group = command.group
    return v16.ReserveNowRequest(
        connector_id=command.evse or 0,  # 0: whichever is free
        expiry_date=command.expires_at,
        id_tag=id_tag_for(command.token),
        parent_id_tag=group if group and len(group) <= GROUP_MAX else None,
        reservation_id=command.number,
    )


PHRASES: Phrases = {
    Reserve: Phrase("ReserveNow", reserve_for, result_from, remember=remember_reserved),
    CancelReservation: Phrase(
        "CancelReservation",
        lambda command: v16.CancelReservationRequest(reservation_id=command.number),
        result_from,
        remember=remember_cancelled,
    ),
}
