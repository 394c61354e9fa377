"""What a simulated station says in OCPP 1.6."""

from datetime import timedelta
from decimal import Decimal

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v16 import messages as v16
from ricarica.simulator.core import BootAnswer, BootState, EventAnswer, Station
from ricarica.simulator.evse import Evse, State
from ricarica.simulator.meter import Reading, Sample
from ricarica.simulator.tokens import Verdict
from ricarica.simulator.transaction import EventKind, Token, TransactionEvent

UNKNOWN_TRANSACTION = -1  # 1.6 errata 3.18: the server answers as if it were valid
ANONYMOUS = "ANONYMOUS"  # a 1.6 start cannot do without one
BOOT_STATE = {
    v16.RegistrationStatus.Accepted: BootState.ACCEPTED,
    v16.RegistrationStatus.Pending: BootState.PENDING,
    v16.RegistrationStatus.Rejected: BootState.REJECTED,
}
REASON = {
    "ImmediateReset": v16.Reason.HardReset,
    "StoppedByEV": v16.Reason.EVDisconnected,
    "Timeout": v16.Reason.Other,
}
UNITS_WITHOUT_WORD = frozenset({"Hz"})  # the list of 1.6 has none for frequency


class SpeechV16:
    def boot(self, station: Station, reason: str) -> Payload:
        make = station.make
        return v16.BootNotificationRequest(
            charge_point_vendor=make.vendor[:20],
            charge_point_model=make.model[:20],
            charge_point_serial_number=make.serial[:25],
            charge_box_serial_number=station.identity[:25],
            firmware_version=make.firmware,
            meter_type="Ferraris M3",
            meter_serial_number=f"M-{make.serial}"[:25],
        )

    def boot_answer(self, response: Payload) -> BootAnswer:
        assert isinstance(response, v16.BootNotificationResponse), "not an answer to a boot"
        return BootAnswer(
            BOOT_STATE[response.status],
            timedelta(seconds=response.interval),
            response.current_time,
        )

    def heartbeat(self) -> Payload:
        return v16.HeartbeatRequest()

    def connectors(self, evse: Evse) -> tuple[int, ...]:
        """What 1.6 calls a connector is an EVSE, however many plugs it has."""
        return (evse.connectors[0].number,)

    def state_word(self, state: State) -> str:
        return state.value

    def status(self, station: Station, evse: Evse, connector: int) -> Payload:
        state = evse.state(connector)
        return v16.StatusNotificationRequest(
            connector_id=evse.number,
            error_code=error_code(evse),
            status=v16.ChargePointStatus(state.value),
            timestamp=station.clock,
            info=evse.fault[:50] if evse.fault else None,
        )

    def station_status(self, station: Station) -> Payload | None:
        state = State.AVAILABLE if station.is_operative else State.UNAVAILABLE
        return v16.StatusNotificationRequest(
            connector_id=0,
            error_code=v16.ChargePointErrorCode.NoError,
            status=v16.ChargePointStatus(state.value),
            timestamp=station.clock,
        )

    def authorize(self, token: Token) -> Payload:
        return v16.AuthorizeRequest(id_tag=token.uid[:20])

    def authorize_answer(self, response: Payload) -> Verdict:
        assert isinstance(response, v16.AuthorizeResponse), "not an answer to a token"
        return verdict_from(response.id_tag_info)

    def tells(self, event: TransactionEvent) -> bool:
        """1.6 has no word for a change of state: its connector's status says it."""
        return event.kind is not EventKind.UPDATED or event.sample is not None

    def event(self, event: TransactionEvent) -> Payload:
        match event.kind:
            case EventKind.STARTED:
                return _start(event)
            case EventKind.UPDATED:
                return _meter_values(event)
            case EventKind.ENDED:
                return _stop(event)

    def event_answer(self, response: Payload) -> EventAnswer:
        match response:
            case v16.StartTransactionResponse():
                return EventAnswer(
                    verdict_from(response.id_tag_info), number=response.transaction_id
                )
            case v16.StopTransactionResponse(id_tag_info=v16.IdTagInfo() as info):
                return EventAnswer(verdict_from(info))
            case _:
                return EventAnswer()

    def event_key(self, payload: Payload) -> str:
        """What makes a transaction message the same one when it is sent again."""
        match payload:
            case v16.StartTransactionRequest():
                start = (payload.connector_id, payload.id_tag, payload.timestamp.isoformat())
                return "/".join(map(str, (*start, payload.meter_start)))
            case v16.StopTransactionRequest():
                return f"{payload.transaction_id}/stop"
            case v16.MeterValuesRequest():
                at = payload.meter_value[0].timestamp.isoformat()
                return f"{payload.connector_id}/{payload.transaction_id}/{at}"
            case _:
                return ""

    def reservation_ended(self, number: int, status: str) -> Payload | None:
        """1.6 leaves it to the clock of the server."""

    def idle_sample(self, evse: Evse, sample: Sample) -> Payload:
        return v16.MeterValuesRequest(
            connector_id=evse.number, meter_value=[meter_value_for(sample)]
        )


def _start(event: TransactionEvent) -> Payload:
    return v16.StartTransactionRequest(
        connector_id=event.transaction.evse,
        id_tag=event.token.uid[:20] if event.token else ANONYMOUS,
        meter_start=int(event.register_wh),
        reservation_id=event.transaction.reservation_id,
        timestamp=event.at,
    )


def _meter_values(event: TransactionEvent) -> Payload:
    assert event.sample is not None, "1.6 does not tell of a change without a reading"
    return v16.MeterValuesRequest(
        connector_id=event.transaction.evse,
        transaction_id=_number(event),
        meter_value=[meter_value_for(event.sample)],
    )


def _stop(event: TransactionEvent) -> Payload:
    return v16.StopTransactionRequest(
        id_tag=event.token.uid[:20] if event.token else None,
        meter_stop=int(event.register_wh),
        timestamp=event.at,
        transaction_id=_number(event),
        reason=reason_for(event.reason),
        transaction_data=[meter_value_for(event.sample)] if event.sample else None,
    )


def _number(event: TransactionEvent) -> int:
    number = event.transaction.number
    return UNKNOWN_TRANSACTION if number is None else number


def reason_for(reason: str | None) -> v16.Reason | None:
    """1.6 §7.38: a stop by the driver here may leave it out; we say Local anyway."""
    if reason is None:
        return None
    if reason in v16.Reason.__members__:
        return v16.Reason(reason)
    return REASON.get(reason, v16.Reason.Other)


def error_code(evse: Evse) -> v16.ChargePointErrorCode:
    if evse.fault is None:
        return v16.ChargePointErrorCode.NoError
    if evse.fault in v16.ChargePointErrorCode.__members__:
        return v16.ChargePointErrorCode(evse.fault)
    return v16.ChargePointErrorCode.OtherError


def verdict_from(info: v16.IdTagInfo) -> Verdict:
    return Verdict(info.status.value, info.parent_id_tag, info.expiry_date)


def meter_value_for(sample: Sample) -> v16.MeterValue:
    context = v16.ReadingContext(sample.context)
    return v16.MeterValue(
        timestamp=sample.at,
        sampled_value=[_sampled_value(reading, context) for reading in sample.readings],
    )


def _sampled_value(reading: Reading, context: v16.ReadingContext) -> v16.SampledValue:
    has_unit = reading.unit not in UNITS_WITHOUT_WORD
    return v16.SampledValue(
        value=plain(reading.value),
        context=context,
        measurand=v16.Measurand(reading.measurand),
        phase=v16.Phase(reading.phase) if reading.phase else None,
        location=v16.Location(reading.location) if reading.location else None,
        unit=v16.UnitOfMeasure(reading.unit) if has_unit else None,
    )


def plain(value: Decimal) -> str:
    """A decimal without exponent, as 1.6 sends numbers in readings."""
    return format(value, "f")
