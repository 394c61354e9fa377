"""DataTransfer in 1.6."""

from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.translation.route import Origin, Route
from ricarica.translation.v16 import plug_and_charge
from ricarica.translation.vendors import Transfer, answer


async def data_transfer(
    req: v16.DataTransferRequest, origin: Origin, slices: Slices
) -> v16.DataTransferResponse:
    if req.vendor_id == plug_and_charge.VENDOR:
        return await plug_and_charge.transferred(req, origin, slices)
    told = await answer(Transfer(req.vendor_id, req.message_id, req.data), origin, slices)
    status = v16.DataTransferStatus(str(told.status))
    return v16.DataTransferResponse(status=status, data=told.data)


ROUTES = (
    Route(
        "DataTransfer",
        v16.DataTransferRequest,
        data_transfer,
        ask_first=plug_and_charge.questions,
    ),
)
