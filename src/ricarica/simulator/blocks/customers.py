"""N09, N10: what the station knows of a customer."""

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import Block, Station

PART = 40  # characters of a report in one message, so that even a short one has several
NOTHING = "nothing is known of this customer"


def _customer_information(station: Station, request: v2.CustomerInformationRequest) -> Payload:
    word = v2.CustomerInformationStatus
    named = (request.id_token, request.customer_certificate, request.customer_identifier)
    if sum(each is not None for each in named) != 1:
        return v2.CustomerInformationResponse(status=word.Invalid)  # N09.FR.09
    if not request.report and not request.clear:
        return v2.CustomerInformationResponse(status=word.Rejected)  # N09.FR.07
    known = _known(station, request)
    if request.clear:
        _forget(station, request)
    _tell(station, request.request_id, known if request.report else "the data was cleared")
    return v2.CustomerInformationResponse(status=word.Accepted)


def _known(station: Station, request: v2.CustomerInformationRequest) -> str:
    if request.id_token is None:
        return NOTHING
    uid = request.id_token.id_token.casefold()
    lines = []
    if uid in station.tokens.cache:
        lines.append(f"cache: {uid} {station.tokens.cache[uid].status}")
    if uid in station.tokens.local_list:
        lines.append(f"local list: {uid} {station.tokens.local_list[uid].status}")
    return "\n".join(lines) or NOTHING  # N09.FR.06


def _forget(station: Station, request: v2.CustomerInformationRequest) -> None:
    """N10.FR.03: all but the local list, which is the server's."""
    if request.id_token is not None:
        station.tokens.cache.pop(request.id_token.id_token.casefold(), None)


def _tell(station: Station, number: int, text: str) -> None:
    parts = [text[begin : begin + PART] for begin in range(0, len(text), PART)]
    for seq_no, part in enumerate(parts):
        station.ask(
            v2.NotifyCustomerInformationRequest(
                data=part,
                tbc=seq_no < len(parts) - 1,
                seq_no=seq_no,
                generated_at=station.clock,
                request_id=number,
            )
        )


BLOCK = Block("customers", commands={v2.CustomerInformationRequest: _customer_information})
