"""Transactions in 2.0.1 and 2.1: TransactionEvent and MeterValues."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.v2 import messages as v2
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result
from ricarica.transactions.commands import CheckTransaction
from ricarica.transactions.facts import (
    Ended,
    Particulars,
    Progressed,
    Recorded,
    SignedReading,
    Started,
    TransactionFact,
)
from ricarica.transactions.readings import OUTLET, REGISTER, Context, Reading
from ricarica.transactions.terms import (
    Amounts,
    CountedAs,
    CountedCost,
    CountedPeriod,
    Limits,
)
from ricarica.transactions.watching import Checked
from ricarica.translation.readings import (
    context_from,
    in_base_unit,
    is_measurable,
    measurand_from,
)
from ricarica.translation.recording import recorded_by
from ricarica.translation.route import Origin, Phrase, Phrases, Route
from ricarica.translation.v2.words import CHARGING_STATE, id_token_info_for, token_from

PHASES = frozenset({"L1", "L2", "L3"})
COUNTED_AS = {
    v2.TariffCost.NormalCost: CountedAs.NORMAL,
    v2.TariffCost.MinCost: CountedAs.MINIMUM,
    v2.TariffCost.MaxCost: CountedAs.MAXIMUM,
}
COST_PARTS = (
    "fixed",
    "energy",
    "charging_time",
    "idle_time",
    "reservation_time",
    "reservation_fixed",
)


def readings_from(values: Iterable[v2.MeterValue]) -> Iterator[Reading]:
    for value in values:
        registers: list[Reading] = []
        for sampled in value.sampled_value:
            measure = sampled.unit_of_measure
            unit = measure.unit if measure else None
            multiplier = (measure.multiplier or 0) if measure else 0
            measurand, name = measurand_from(sampled.measurand, unit)
            if not is_measurable(sampled.value, multiplier):
                continue  # as absurd as that is no reading; the log of messages has it
            reading = Reading(
                measurand,
                in_base_unit(sampled.value, unit, multiplier),
                value.timestamp,
                context_from(sampled.context),
                phase=sampled.phase,
                location=sampled.location or v2.Location.Outlet,
                name=name,
            )
            if measurand is REGISTER:
                registers.append(reading)
            yield reading
        if registers and all(reading.phase for reading in registers):
            yield from totals_of(registers)


def totals_of(registers: Iterable[Reading]) -> Iterator[Reading]:
    """RegisterValuesWithoutPhases: unless it is true, a meter may tell each phase and no total."""
    phases: dict[Context, dict[str, Reading]] = {}
    for each in registers:
        phase = (each.phase or "").removesuffix("-N")
        if phase in PHASES and each.location == OUTLET:
            phases.setdefault(each.context, {})[phase] = each
    for context, told in phases.items():
        total = sum((each.value for each in told.values()), Decimal(0))
        yield Reading(REGISTER, total, next(iter(told.values())).at, context)


def signed_from(values: Iterable[v2.MeterValue]) -> Iterator[SignedReading]:
    """J02.FR.21: what a meter signed, as it came."""
    for value in values:
        for sampled in value.sampled_value:
            if (signed := sampled.signed_meter_value) is not None:
                yield SignedReading(
                    value.timestamp,
                    context_from(sampled.context),
                    signed.signing_method or "",
                    signed.encoding_method,
                    signed.signed_meter_data,
                    signed.public_key or None,
                )


def amounts_from(price: v2.Price | v2.TotalPrice) -> Amounts:
    return Amounts(price.excl_tax, price.incl_tax)


def periods_from(details: v2.CostDetails) -> Iterator[CountedPeriod]:
    for period in details.charging_periods or ():
        volumes = {dimension.type.value: dimension.volume for dimension in period.dimensions or ()}
        yield CountedPeriod(period.start_period, period.tariff_id, volumes)


def cost_from(details: v2.CostDetails, at: datetime) -> CountedCost:
    """I12: what the station came to."""
    cost, usage = details.total_cost, details.total_usage
    parts = {part: getattr(cost, part) for part in COST_PARTS}
    return CountedCost(
        at,
        cost.currency,
        amounts_from(cost.total),
        COUNTED_AS[cost.type_of_cost],
        {part: amounts_from(price) for part, price in parts.items() if price is not None},
        usage.energy,
        timedelta(seconds=usage.charging_time),
        timedelta(seconds=usage.idle_time),
        tuple(periods_from(details)),
        (details.failure_reason or "") if details.failure_to_calculate else None,
    )


def limits_from(limit: v2.TransactionLimit) -> Limits:
    return Limits(
        cost=limit.max_cost,
        energy_wh=limit.max_energy,
        time=None if limit.max_time is None else timedelta(seconds=limit.max_time),
        soc_percent=limit.max_soc,
    )


def told_from(req: v2.TransactionEventRequest) -> dict[str, str] | None:
    """What else it says of the transaction, in its own words."""
    info, is_end = req.transaction_info, req.event_type is v2.TransactionEvent.Ended
    told: dict[str, object | None] = {
        "phases": req.number_of_phases_used,
        "cable_max_a": req.cable_max_current,
        "preconditioning": req.preconditioning_status,
        "asleep": req.evse_sleep,
        "mode": info.operation_mode,
        # It changes all the time, and what it was in the end is what counts.
        "charging_s": info.time_spent_charging if is_end else None,
    }
    return {name: str(value) for name, value in told.items() if value is not None} or None


def particulars_from(req: v2.TransactionEventRequest) -> Particulars | None:
    info = req.transaction_info
    signed = tuple(signed_from(req.meter_value)) if req.meter_value else ()
    told = told_from(req) if _tells_more(req) else None
    limit, cost = info.transaction_limit, req.cost_details
    if not (signed or told or limit or cost or info.tariff_id):
        return None
    return Particulars(
        limits=limits_from(limit) if limit else None,
        tariff=info.tariff_id,
        cost=cost_from(cost, req.timestamp) if cost else None,
        signed=signed,
        told=told,
    )


def _tells_more(req: v2.TransactionEventRequest) -> bool:
    """Every event passes here, and few tell any of it."""
    info = req.transaction_info
    return not (
        req.number_of_phases_used is None
        and req.cable_max_current is None
        and req.preconditioning_status is None
        and req.evse_sleep is None
        and info.operation_mode is None
        and info.time_spent_charging is None
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
        "more": particulars_from(req),
    }
    match req.event_type:
        case v2.TransactionEvent.Started:
            return Started(**told)
        case v2.TransactionEvent.Ended:
            return Ended(**told, reason=req.transaction_info.stopped_reason or v2.Reason.Local)
        case _:
            return Progressed(**told)


def response_for(fact: TransactionFact, recorded: Recorded) -> v2.TransactionEventResponse:
    judgement, cost, say = recorded.judgement, recorded.cost, recorded.say
    # I02.FR.01 while it charges, I03.FR.02 in the end; what is told late is of no use on a display
    is_shown = isinstance(fact, Ended) or (isinstance(fact, Progressed) and not fact.offline)
    return v2.TransactionEventResponse(
        total_cost=cost.rounded().amount if cost and is_shown else None,
        id_token_info=id_token_info_for(judgement) if judgement else None,
        # I06.FR.01, FR.02
        updated_personal_message=message_for(say.text) if say and say.text else None,
    )


def message_for(text: str) -> v2.MessageContent:
    return v2.MessageContent(format=v2.MessageFormat.UTF8, content=text)


async def transaction_event(
    req: v2.TransactionEventRequest, origin: Origin, slices: Slices
) -> v2.TransactionEventResponse:
    fact = fact_from(req, origin)
    # E02.FR.02, FR.04, E03.FR.02; J02.FR.19
    return response_for(fact, await recorded_by(slices, fact))


async def meter_values(
    req: v2.MeterValuesRequest, origin: Origin, slices: Slices
) -> v2.MeterValuesResponse:
    evse = EvseNumber(max(req.evse_id, 0))
    # J01.FR.21: what belongs to a transaction comes with its events; this is all the rest
    slices.transactions.keep_readings(
        origin.station, evse, tuple(readings_from(req.meter_value)), origin.received_at
    )
    if signed := tuple(signed_from(req.meter_value)):
        slices.transactions.keep_signed(origin.station, evse, signed, origin.received_at)
    return v2.MeterValuesResponse()  # J01.FR.18


def check_result_from(response: v2.GetTransactionStatusResponse) -> Result:
    answer = {"ongoing": response.ongoing_indicator, "queued": response.messages_in_queue}
    return Result(Outcome.ACCEPTED, answer=answer)


async def remember_check(
    command: CheckTransaction, response: Any, origin: Origin, slices: Slices
) -> None:
    if command.ref is not None:
        await slices.watching.checked(
            Checked(
                origin.station,
                command.ref,
                response.ongoing_indicator,
                response.messages_in_queue,
                origin.received_at,
            )
        )


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
PHRASES: Phrases = {
    CheckTransaction: Phrase(
        "GetTransactionStatus",
        lambda command: v2.GetTransactionStatusRequest(transaction_id=command.ref),
        check_result_from,
        remember=remember_check,
    ),
}
