"""Tokens in 2.1: longer ones, of more kinds, and what their cars may do."""

from dataclasses import replace as changed

from msgspec.structs import replace

from ricarica.authorization.commands import SendList
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.translation.route import Origin, Phrases, Route
from ricarica.translation.v2.authorization import (
    PHRASES as IN_201,
)
from ricarica.translation.v2.authorization import (
    authorize_response_for,
    judged,
    send_list_saying,
)


async def authorize(
    req: v2.AuthorizeRequest, origin: Origin, slices: Slices
) -> v2.AuthorizeResponse:
    judgement = await judged(req, origin, slices)
    transfers = [v2.EnergyTransferMode(str(each)) for each in judgement.treatment.transfers]
    # Q01, K15: which of what it and its car can do the driver's contract has
    return replace(authorize_response_for(judgement), allowed_energy_transfer=transfers or None)


ROUTES = (
    Route(
        "Authorize",
        v2.AuthorizeRequest,
        authorize,
        tokens=lambda req: (req.id_token.id_token,),
    ),
)
PHRASES: Phrases = {
    SendList: changed(IN_201[SendList], request_for=send_list_saying(lambda _: True)),
}
