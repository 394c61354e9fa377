"""What went wrong, or could have, in the log of messages."""

import time

import pytest

from ricarica.engine.redaction import redacted

SECRET = b"canary-0123456789"


@pytest.mark.parametrize(
    "payload",
    [
        b'{"key": "AuthorizationKey", "value": "%b"}',
        b'{"key":"authorizationkey","value" : "%b"}',
        b'{"connectionData": {"basicAuthPassword":\n"%b"}}',
    ],
)
def test_a_secret_is_masked_however_the_json_is_spaced(payload: bytes) -> None:
    logged = redacted("ChangeConfiguration", payload % SECRET)

    assert SECRET not in logged
    assert b'"***"' in logged


def test_the_key_of_a_private_network_is_masked_and_the_name_of_a_setting_is_not() -> None:
    assert SECRET not in redacted("SetNetworkProfile", b'{"vpn": {"key": "%b"}}' % SECRET)
    assert redacted("ChangeConfiguration", b'{"key":"A","value":"1"}') == (
        b'{"key":"A","value":"1"}'
    )


def test_credentials_in_an_address_are_masked() -> None:
    payload = b'{"location":"ftp://user:%b@host/","retries":1}' % SECRET

    assert redacted("GetLog", payload) == b'{"location":"ftp://user:***@host/","retries":1}'


def test_a_long_run_of_colons_does_not_hold_everyone_up() -> None:
    payload = b'{"x":"//' + b":" * (1 << 18) + b'"}'
    began = time.process_time()  # whatever else the machine does meanwhile

    assert redacted("NotifyReport", payload) == payload

    assert time.process_time() - began < 5  # it took minutes
