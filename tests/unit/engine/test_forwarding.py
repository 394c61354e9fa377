from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ricarica.engine.forwarding import Forward, Mode, checked
from ricarica.kernel.errors import InvalidError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey

KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
FORWARD = Forward(KEY, "wss://csms.example/ocpp/", Mode.SECOND, NOON, allowed=frozenset({"Reset"}))


@pytest.mark.parametrize(
    "url",
    [
        "ws://127.0.0.1:9000",
        "ws://localhost/ocpp",
        "ws://10.1.2.3/",
        "ws://169.254.169.254/latest",
        "ws://[::1]:9000",
        "ws://[::ffff:192.168.0.1]/",
        "wss://0.0.0.0/",
    ],
)
def test_our_own_network_is_no_place_to_forward_to_unless_that_is_allowed(url: str) -> None:
    with pytest.raises(InvalidError, match="in our own network"):
        checked(replace(FORWARD, url=url), may_be_private=False)

    assert checked(replace(FORWARD, url=url), may_be_private=True).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://csms.example", "ws://", "wss://ada:secret@csms.example", "wss://a.example/?x=1"]
)
def test_an_address_is_one_that_a_station_could_have(url: str) -> None:
    with pytest.raises(InvalidError):
        checked(replace(FORWARD, url=url), may_be_private=True)


def test_a_copy_has_no_say_whatever_is_allowed() -> None:
    assert FORWARD.allows("Reset")
    assert not FORWARD.allows("UnlockConnector")
    assert not replace(FORWARD, mode=Mode.COPY).allows("Reset")
    assert replace(FORWARD, allowed=frozenset("*")).allows("UnlockConnector")
