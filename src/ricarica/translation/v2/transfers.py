"""DataTransfer in 2.0.1 and 2.1."""

from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.translation.route import Origin, Route
from ricarica.translation.vendors import Transfer, answer


async def data_transfer(
    req: v2.DataTransferRequest, origin: Origin, slices: Slices
) -> v2.DataTransferResponse:
    told = await answer(Transfer(req.vendor_id, req.message_id, req.data), origin, slices)
    status = v2.DataTransferStatus(str(told.status))
    return v2.DataTransferResponse(status=status, data=told.data)


ROUTES = (Route("DataTransfer", v2.DataTransferRequest, data_transfer),)
