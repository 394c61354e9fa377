"""What a simulated station says in OCPP 2.0.1 and 2.1."""

from dataclasses import replace
from datetime import timedelta

from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.simulator.core import BootAnswer, BootState, EventAnswer, Station
from ricarica.simulator.evse import Evse, State
from ricarica.simulator.meter import Reading, Sample
from ricarica.simulator.tokens import Verdict
from ricarica.simulator.transaction import EventKind, Token, TransactionEvent

BOOT_STATE = {
    v2.RegistrationStatus.Accepted: BootState.ACCEPTED,
    v2.RegistrationStatus.Pending: BootState.PENDING,
    v2.RegistrationStatus.Rejected: BootState.REJECTED,
}
FREE_STATES = {
    State.AVAILABLE: v2.ConnectorStatus.Available,
    State.RESERVED: v2.ConnectorStatus.Reserved,
    State.UNAVAILABLE: v2.ConnectorStatus.Unavailable,
    State.FAULTED: v2.ConnectorStatus.Faulted,
}
KNOWN_MEASURANDS = frozenset(measurand.value for measurand in v2.Measurand)


class SpeechV2:
    def boot(self, station: Station, reason: str) -> Payload:
        make = station.make
        known = reason in v2.BootReason.__members__
        return v2.BootNotificationRequest(
            reason=v2.BootReason(reason) if known else v2.BootReason.Unknown,
            charging_station=v2.ChargingStation(
                model=make.model[:20],
                vendor_name=make.vendor[:50],
                serial_number=make.serial[:25],
                firmware_version=make.firmware[:50],
            ),
        )

    def boot_answer(self, response: Payload) -> BootAnswer:
        assert isinstance(response, v2.BootNotificationResponse), "not an answer to a boot"
        return BootAnswer(
            BOOT_STATE[response.status],
            timedelta(seconds=response.interval),
            response.current_time,
        )

    def heartbeat(self) -> Payload:
        return v2.HeartbeatRequest()

    def connectors(self, evse: Evse) -> tuple[int, ...]:
        return tuple(connector.number for connector in evse.connectors)

    def state_word(self, state: State) -> str:
        return connector_status(state).value

    def status(self, station: Station, evse: Evse, connector: int) -> Payload:
        status = connector_status(evse.state(connector))
        if station.make.states_by_event:
            return _availability_event(station, evse, connector, status)
        return v2.StatusNotificationRequest(
            timestamp=station.clock,
            connector_status=status,
            evse_id=evse.number,
            connector_id=connector,
        )

    def station_status(self, station: Station) -> Payload | None:
        """2.x reports connectors only."""

    def authorize(self, token: Token) -> Payload:
        return v2.AuthorizeRequest(id_token=id_token_for(token))

    def authorize_answer(self, response: Payload) -> Verdict:
        assert isinstance(response, v2.AuthorizeResponse), "not an answer to a token"
        return replace(verdict_from(response.id_token_info), tariff=response.tariff)

    def tells(self, event: TransactionEvent) -> bool:
        return True

    def event(self, event: TransactionEvent) -> Payload:
        transaction = event.transaction
        is_start = event.kind is EventKind.STARTED
        more = {name: value for name, value in event.more.items() if name != "info"}
        return v2.TransactionEventRequest(
            event_type=v2.TransactionEvent(event.kind.value),
            timestamp=event.at,
            trigger_reason=trigger_for(event.trigger),
            seq_no=event.seq_no,
            offline=True if event.offline else None,
            reservation_id=transaction.reservation_id if is_start else None,
            evse=v2.EVSE(id=transaction.evse, connector_id=transaction.connector),
            id_token=id_token_for(event.token) if event.token else None,
            meter_value=_meter_values(event.sample),
            transaction_info=v2.Transaction(
                transaction_id=transaction.ref,
                charging_state=v2.ChargingState(str(event.charging_state)),
                stopped_reason=reason_for(event.reason),
                remote_start_id=transaction.remote_start_id,
                **event.more.get("info", {}),
            ),
            **more,
        )

    def event_answer(self, response: Payload) -> EventAnswer:
        assert isinstance(response, v2.TransactionEventResponse), "not an answer to an event"
        info = response.id_token_info
        verdict = verdict_from(info) if info else None
        return EventAnswer(verdict, cost=response.total_cost, payload=response)

    def event_key(self, payload: Payload) -> str:
        assert isinstance(payload, v2.TransactionEventRequest), "the only kind there is"
        return f"{payload.transaction_info.transaction_id}/{payload.seq_no}"

    def reservation_ended(self, number: int, status: str) -> Payload | None:
        return v2.ReservationStatusUpdateRequest(
            reservation_id=number, reservation_update_status=v2.ReservationUpdateStatus(status)
        )

    def idle_sample(self, evse: Evse, sample: Sample) -> Payload:
        return v2.MeterValuesRequest(evse_id=evse.number, meter_value=_meter_values(sample) or [])


def connector_status(state: State) -> v2.ConnectorStatus:
    """2.x says only whether a connector is taken; the charging state says the rest."""
    return FREE_STATES.get(state, v2.ConnectorStatus.Occupied)


def _availability_event(
    station: Station, evse: Evse, connector: int, status: v2.ConnectorStatus
) -> Payload:
    station.events_told += 1
    return v2.NotifyEventRequest(
        generated_at=station.clock,
        seq_no=0,
        event_data=[
            v2.EventData(
                event_id=station.events_told,
                timestamp=station.clock,
                trigger=v2.EventTrigger.Delta,
                actual_value=status.value,
                event_notification_type=v2.EventNotification.HardWiredNotification,
                component=v2.Component(
                    name="Connector", evse=v2.EVSE(id=evse.number, connector_id=connector)
                ),
                variable=v2.Variable(name="AvailabilityState"),
            )
        ],
    )


def id_token_for(token: Token) -> v2.IdToken:
    info = [v2.AdditionalInfo(value, kind) for kind, value in token.info]
    return v2.IdToken(id_token=token.uid, type=token.kind, additional_info=info or None)


def verdict_from(info: v2.IdTokenInfo) -> Verdict:
    group = info.group_id_token.id_token if info.group_id_token else None
    message = info.personal_message.content if info.personal_message else None
    evses = tuple(info.evse_id or ())
    return Verdict(info.status.value, group, info.cache_expiry_date_time, message, evses)


def trigger_for(trigger: str) -> v2.TriggerReason:
    return v2.TriggerReason(trigger)


def reason_for(reason: str | None) -> v2.Reason | None:
    """Words that only 1.6 has become Other. (E06: Local may be left out; we say it)"""
    if reason is None:
        return None
    return v2.Reason(reason) if reason in v2.Reason.__members__ else v2.Reason.Other


def _meter_values(sample: Sample | None) -> list[v2.MeterValue] | None:
    if sample is None:
        return None
    context = v2.ReadingContext(sample.context)
    values = [
        _sampled_value(reading, context)
        for reading in sample.readings
        if reading.measurand in KNOWN_MEASURANDS
    ]
    return [v2.MeterValue(timestamp=sample.at, sampled_value=values)] if values else None


def _sampled_value(reading: Reading, context: v2.ReadingContext) -> v2.SampledValue:
    return v2.SampledValue(
        value=reading.value,
        context=context,
        measurand=v2.Measurand(reading.measurand),
        phase=v2.Phase(reading.phase) if reading.phase else None,
        location=v2.Location(reading.location) if reading.location else None,
        unit_of_measure=v2.UnitOfMeasure(unit=reading.unit),
    )
