"""What is mended, what is not, and that every mended habit is named."""

import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import given

from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import V16, V21, Dialect
from ricarica.ocpp.errors import ErrorKind, RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.quirks import mending
from tests.unit.quirks.mutations import (
    AT,
    MESSAGES_2,
    MESSAGES_16,
    QUESTIONS_2,
    QUESTIONS_16,
    mutated,
)

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
NEVER_SET = datetime(1970, 1, 1, tzinfo=UTC)
THEN = datetime(2023, 10, 19, 15, 28, 7, tzinfo=UTC)
START = MESSAGES_16["StartTransaction"]
STOP = MESSAGES_16["StopTransaction"]
EVENT = MESSAGES_2["TransactionEvent"]
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}

P = TypeVar("P", bound=Payload)


def mended(said: Any, kind: type[P]) -> tuple[P, set[str]]:
    """What is read, and the names of the habits that were mended."""
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    with pytest.raises(RemoteProtocolError):
        wire.decode(raw, kind)
    found = mending.mended(raw, kind, NOW)
    assert isinstance(found.payload, kind)
    return found.payload, {flag.removeprefix("mended:") for flag in found.flags}


def refusal(said: Any, kind: type[Payload]) -> ErrorKind:
    with pytest.raises(RemoteProtocolError) as raised:
        mending.mended(json.dumps(said).encode(), kind, NOW)
    return raised.value.kind


def reading(**said: Any) -> dict[str, Any]:
    return {
        "connectorId": 1,
        "meterValue": [{"timestamp": AT, "sampledValue": [{"value": "5"} | said]}],
    }


def reading_2(*sampled: dict[str, Any]) -> dict[str, Any]:
    return {"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": list(sampled)}]}


# -- times


def test_quirk_1_a_time_without_a_zone_is_in_utc() -> None:
    start, names = mended(START | {"timestamp": "2023-10-19T15:28:07"}, v16.StartTransactionRequest)

    assert start.timestamp == THEN
    assert names == {"time_without_zone"}


def test_quirk_2_a_zone_may_leave_its_minutes_out() -> None:
    said = START | {"timestamp": "2023-10-19T17:28:07+02"}

    start, names = mended(said, v16.StartTransactionRequest)

    assert start.timestamp == THEN.astimezone(timezone(timedelta(hours=2)))
    assert names == {"zone_without_minutes"}


@pytest.mark.parametrize("text", ["2023/10/19 15:28:07", "20231019T152807Z", 1697729287])
def test_quirk_3_dates_have_many_formats(text: object) -> None:
    event, names = mended(EVENT | {"timestamp": text}, v2.TransactionEventRequest)

    assert event.timestamp == THEN
    assert names == {"time_format"}


def test_quirk_7_an_empty_time_is_none() -> None:
    status, left_out = mended(STATUS | {"timestamp": ""}, v16.StatusNotificationRequest)
    stop, replaced = mended(STOP | {"timestamp": ""}, v16.StopTransactionRequest)

    assert (status.timestamp, left_out) == (None, {"empty_member"})
    assert (stop.timestamp, replaced) == (NEVER_SET, {"empty_time"})


def test_quirk_8_an_absurd_year_never_gets_in() -> None:
    absurd = {"timestamp": "222222017-01-01T00:00:00Z"}
    connector = {"connectorStatus": "Available", "evseId": 1, "connectorId": 1}

    start, replaced = mended(START | absurd, v16.StartTransactionRequest)
    status, left_out = mended(STATUS | absurd, v16.StatusNotificationRequest)
    newer, state = mended(connector | absurd, v2.StatusNotificationRequest)

    assert (start.timestamp, status.timestamp, newer.timestamp) == (NEVER_SET, None, NOW)
    assert replaced == left_out == state == {"unreadable_time"}


def test_what_was_never_meant_as_a_time_is_replaced_in_facts_alone() -> None:
    event, names = mended(EVENT | {"timestamp": "noon"}, v2.TransactionEventRequest)

    assert (event.timestamp, names) == (NEVER_SET, {"unreadable_time"})
    assert refusal(STATUS | {"timestamp": "noon"}, v16.StatusNotificationRequest) is (
        ErrorKind.PROPERTY
    )


# -- lengths


def test_quirk_30_a_token_of_21_characters_is_kept_whole() -> None:
    stop, names = mended(STOP | {"idTag": "T" * 21}, v16.StopTransactionRequest)

    assert (stop.id_tag, names) == ("T" * 21, {"too_long"})


def test_quirk_31_and_32_what_a_boot_names_may_be_longer() -> None:
    said = {
        "chargePointVendor": "Grizzl-E Smart Connect",
        "chargePointModel": "M" * 30,
        "chargePointSerialNumber": "S" * 33,
    }

    boot, names = mended(said, v16.BootNotificationRequest)

    assert boot.charge_point_vendor == "Grizzl-E Smart Connect"
    assert boot.charge_point_serial_number == "S" * 33
    assert names == {"too_long"}


def test_quirk_33_and_38_the_value_of_a_setting_may_be_long_or_a_number() -> None:
    keys = [
        {"key": "Long", "readonly": True, "value": "v" * 551},
        {"key": "HeartbeatInterval", "readonly": False, "value": 300},
    ]

    told, names = mended({"configurationKey": keys}, v16.GetConfigurationResponse)

    assert [key.value for key in told.configuration_key or ()] == ["v" * 551, "300"]
    assert names == {"too_long", "number_for_text"}


def test_quirk_46_the_name_of_a_transaction_may_be_no_number_of_64_bits() -> None:
    values = reading() | {"transactionId": 2**63}

    told, names = mended(values, v16.MeterValuesRequest)

    assert (told.transaction_id, names) == (2**63, {"too_long"})


# -- types


def test_quirk_34_control_characters_are_left_out() -> None:
    raw = b'{"idTag":"04A1\x00B2\\u0000C3\x01"}'
    escaped = b'{"connectorId":"1","errorCode":"NoError","status":"Available\\u0000"}'

    token, names = mended(raw, v16.AuthorizeRequest)
    status, _ = mended(escaped, v16.StatusNotificationRequest)

    assert (token.id_tag, names) == ("04A1B2C3", {"control_characters"})
    assert status.status is v16.ChargePointStatus.Available


def test_quirk_36_null_is_the_same_as_nothing() -> None:
    said = START | {"reservationId": None, "connectorId": "1"}

    start, names = mended(said, v16.StartTransactionRequest)

    assert (start.reservation_id, names) == (None, {"text_for_number"})


def test_null_among_the_items_of_a_list_is_left_out() -> None:
    values = reading() | {"meterValue": [None, *reading()["meterValue"]]}

    told, names = mended(values, v16.MeterValuesRequest)

    assert (len(told.meter_value), names) == (1, {"null_item"})


@pytest.mark.parametrize("number, digits", [(5, "5"), (3.25, "3.25"), (1e5, "100000")])
def test_quirk_37_a_reading_may_be_a_number(number: float, digits: str) -> None:
    told, names = mended(reading(value=number), v16.MeterValuesRequest)

    assert Decimal(told.meter_value[0].sampled_value[0].value) == Decimal(digits)
    assert names == {"number_for_text"}


def test_numbers_and_booleans_may_be_texts() -> None:
    said = EVENT | {"seqNo": "3", "offline": "True", "evse": {"id": "1", "connectorId": "2"}}

    event, names = mended(said, v2.TransactionEventRequest)

    assert (event.seq_no, event.offline, event.evse) == (3, True, v2.EVSE(id=1, connector_id=2))
    assert names == {"text_for_number", "text_for_boolean"}


@pytest.mark.parametrize(
    "said, read, name",
    [
        (1000.0, 1000, "decimal_for_whole"),
        ("1000.0", 1000, "text_for_number"),
        (1000.6, 1001, "fraction_of_wh"),
        ("1000.4", 1000, "fraction_of_wh"),
    ],
)
def test_a_register_is_read_to_the_whole_wh(said: object, read: int, name: str) -> None:
    stop, names = mended(STOP | {"meterStop": said}, v16.StopTransactionRequest)

    assert (stop.meter_stop, names) == (read, {name})


def test_a_fraction_of_anything_else_is_not_rounded() -> None:
    assert refusal(START | {"connectorId": 1.5}, v16.StartTransactionRequest) is ErrorKind.TYPE


def test_quirk_39_an_object_may_stand_for_its_list() -> None:
    said = {
        "connectorId": 1,
        "meterValue": {"timestamp": AT, "sampledValue": {"value": "5", "unit": "kWh"}},
    }

    told, names = mended(said, v16.MeterValuesRequest)

    assert told.meter_value[0].sampled_value[0].value == "5"
    assert names == {"object_for_list"}


def test_a_list_may_stand_for_its_only_object() -> None:
    event, names = mended(EVENT | {"evse": [EVENT["evse"]]}, v2.TransactionEventRequest)

    assert (event.evse, names) == (v2.EVSE(id=1, connector_id=1), {"list_for_object"})


# -- words


@pytest.mark.parametrize(
    "said",
    [
        {"measurand": "Current.import", "unit": "A"},
        {"measurand": "Frequency", "unit": "Hz"},
        {"context": "Sample periodic"},
    ],
    ids=str,
)
def test_quirk_40_a_word_is_known_by_its_letters(said: dict[str, str]) -> None:
    told, names = mended(reading(**said), v16.MeterValuesRequest)

    [sampled] = told.meter_value[0].sampled_value
    assert sampled.measurand in (v16.Measurand.Current_Import, v16.Measurand.Frequency, None)
    assert sampled.unit in (v16.UnitOfMeasure.A, v16.UnitOfMeasure.Hertz, None)
    assert names == {"spelling"}


def test_quirk_40_a_context_nobody_knows_is_another_one() -> None:
    told, names = mended(
        reading(context="CurrentMax", measurand="Current.Offered"), v16.MeterValuesRequest
    )

    assert told.meter_value[0].sampled_value[0].context is v16.ReadingContext.Other
    assert names == {"unknown_word"}


UNKNOWN = {
    "measurand": "Energy.Cosmic",
    "unit": "MWh",
    "phase": "L4",
    "location": "Roof",
}


@pytest.mark.parametrize("member", UNKNOWN)
def test_a_reading_of_something_unknown_is_left_out_and_not_taken_for_the_register(
    member: str,
) -> None:
    said = reading()
    said["meterValue"][0]["sampledValue"].append({"value": "9", member: UNKNOWN[member]})

    told, names = mended(said, v16.MeterValuesRequest)

    assert [sampled.value for sampled in told.meter_value[0].sampled_value] == ["5"]
    assert names == {"reading_dropped"}


@pytest.mark.parametrize(
    "sampled",
    [
        {"value": "five"},
        {"value": "NaN"},
        {"value": None},
        {"value": 1, "unitOfMeasure": "Wh"},
        {"value": 1, "unitOfMeasure": {"unit": "Wh", "multiplier": "kilo"}},
        "5",
    ],
    ids=str,
)
def test_a_reading_that_is_none_leaves_the_others_alone(sampled: Any) -> None:
    told, names = mended(reading_2({"value": 1}, sampled), v2.MeterValuesRequest)

    assert [each.value for each in told.meter_value[0].sampled_value] == [1]
    assert names == {"reading_dropped"}


def test_readings_that_are_all_unknown_are_not_taken_for_none() -> None:
    said = reading_2({"value": 1, "measurand": "Energy.Cosmic"})

    assert refusal(said, v2.MeterValuesRequest) is ErrorKind.PROPERTY


def test_an_event_is_taken_without_its_unreadable_readings() -> None:
    said = EVENT | reading_2({"value": 1, "measurand": "Energy.Cosmic"})

    event, names = mended(said, v2.TransactionEventRequest)

    assert event.meter_value is None
    assert names == {"reading_dropped", "unreadable_member"}


def test_quirk_41_an_unknown_error_is_another_error() -> None:
    status, names = mended(STATUS | {"errorCode": "Error"}, v16.StatusNotificationRequest)

    assert status.error_code is v16.ChargePointErrorCode.OtherError
    assert names == {"unknown_word"}


def test_an_unknown_reason_is_another_reason() -> None:
    stop, _ = mended(STOP | {"reason": "Boredom"}, v16.StopTransactionRequest)
    info = {"transactionId": "TX-1", "stoppedReason": "Boredom"}
    event, _ = mended(EVENT | {"transactionInfo": info}, v2.TransactionEventRequest)
    boot, _ = mended(
        {"reason": "Boredom", "chargingStation": {"model": "M", "vendorName": "V"}},
        v2.BootNotificationRequest,
    )

    assert stop.reason is v16.Reason.Other
    assert event.transaction_info.stopped_reason is v2.Reason.Other
    assert boot.reason is v2.BootReason.Unknown


# -- what is missing, or makes no sense


def test_a_lost_number_is_said_as_the_others_say_it() -> None:
    without = {name: said for name, said in STOP.items() if name != "transactionId"}

    stop, names = mended(without, v16.StopTransactionRequest)

    assert (stop.transaction_id, names) == (-1, {"missing_member"})


@pytest.mark.parametrize("missing", ["timestamp", "triggerReason"])
def test_an_event_may_lack_what_has_a_default(missing: str) -> None:
    said = {name: value for name, value in EVENT.items() if name != missing}

    event, names = mended(said, v2.TransactionEventRequest)

    assert event.timestamp in (NEVER_SET, datetime.fromisoformat(AT))
    assert names == {"missing_member"}


def test_what_makes_no_sense_and_may_be_left_out_is_left_out_of_facts_alone() -> None:
    stop, names = mended(STOP | {"transactionData": "none"}, v16.StopTransactionRequest)

    assert (stop.transaction_data, names) == (None, {"unreadable_member"})
    assert refusal(BOOT | {"meterType": ["x"]}, v16.BootNotificationRequest) is ErrorKind.TYPE


@pytest.mark.parametrize("empty", ["", [], {}], ids=repr)
def test_what_is_empty_and_may_be_left_out_is_left_out(empty: object) -> None:
    event, names = mended(EVENT | {"evse": empty}, v2.TransactionEventRequest)

    assert (event.evse, names) == (None, {"empty_member"})


def test_what_is_empty_and_may_be_left_out_is_left_out_of_any_message() -> None:
    station = {"model": "M", "vendorName": "V", "modem": ""}

    boot, names = mended(
        {"reason": "PowerUp", "chargingStation": station}, v2.BootNotificationRequest
    )

    assert (boot.charging_station.modem, names) == (None, {"empty_member"})


def test_who_started_may_be_nobody_for_what_has_begun_is_recorded() -> None:
    start, names = mended(START | {"idTag": "T" * 256}, v16.StartTransactionRequest)

    assert (start.id_tag, names) == ("", {"unreadable_member"})


@pytest.mark.parametrize(
    "said, kind, why",
    [
        ({"meterStop": None}, v16.StopTransactionRequest, ErrorKind.TYPE),
        ({"meterStart": "much"}, v16.StartTransactionRequest, ErrorKind.TYPE),
        ({"eventType": "Paused"}, v2.TransactionEventRequest, ErrorKind.PROPERTY),
        ({"transactionInfo": {}}, v2.TransactionEventRequest, ErrorKind.MISSING_MEMBER),
        ({"status": "Happy"}, v16.StatusNotificationRequest, ErrorKind.PROPERTY),
        ({"connectorId": "one"}, v16.StatusNotificationRequest, ErrorKind.TYPE),
    ],
    ids=str,
)
def test_what_nobody_can_know_is_not_guessed(
    said: dict[str, Any], kind: type[Payload], why: ErrorKind
) -> None:
    whole: dict[type[Payload], dict[str, Any]] = {
        v16.StartTransactionRequest: START,
        v16.StopTransactionRequest: STOP,
        v2.TransactionEventRequest: EVENT,
        v16.StatusNotificationRequest: STATUS,
    }

    assert refusal(whole[kind] | said, kind) is why


def test_what_is_still_wrong_is_said_and_not_what_was_mended() -> None:
    said = STATUS | {"connectorId": "1", "status": "Happy"}

    assert refusal(said, v16.StatusNotificationRequest) is ErrorKind.PROPERTY


@pytest.mark.parametrize("raw", [b"[]", b'{"idTag":', b'"x"', b"\x00"])
def test_what_is_no_object_stays_refused(raw: bytes) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        mending.mended(raw, v16.AuthorizeRequest, NOW)

    assert raised.value.kind is ErrorKind.FORMATION


@given(mutated(MESSAGES_16 | QUESTIONS_16))
def test_one_slip_in_1_6_leads_to_a_message_or_to_a_reason(slip: tuple[str, Any]) -> None:
    is_mended_or_refused(V16, *slip)


@given(mutated(MESSAGES_2 | QUESTIONS_2))
def test_one_slip_in_2_x_leads_to_a_message_or_to_a_reason(slip: tuple[str, Any]) -> None:
    is_mended_or_refused(V21, *slip)


def is_mended_or_refused(dialect: Dialect, action: str, payload: Any) -> None:
    kind = actions.request_type(dialect, action)
    assert kind is not None
    found = None
    with suppress(RemoteProtocolError):
        found = mending.mended(json.dumps(payload).encode(), kind, NOW)

    assert found is None or isinstance(found.payload, kind)
    assert found is None or all(flag.startswith("mended:") for flag in found.flags)


@pytest.mark.parametrize("dialect", [V16, V21], ids=str)
def test_what_is_right_comes_out_as_it_was(dialect: Dialect) -> None:
    right = MESSAGES_16 | QUESTIONS_16 if dialect is V16 else MESSAGES_2 | QUESTIONS_2
    for action, payload in right.items():
        kind = actions.request_type(dialect, action)
        assert kind is not None
        raw = json.dumps(payload).encode()

        found = mending.mended(raw, kind, NOW)

        assert found.flags == ()
        assert msgspec.to_builtins(found.payload) == msgspec.to_builtins(wire.decode(raw, kind))


def test_numbers_beyond_all_bounds_are_no_numbers() -> None:
    huge = "9" * 30
    raw = f'{{"requestId":1,"customData":{{"vendorId":"v","a":1e{huge}}}}}'.encode()
    report = raw[:-1] + f',"generatedAt":"{AT}","seqNo":"0"}}'.encode()

    told, names = mended(report, v2.NotifyReportRequest)

    assert told.custom_data == {"vendorId": "v", "a": f"1e{huge}"}
    assert names == {"text_for_number"}


def test_a_number_of_5000_digits_is_no_formation_violation() -> None:
    raw = json.dumps(STOP).replace("2000", "1" + "0" * 4000).encode()

    with pytest.raises(RemoteProtocolError) as raised:
        mending.mended(raw, v16.StopTransactionRequest, NOW)

    assert raised.value.kind is ErrorKind.PROPERTY
