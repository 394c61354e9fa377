"""Transactions in 2.1: what its answers say beyond those of 2.0.1."""

from msgspec.structs import replace

from ricarica.billing.facts import CardShown
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.transactions.terms import Limits
from ricarica.translation.recording import recorded_by
from ricarica.translation.route import Origin, Route
from ricarica.translation.times import seconds_for
from ricarica.translation.v2.transactions import fact_from, response_for
from ricarica.translation.v21.payments import details_from


def limit_for(limits: Limits) -> v2.TransactionLimit:
    return v2.TransactionLimit(
        max_cost=limits.cost,
        max_energy=limits.energy_wh,
        max_time=seconds_for(limits.time),
        max_soc=limits.soc_percent,
    )


async def transaction_event(
    req: v2.TransactionEventRequest, origin: Origin, slices: Slices
) -> v2.TransactionEventResponse:
    fact = fact_from(req, origin)
    recorded = await recorded_by(slices, fact)
    if recorded.payment and req.id_token and (details := details_from(req.id_token)):
        card = CardShown(origin.station, recorded.payment, origin.received_at, details)
        await slices.billing.shown(card)
    response = response_for(fact, recorded)
    if recorded.say is None or recorded.say.limits is None:
        return response
    # E16.FR.02
    return replace(response, transaction_limit=limit_for(recorded.say.limits))


ROUTES = (
    Route(
        "TransactionEvent",
        v2.TransactionEventRequest,
        transaction_event,
        tokens=lambda req: (req.id_token.id_token,) if req.id_token else (),
        answer_when_put_aside=lambda _: v2.TransactionEventResponse(),
    ),
)
