import pytest

from ricarica.engine.redaction import redacted


@pytest.mark.parametrize(
    "action, payload, kept",
    [
        (
            "ChangeConfiguration",
            b'{"key":"AuthorizationKey","value":"s3cret"}',
            b'{"key":"AuthorizationKey","value":"***"}',
        ),
        (
            "SetVariables",
            (
                b'{"setVariableData":[{"attributeValue":"s3\\"cret",'
                b'"variable":{"name":"BasicAuthPassword"}}]}'
            ),
            (
                b'{"setVariableData":[{"attributeValue":"***",'
                b'"variable":{"name":"BasicAuthPassword"}}]}'
            ),
        ),
        (
            "SetNetworkProfile",
            b'{"connectionData":{"basicAuthPassword":"s3cret","vpn":{"password":"s3cret"}}}',
            b'{"connectionData":{"basicAuthPassword":"***","vpn":{"password":"***"}}}',
        ),
        (
            "UpdateFirmware",
            b'{"location":"ftp://ada:s3cret@files.example/f.bin"}',
            b'{"location":"ftp://ada:***@files.example/f.bin"}',
        ),
    ],
)
def test_secrets_are_masked(action: str, payload: bytes, kept: bytes) -> None:
    assert redacted(action, payload) == kept


@pytest.mark.parametrize(
    "action, payload",
    [
        ("ChangeConfiguration", b'{"key":"HeartbeatInterval","value":"300"}'),
        ("UpdateFirmware", b'{"location":"https://files.example/f.bin"}'),
        ("Authorize", b'{"idTag":"04A1B2C3"}'),
    ],
)
def test_what_is_no_secret_stays_as_it_is(action: str, payload: bytes) -> None:
    assert redacted(action, payload) == payload


@pytest.mark.parametrize(
    "payload",
    [
        b'{"key": "AuthorizationKey", "value": "s3cret"}',
        b'{"value" : "s3cret",\n"key":"AuthorizationKey"}',
        b'{"key":"authorizationkey","value":"s3cret"}',
        b'{"key":"AUTHORIZATIONKEY","value":"s3cret"}',
    ],
)
def test_secrets_are_masked_however_they_are_written(payload: bytes) -> None:
    assert b"s3cret" not in redacted("ChangeConfiguration", payload)


def test_only_the_secret_one_of_many_values_is_masked() -> None:
    report = (
        b'{"requestId":1,"reportData":['
        b'{"component":{"name":"SecurityCtrlr"},"variable":{"name":"BasicAuthPassword"},'
        b'"variableAttribute":[{"value":"s3cret"}]},'
        b'{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"},'
        b'"variableAttribute":[{"value":"300"}]}]}'
    )

    kept = redacted("NotifyReport", report)

    assert kept == report.replace(b"s3cret", b"***")


@pytest.mark.parametrize(
    "action, payload",
    [
        ("NotifyReport", b'{"reportData":[{"variable":{"name":"Password"},"value":"s3cret"'),
        ("SetVariables", b'{"attributeValue":"s3cret","x":"AuthorizationKey","value":"s3cret",}'),
        ("UpdateFirmware", b'{"location":"https://csms.example/files/firmware/s3cret/duo.bin"}'),
        ("GetLog", b'{"log":{"remoteLocation":"https://csms.example/files/logs/s3cret/"}}'),
        ("GetDiagnostics", b'{"location":"https://other.example/upload?a=1&token=s3cret"}'),
        ("GetDiagnostics", b'{"location":"ftp://log:s3cret@csms.example:2121/"}'),
        (
            "InstallCertificate",
            b'{"certificate":"-----BEGIN PRIVATE KEY-----\\ns3cret\\n-----END PRIVATE KEY-----"}',
        ),
        ("Authorize", b'{"idToken":{"idToken":"s3cret","type":"KeyCode"}}'),
        (
            "TransactionEvent",
            b'{"idToken":{"additionalInfo":[{"type":"x"}],"type":"KeyCode","idToken":"s3cret"}}',
        ),
        (
            "Authorize",
            (
                b'{"idToken":{"idToken":"s3cret","additionalInfo":[{"additionalIdToken":"a",'
                b'"type":"x"}],"type":"KeyCode"}}'
            ),
        ),
        ("Authorize", b'{"idToken":{"idToken":"s3cret","customData":{},"type":"KeyCode"}'),
        ("SetNetworkProfile", b'{"connectionData":{"apn":{"simPin":53,"apnPassword":"s3cret"}}}'),
        ("SetVariables", b'{"attributeValue":"s3cret","variable":{"name":"SimPin"}}'),
        ("NotifyEvent", b'{"eventData":[{"variable":{"name":"VpnKey"},"actualValue":"s3cret"}]}'),
    ],
)
def test_secrets_are_masked_by_where_they_stand(action: str, payload: bytes) -> None:
    assert b"s3cret" not in redacted(action, payload)


def test_a_token_that_is_a_card_stays_beside_one_that_is_a_pin() -> None:
    payload = (
        b'{"a":{"idToken":"04A1B2C3","type":"ISO14443"},"b":{"idToken":"1234","type":"KeyCode"}}'
    )

    assert redacted("SendLocalList", payload) == payload.replace(b"1234", b"***")


def test_tokens_are_hidden_up_to_their_end_where_that_is_wanted() -> None:
    started = b'{"idTag":"04A1B2C3D4","meterStart":1}'

    assert redacted("StartTransaction", started, hides_tokens=True) == (
        b'{"idTag":"***C3D4","meterStart":1}'
    )
    assert redacted("StartTransaction", started) == started


def test_what_a_station_knows_of_a_customer_is_not_in_the_log() -> None:
    told = b'{"data": "Ada, 3 Main Street", "seqNo": 0, "requestId": 7}'

    assert redacted("NotifyCustomerInformation", told) == (
        b'{"data": "***", "seqNo": 0, "requestId": 7}'
    )


def test_whom_a_station_is_asked_about_is_not_in_the_log() -> None:
    asked = b'{"requestId":7,"report":true,"clear":false,"customerIdentifier":"Ada"}'

    assert redacted("CustomerInformation", asked) == asked.replace(b"Ada", b"***")
