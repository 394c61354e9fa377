"""H01–H04: an EVSE held for a driver."""

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator import commands
from ricarica.simulator.core import Block, Station
from ricarica.simulator.evse import Evse, Reservation
from ricarica.simulator.settings import Access, Kind, Place, Setting
from ricarica.simulator.transaction import Token

ANY_EVSE = Setting(
    "reserves_station",
    "true",
    Kind.BOOLEAN,
    "ReserveConnectorZeroSupported",
    Place("ReservationCtrlr", "NonEvseSpecific"),
    Access.READ_ONLY,
)


def _reserve_v16(station: Station, request: v16.ReserveNowRequest) -> Payload:
    held = Reservation(
        request.reservation_id, Token(request.id_tag), request.expiry_date, request.parent_id_tag
    )
    status = _reserved(station, request.connector_id, held)
    return v16.ReserveNowResponse(status=v16.ReservationStatus(status))


def _reserve_v2(station: Station, request: v2.ReserveNowRequest) -> Payload:
    group, given = request.group_id_token, request.id_token
    held = Reservation(
        request.id,
        Token(given.id_token, given.type),
        request.expiry_date_time,
        group.id_token if group else None,
    )
    status = _reserved(station, request.evse_id or 0, held, request.connector_type)
    return v2.ReserveNowResponse(status=v2.ReserveNowStatus(status))


def _reserved(
    station: Station, evse: int, held: Reservation, connector_type: str | None = None
) -> str:
    if not station.settings.flag("reservation_enabled"):
        return commands.REJECTED  # H01.FR.01
    if evse == 0 and not station.settings.flag("reserves_station"):
        return commands.REJECTED  # H01.FR.19, 1.6 §5.13
    if connector_type is None:
        return commands.reserve(station, evse, held)
    fitting = [each for each in station.evses.values() if _has(each, connector_type)]
    outcomes = [commands.reserve(station, each.number, held) for each in fitting[:1]]
    for each in fitting[1:]:  # H01.FR.06
        if outcomes[-1] == commands.ACCEPTED:
            break
        outcomes.append(commands.reserve(station, each.number, held))
    return outcomes[-1] if outcomes else commands.REJECTED


def _has(evse: Evse, connector_type: str) -> bool:
    return any(connector.type == connector_type for connector in evse.connectors)


def _cancel_v16(station: Station, request: v16.CancelReservationRequest) -> Payload:
    status = commands.cancel_reservation(station, request.reservation_id)
    return v16.CancelReservationResponse(status=v16.CancelReservationStatus(status))


def _cancel_v2(station: Station, request: v2.CancelReservationRequest) -> Payload:
    status = commands.cancel_reservation(station, request.reservation_id)
    return v2.CancelReservationResponse(status=v2.CancelReservationStatus(status))


def say_ended(station: Station, number: str, status: str = "Expired") -> None:
    """Any end, of a reservation that perhaps nobody made. 1.6 has no word for it."""
    told = station.speech.reservation_ended(int(number), status)
    if told is not None:
        station.ask(told)


BLOCK = Block(
    "reservations",
    commands={
        v16.ReserveNowRequest: _reserve_v16,
        v16.CancelReservationRequest: _cancel_v16,
        v2.ReserveNowRequest: _reserve_v2,
        v2.CancelReservationRequest: _cancel_v2,
    },
    settings=(ANY_EVSE,),
    sayings={"reservation": say_ended},
)
