from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from ricarica.ocpp import wire
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.ocpp.errors import ErrorKind, LocalProtocolError, RemoteProtocolError, code_word
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROME = timezone(timedelta(hours=2))


@pytest.mark.parametrize(
    "at, text",
    [
        (NOON, "2026-01-01T12:00:00.000Z"),
        (NOON.replace(microsecond=123_000), "2026-01-01T12:00:00.123Z"),
        (NOON.replace(microsecond=999_999), "2026-01-01T12:00:00.999Z"),
        (NOON.replace(microsecond=1_500, tzinfo=ROME), "2026-01-01T10:00:00.001Z"),
    ],
)
def test_quirk_6_a_time_is_written_in_utc_with_three_digits(at: datetime, text: str) -> None:
    raw = wire.encode(v16.HeartbeatResponse(current_time=at), V16)

    assert raw.decode() == f'{{"currentTime":"{text}"}}'


def test_a_text_that_looks_like_a_time_is_left_alone() -> None:
    text = "2026-01-01T12:00:00.123456Z"

    raw = wire.encode(v16.ChangeConfigurationRequest(key="k", value=text), V16)

    assert raw.decode() == f'{{"key":"k","value":"{text}"}}'


def test_a_time_without_a_zone_is_neither_written_nor_read() -> None:
    with pytest.raises(LocalProtocolError, match="timezone"):
        wire.encode(v16.HeartbeatResponse(current_time=NOON.replace(tzinfo=None)), V16)
    with pytest.raises(RemoteProtocolError):
        wire.decode(b'{"currentTime":"2026-01-01T12:00:00"}', v16.HeartbeatResponse)


def test_members_stand_in_the_order_of_the_dialects_own_schema() -> None:
    info = v2.IdTokenInfo(
        status=v2.AuthorizationStatus.Accepted,
        group_id_token=v2.IdToken(id_token="g", type="Central"),
        language1="it",
        custom_data={"vendorId": "v"},
    )
    answer = v2.AuthorizeResponse(id_token_info=info)

    older, newer = wire.encode(answer, V201), wire.encode(answer, V21)

    group = b'"groupIdToken":{"idToken":"g","type":"Central"}'
    custom = b'"customData":{"vendorId":"v"}'
    status = b'"status":"Accepted"'
    language = b'"language1":"it"'
    assert older == b'{"idTokenInfo":{%b}}' % b",".join((custom, status, language, group))
    assert newer == b'{"idTokenInfo":{%b}}' % b",".join((status, group, language, custom))


def test_decimals_keep_their_digits_both_ways() -> None:
    raw = b'{"totalCost":12.3400,"customData":{"vendorId":"v","vat_rate":0.1}}'

    event = wire.decode(raw, v2.TransactionEventResponse)

    assert event.total_cost == Decimal("12.34")
    assert event.custom_data == {"vendorId": "v", "vat_rate": Decimal("0.1")}
    assert wire.encode(event, V21) == raw


def start(
    token: str = "T", kind: str = "Central", evse_id: int | None = None
) -> v2.RequestStartTransactionRequest:
    return v2.RequestStartTransactionRequest(
        id_token=v2.IdToken(id_token=token, type=kind), remote_start_id=1, evse_id=evse_id
    )


def profile(limit_a: str) -> v16.RemoteStartTransactionRequest:
    period = v16.ChargingSchedulePeriod(start_period=0, limit=Decimal(limit_a))
    return v16.RemoteStartTransactionRequest(
        id_tag="T",
        charging_profile=v16.ChargingProfile(
            charging_profile_id=1,
            stack_level=0,
            charging_profile_purpose=v16.ChargingProfilePurpose.TxProfile,
            charging_profile_kind=v16.ChargingProfileKind.Relative,
            charging_schedule=v16.ChargingSchedule(
                charging_rate_unit=v16.ChargingRateUnit.A, charging_schedule_period=[period]
            ),
        ),
    )


@pytest.mark.parametrize(
    "payload, dialect, member",
    [
        (v2.ResetRequest(type=v2.Reset.ImmediateAndResume), V201, "$.type"),
        (start("x" * 37), V201, "$.idToken.idToken"),
        (start("x" * 256), V21, "$.idToken.idToken"),
        (start(kind="VIN"), V201, "$.idToken.type"),
        (start(evse_id=0), V21, "$.evseId"),
        (v2.CertificateSignedRequest(certificate_chain="c", request_id=1), V201, "requestId"),
        (profile("16.05"), V16, "limit"),
        (v16.AuthorizeRequest(id_tag="x" * 21), V16, "$.idTag"),
    ],
)
def test_what_the_dialect_does_not_allow_is_not_said(
    payload: Payload, dialect: Dialect, member: str
) -> None:
    with pytest.raises(LocalProtocolError) as raised:
        wire.encode(payload, dialect)

    assert member in str(raised.value)
    assert dialect.name in str(raised.value)


@pytest.mark.parametrize(
    "payload, dialect",
    [
        (v2.ResetRequest(type=v2.Reset.ImmediateAndResume), V21),
        (start("x" * 36), V201),
        (start("x" * 255, kind="VIN"), V21),
        (start(evse_id=1), V21),
        (profile("16.1"), V16),
    ],
)
def test_what_the_dialect_does_allow_is_said(payload: Payload, dialect: Dialect) -> None:
    assert wire.decode(wire.encode(payload, dialect), type(payload)) == payload


def test_a_message_of_another_family_is_not_said() -> None:
    with pytest.raises(LocalProtocolError, match=r"1\.6 has no ResetRequest"):
        wire.encode(v2.ResetRequest(type=v2.Reset.OnIdle), V16)


START = '"connectorId":1,"idTag":"T","meterStart":0,"timestamp":"2026-01-01T12:00:00Z"'
READING = '{"evseId":1,"meterValue":[{"timestamp":"2026-01-01T12:00:00Z","sampledValue":[%s]}]}'
REASONS = [
    (v16.StartTransactionRequest, "[]", ErrorKind.FORMATION),
    (v16.StartTransactionRequest, '{"connectorId":', ErrorKind.FORMATION),
    (v16.StartTransactionRequest, '{"connectorId":1}', ErrorKind.MISSING_MEMBER),
    (v16.StartTransactionRequest, f"{{{START.replace('1', chr(34) * 2, 1)}}}", ErrorKind.TYPE),
    (v16.AuthorizeRequest, '{"idTag":"%s"}' % ("T" * 21), ErrorKind.TYPE),
    (v16.StartTransactionRequest, f"{{{START.replace('2026', 'nope')}}}", ErrorKind.PROPERTY),
    (v16.StartTransactionRequest, f"{{{START.replace(':0,', ':1e3,')}}}", ErrorKind.TYPE),
    (v16.StartTransactionRequest, f"{{{START.replace(':0,', f':{2**63},')}}}", ErrorKind.PROPERTY),
    (v16.ResetRequest, '{"type":"Now"}', ErrorKind.PROPERTY),
    (v16.MeterValuesRequest, '{"connectorId":1,"meterValue":[]}', ErrorKind.OCCURRENCE),
    (v2.MeterValuesRequest, READING % '{"value":"one"}', ErrorKind.TYPE),
    (v2.MeterValuesRequest, READING % '{"value":"NaN"}', ErrorKind.PROPERTY),
    (v2.MeterValuesRequest, READING % '{"value":1e999}', ErrorKind.PROPERTY),
    (v2.DataTransferRequest, '{"vendorId":"v","data":1e%s}' % ("9" * 20), ErrorKind.FORMATION),
]


@pytest.mark.parametrize("kind, text, reason", REASONS)
def test_a_wrong_payload_is_refused_for_the_right_reason(
    kind: type[Payload], text: str, reason: ErrorKind
) -> None:
    with pytest.raises(RemoteProtocolError) as raised:
        wire.decode(text, kind)

    assert raised.value.kind is reason
    assert 0 < len(raised.value.description) <= 255


CODES = {
    ErrorKind.FORMATION: ("FormationViolation", "FormatViolation"),
    ErrorKind.MISSING_MEMBER: ("ProtocolError", "OccurrenceConstraintViolation"),
    ErrorKind.TYPE: ("TypeConstraintViolation",) * 2,
    ErrorKind.PROPERTY: ("PropertyConstraintViolation",) * 2,
    ErrorKind.OCCURRENCE: ("OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
    ErrorKind.MALFORMED_CALL: ("FormationViolation", "RpcFrameworkError"),
    ErrorKind.FRAMEWORK: ("RpcFrameworkError",) * 2,
    ErrorKind.MESSAGE_TYPE: ("MessageTypeNotSupported",) * 2,
    ErrorKind.NOT_IMPLEMENTED: ("NotImplemented",) * 2,
    ErrorKind.NOT_SUPPORTED: ("NotSupported",) * 2,
    ErrorKind.PROTOCOL: ("ProtocolError",) * 2,
    ErrorKind.SECURITY: ("SecurityError",) * 2,
    ErrorKind.INTERNAL: ("InternalError",) * 2,
    ErrorKind.GENERIC: ("GenericError",) * 2,
}


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
@pytest.mark.parametrize("kind", ErrorKind)
def test_every_fault_has_its_word_in_every_dialect(kind: ErrorKind, dialect: Dialect) -> None:
    in_16, in_2 = CODES[kind]

    assert code_word(kind, dialect) == (in_16 if dialect is V16 else in_2)


def test_null_and_members_that_we_do_not_know_are_read_over() -> None:
    reset = wire.decode('{"type":"OnIdle","evseId":null,"vendorExtra":[1]}', v2.ResetRequest)

    assert reset == v2.ResetRequest(type=v2.Reset.OnIdle)
    assert wire.encode(reset, V21) == b'{"type":"OnIdle"}'


def test_who_checks_against_the_schema_itself_sees_the_member_we_do_not_know() -> None:
    with pytest.raises(RemoteProtocolError, match="vendorExtra") as raised:
        wire.check('{"type":"OnIdle","vendorExtra":[1]}', v2.ResetRequest, V21)

    assert raised.value.kind is ErrorKind.FORMATION


def test_a_number_that_is_none_cannot_even_be_made() -> None:
    with pytest.raises(ValueError, match="value"):
        v2.SampledValue(value=Decimal("NaN"))
