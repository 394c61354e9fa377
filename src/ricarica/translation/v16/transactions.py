"""Transactions in 1.6: StartTransaction, MeterValues, StopTransaction."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal

import msgspec

from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.v16 import messages as v16
from ricarica.slices import Slices
from ricarica.transactions.facts import (
    Ended,
    Particulars,
    Progressed,
    SignedReading,
    Started,
)
from ricarica.transactions.readings import Context, Reading
from ricarica.translation.readings import (
    context_from,
    in_base_unit,
    measurand_from,
    number_from,
)
from ricarica.translation.recording import recorded_by
from ricarica.translation.route import Origin, Route
from ricarica.translation.v16.core import ONLY_CONNECTOR
from ricarica.translation.v16.words import id_tag_info_for


class Signed(msgspec.Struct, frozen=True):
    """OCA, signed meter values in OCPP §3.1."""

    data: str = msgspec.field(name="signedMeterData")
    signing: str = msgspec.field(name="signingMethod", default="")
    encoding: str = msgspec.field(name="encodingMethod", default="")
    public_key: str = msgspec.field(name="publicKey", default="")


def readings_from(values: Iterable[v16.MeterValue]) -> Iterator[Reading]:
    for value in values:
        for sampled in value.sampled_value:
            number = number_from(sampled.value)
            if number is None:
                continue  # a signed block; the log of messages has it
            unit, context = sampled.unit, sampled.context
            measurand, name = measurand_from(sampled.measurand, unit)
            yield Reading(
                measurand,
                number if unit is None else in_base_unit(number, unit),
                value.timestamp,
                Context.PERIODIC if context is None else context_from(context),
                phase=sampled.phase,
                location=sampled.location or v16.Location.Outlet,
                name=name,
            )


def signed_from(values: Iterable[v16.MeterValue]) -> Iterator[SignedReading]:
    """What a meter signed, as it came; 1.6 wraps what 2.x has members for into a text."""
    for value in values:
        for sampled in value.sampled_value:
            if sampled.format is v16.ValueFormat.SignedData:
                context = context_from(sampled.context)
                yield signed_reading_from(sampled.value, value.timestamp, context)


def signed_reading_from(text: str, at: datetime, context: Context) -> SignedReading:
    try:
        told = msgspec.json.decode(text, type=Signed)
    except msgspec.DecodeError:
        # Many stations leave the wrapping out and send the meter's own record.
        return SignedReading(at, context, "", "", text)
    return SignedReading(
        at, context, told.signing, told.encoding, told.data, told.public_key or None
    )


def particulars_from(values: Iterable[v16.MeterValue]) -> Particulars | None:
    signed = tuple(signed_from(values))
    return Particulars(signed=signed) if signed else None


def starter_of(req: v16.StartTransactionRequest, origin: Origin) -> TokenRef:
    is_nobody = not req.id_tag and origin.habits.free_charging
    return TokenRef("", TokenKind.NO_AUTHORIZATION) if is_nobody else TokenRef(req.id_tag)


def started_from(req: v16.StartTransactionRequest, origin: Origin) -> Started:
    return Started(
        station=origin.station,
        at=req.timestamp,
        received_at=origin.received_at,
        ref=None,  # 1.6 leaves it to us to name the transaction
        evse=EvseNumber(req.connector_id),  # what 1.6 calls a connector is our EVSE
        connector=ONLY_CONNECTOR,
        token=starter_of(req, origin),
        register_wh=Decimal(req.meter_start),
        reservation=req.reservation_id,
    )


async def start_transaction(
    req: v16.StartTransactionRequest, origin: Origin, slices: Slices
) -> v16.StartTransactionResponse:
    recorded = await recorded_by(slices, started_from(req, origin))
    assert recorded.judgement, "a 1.6 start always carries a token"
    return v16.StartTransactionResponse(
        id_tag_info=id_tag_info_for(recorded.judgement), transaction_id=int(recorded.ref)
    )


async def meter_values(
    req: v16.MeterValuesRequest, origin: Origin, slices: Slices
) -> v16.MeterValuesResponse:
    readings = tuple(readings_from(req.meter_value))
    more = particulars_from(req.meter_value)
    await slices.transactions.meter(
        Progressed(
            station=origin.station,
            at=max((value.timestamp for value in req.meter_value), default=origin.received_at),
            received_at=origin.received_at,
            ref=None if req.transaction_id is None else str(req.transaction_id),
            evse=EvseNumber(max(req.connector_id, 0)),
            connector=ONLY_CONNECTOR if req.connector_id > 0 else None,
            readings=readings,
            more=more,
        )
    )
    return v16.MeterValuesResponse()


def ended_from(req: v16.StopTransactionRequest, origin: Origin) -> Ended:
    return Ended(
        station=origin.station,
        at=req.timestamp,
        received_at=origin.received_at,
        ref=str(req.transaction_id),
        token=None if req.id_tag is None else TokenRef(req.id_tag),
        register_wh=Decimal(req.meter_stop),
        readings=tuple(readings_from(req.transaction_data or ())),
        reason=req.reason or v16.Reason.Local,
        more=particulars_from(req.transaction_data) if req.transaction_data else None,
    )


async def stop_transaction(
    req: v16.StopTransactionRequest, origin: Origin, slices: Slices
) -> v16.StopTransactionResponse:
    recorded = await recorded_by(slices, ended_from(req, origin))
    if recorded.judgement is None:
        return v16.StopTransactionResponse()
    return v16.StopTransactionResponse(id_tag_info=id_tag_info_for(recorded.judgement))


ROUTES = (
    Route(
        "StartTransaction",
        v16.StartTransactionRequest,
        start_transaction,
        tokens=lambda req: (req.id_tag,),
    ),
    Route(
        "MeterValues",
        v16.MeterValuesRequest,
        meter_values,
        answer_when_put_aside=lambda _: v16.MeterValuesResponse(),
    ),
    Route(
        "StopTransaction",
        v16.StopTransactionRequest,
        stop_transaction,
        tokens=lambda req: (req.id_tag,) if req.id_tag else (),
        answer_when_put_aside=lambda _: v16.StopTransactionResponse(),
    ),
)
