"""Transactions in 2.0.1 and 2.1: TransactionEvent and MeterValues."""

from collections.abc import Iterable, Iterator
from typing import Any

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.transactions.facts import (
    Ended,
    Progressed,
    Recorded,
    Started,
    TransactionFact,
)
from ricarica.transactions.readings import Reading
from ricarica.translation.readings import (
    context_from,
    in_base_unit,
    is_measurable,
    measurand_from,
)
from ricarica.translation.route import Origin, Route
from ricarica.translation.v2.words import CHARGING_STATE, id_token_info_for, token_from


def readings_from(values: Iterable[v2.MeterValue]) -> Iterator[Reading]:
    for value in values:
        for sampled in value.sampled_value:
            measure = sampled.unit_of_measure
            unit = measure.unit if measure else None
            multiplier = (measure.multiplier or 0) if measure else 0
            measurand, name = measurand_from(sampled.measurand, unit)
            if not is_measurable(sampled.value, multiplier):
                continue  # as absurd as that is no reading; the log of messages has it
            yield Reading(
                measurand,
                in_base_unit(sampled.value, unit, multiplier),
                value.timestamp,
                context_from(sampled.context),
                phase=sampled.phase,
                location=sampled.location or v2.Location.Outlet,
                name=name,
            )


def fact_from(req: v2.TransactionEventRequest, origin: Origin) -> TransactionFact:
    told: dict[str, Any] = {
        "station": origin.station,
        "at": req.timestamp,
        "received_at": origin.received_at,
        "ref": req.transaction_info.transaction_id,
        "evse": EvseNumber(req.evse.id) if req.evse else None,
        "connector": ConnectorNumber(req.evse.connector_id)
        if req.evse and req.evse.connector_id is not None
        else None,
        "token": token_from(req.id_token) if req.id_token else None,
        "readings": tuple(readings_from(req.meter_value or ())),
        "seq_no": req.seq_no,
        "trigger": req.trigger_reason,
        "charging_state": CHARGING_STATE[req.transaction_info.charging_state]
        if req.transaction_info.charging_state
        else None,
        "offline": bool(req.offline),
        "reservation": req.reservation_id,
        "remote_start": req.transaction_info.remote_start_id,
    }
    match req.event_type:
        case v2.TransactionEvent.Started:
            return Started(**told)
        case v2.TransactionEvent.Ended:
            return Ended(**told, reason=req.transaction_info.stopped_reason or v2.Reason.Local)
        case _:
            return Progressed(**told)


def response_for(fact: TransactionFact, recorded: Recorded) -> v2.TransactionEventResponse:
    judgement = recorded.judgement
    # I03.FR.02: the total is told once, at the end; before it, CostUpdated says what it came to
    final = recorded.cost.rounded().amount if recorded.cost and isinstance(fact, Ended) else None
    return v2.TransactionEventResponse(
        total_cost=final,
        id_token_info=id_token_info_for(judgement) if judgement else None,
    )


async def transaction_event(
    req: v2.TransactionEventRequest, origin: Origin, slices: Slices
) -> v2.TransactionEventResponse:
    fact = fact_from(req, origin)
    return response_for(fact, await slices.transactions.record(fact))


async def meter_values(
    req: v2.MeterValuesRequest, origin: Origin, slices: Slices
) -> v2.MeterValuesResponse:
    # J01.FR.21: what belongs to a transaction comes with its events; this is all the rest
    slices.transactions.keep_readings(
        origin.station,
        EvseNumber(max(req.evse_id, 0)),
        tuple(readings_from(req.meter_value)),
        origin.received_at,
    )
    return v2.MeterValuesResponse()


ROUTES = (
    Route(
        "TransactionEvent",
        v2.TransactionEventRequest,
        transaction_event,
        tokens=lambda req: (req.id_token.id_token,) if req.id_token else (),
        answer_when_put_aside=lambda _: v2.TransactionEventResponse(),
    ),
    Route(
        "MeterValues",
        v2.MeterValuesRequest,
        meter_values,
        answer_when_put_aside=lambda _: v2.MeterValuesResponse(),
    ),
)
