"""Tokens in 2.1: longer ones, of more kinds, and what their cars may do."""

from dataclasses import replace as changed

from msgspec.structs import replace

from ricarica.authorization.commands import SendList
from ricarica.authorization.model import TokenKind
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
from ricarica.translation.v2.certificates import contract_questions
from ricarica.translation.v2.energy_words import TRANSFER
from ricarica.translation.v2.pricing import priced
from ricarica.translation.v21.payments import card_from
from ricarica.translation.v21.tariffs import tariff_for


async def authorize(
    req: v2.AuthorizeRequest, origin: Origin, slices: Slices
) -> v2.AuthorizeResponse:
    judgement = await judged(req, origin, slices)
    transfers = await slices.cars.allowed_transfers(origin.station, judgement.treatment.transfers)
    if req.id_token.type == TokenKind.DIRECT_PAYMENT:
        await slices.billing.shown(card_from(req.id_token, origin))
    response, token, tariff = await priced(
        authorize_response_for(judgement), req, judgement, origin, slices
    )
    plan = None
    if token is not None and token.tariff is not None and tariff is not None:  # I08.FR.01
        plan = await slices.station_plans.counting_plan(origin.station, tariff)
    return replace(
        response,
        allowed_energy_transfer=[TRANSFER[each] for each in transfers or ()] or None,  # Q01.FR.01
        tariff=tariff_for(plan) if plan else None,
    )


ROUTES = (
    Route(
        "Authorize",
        v2.AuthorizeRequest,
        authorize,
        tokens=lambda req: (req.id_token.id_token,),
        ask_first=contract_questions,
    ),
)
PHRASES: Phrases = {
    SendList: changed(IN_201[SendList], request_for=send_list_saying(lambda _: True)),
}
