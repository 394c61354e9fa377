"""P01, P02: what makers add to OCPP."""

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.core import Answer, Answered, Block, Station

VENDOR = "org.ricarica.simulator"


def _data_transfer_v16(station: Station, request: v16.DataTransferRequest) -> Payload:
    status = v16.DataTransferStatus(_status(request.vendor_id, request.message_id))
    is_ours = status is v16.DataTransferStatus.Accepted
    return v16.DataTransferResponse(status=status, data=request.data if is_ours else None)


def _data_transfer_v2(station: Station, request: v2.DataTransferRequest) -> Payload:
    status = v2.DataTransferStatus(_status(request.vendor_id, request.message_id))
    is_ours = status is v2.DataTransferStatus.Accepted
    return v2.DataTransferResponse(status=status, data=request.data if is_ours else None)


def _status(vendor: str, message: str | None) -> str:
    if vendor != VENDOR:
        return "UnknownVendorId"  # P01.FR.05
    return "Accepted" if message in (None, "Echo") else "UnknownMessageId"  # P01.FR.06


class Answers:
    """What the server said to what was transferred, the last last."""

    def __init__(self) -> None:
        self.statuses: list[str] = []
        self.data: list[object] = []


def transfer(station: Station, vendor: str, message: str = "", data: str = "") -> None:
    kind = v2.DataTransferRequest if station.dialect.family == "v2" else v16.DataTransferRequest
    station.ask(
        kind(vendor_id=vendor, message_id=message or None, data=data or None),
        lambda answer: _answered(station, answer),
    )


def _answered(station: Station, answer: Answer) -> None:
    if not isinstance(answer, Answered):
        return
    payload = answer.payload
    assert isinstance(payload, v2.DataTransferResponse | v16.DataTransferResponse), "its answer"
    heard = station.memory(Answers)
    heard.statuses.append(str(payload.status))
    heard.data.append(payload.data)


BLOCK = Block(
    "transfers",
    commands={
        v16.DataTransferRequest: _data_transfer_v16,
        v2.DataTransferRequest: _data_transfer_v2,
    },
    sayings={"transfer": transfer},
)
