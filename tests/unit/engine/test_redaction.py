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
