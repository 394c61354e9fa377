"""Plug & Charge in 1.6: messages of 2.0.1, each as a text within a DataTransfer.

OCA, Using ISO 15118 Plug & Charge with OCPP 1.6.
"""

from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from ricarica.certificates.commands import DeliverCertificate
from ricarica.certificates.inquiries import Question
from ricarica.ocpp import wire
from ricarica.ocpp.dialects import V201
from ricarica.ocpp.errors import RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.translation.route import Origin, Route
from ricarica.translation.v2 import authorization, certificates
from ricarica.translation.v2.phrases import result_from
from ricarica.translation.vendors import TransferStatus

P = TypeVar("P", bound=Payload)
VENDOR = "org.openchargealliance.iso15118pnc"
BY_NAME = {
    route.action: route
    for route in (*authorization.ROUTES, *certificates.ROUTES)
    if route.action
    in {"Authorize", "SignCertificate", "GetCertificateStatus", "Get15118EVCertificate"}
}
NOT_TAKEN = "it does not know Plug & Charge"
NOTHING_TAKEN = v2.CertificateSignedResponse(
    status=v2.CertificateSignedStatus.Rejected,
    status_info=v2.StatusInfo(reason_code="NotSupported", additional_info=NOT_TAKEN),
)


async def transferred(
    req: v16.DataTransferRequest, origin: Origin, slices: Slices
) -> v16.DataTransferResponse:
    """Answered as a station of 2.0.1 would be."""
    route = BY_NAME.get(req.message_id or "")
    if route is None:
        return _answer(TransferStatus.UNKNOWN_MESSAGE)
    request = _read(route, req.data)
    if request is None:
        return _answer(TransferStatus.REJECTED)
    response = await route.handle(request, origin._replace(dialect=V201), slices)
    assert response is not None, "what is asked by a station is answered"
    return _answer(TransferStatus.ACCEPTED, wire.encode(response, V201).decode())


def questions(req: v16.DataTransferRequest) -> Sequence[Question]:
    """For `Route.ask_first` of DataTransfer."""
    route = BY_NAME.get(req.message_id or "") if req.vendor_id == VENDOR else None
    request = _read(route, req.data) if route is not None else None
    return route.ask_first(request) if route is not None and request is not None else ()


def _read(route: Route, data: str | None) -> Payload | None:
    """None: it is no such message."""
    try:
        request = wire.decode(data or "", route.request)
    except RemoteProtocolError:
        return None
    match request:
        case v2.AuthorizeRequest() if request.id_token.type != v2.IdTokenKind.eMAID:
            return None  # a car shows contracts; all else has the Authorize of 1.6
        case v2.SignCertificateRequest() if request.certificate_type is None:
            return replace(request, certificate_type=v2.CertificateSigningUse.V2GCertificate)
        case _:
            return request


def _answer(status: TransferStatus, data: str | None = None) -> v16.DataTransferResponse:
    return v16.DataTransferResponse(status=v16.DataTransferStatus(str(status)), data=data)


# -- to the station


def deliver_for(command: DeliverCertificate) -> v16.DataTransferRequest:
    """A certificate that it shows to cars."""
    said = wire.encode(certificates.deliver_for(command), V201).decode()
    return v16.DataTransferRequest(vendor_id=VENDOR, message_id="CertificateSigned", data=said)


def delivered_in(response: v16.DataTransferResponse) -> v2.CertificateSignedResponse | None:
    """What it says of it; None: it could not even read it."""
    return _told(response, v2.CertificateSignedResponse)


def delivery_result_from(response: v16.DataTransferResponse) -> Result:
    return _result(response, delivered_in(response))


def trigger() -> v16.DataTransferRequest:
    """A02: have it ask for a certificate that it shows to cars."""
    word = v2.MessageTrigger.SignV2GCertificate
    said = wire.encode(v2.TriggerMessageRequest(requested_message=word), V201).decode()
    return v16.DataTransferRequest(vendor_id=VENDOR, message_id="TriggerMessage", data=said)


def trigger_result_from(response: v16.DataTransferResponse) -> Result:
    return _result(response, _told(response, v2.TriggerMessageResponse))


def _told(response: v16.DataTransferResponse, kind: type[P]) -> P | None:
    if response.status is not v16.DataTransferStatus.Accepted or response.data is None:
        return None
    try:
        return wire.decode(response.data, kind)
    except RemoteProtocolError:
        return None


def _result(response: v16.DataTransferResponse, told: Payload | None) -> Result:
    if told is None:
        return Result(Outcome.REFUSED, str(response.status), NOT_TAKEN)
    return result_from(told)
