import json

import pytest

from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import DIALECTS
from ricarica.ocpp.errors import RemoteProtocolError
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.quirks.fitting import longest
from ricarica.translation.quirks.lenient import lenient_type

REQUESTS = sorted(
    {
        request
        for dialect in DIALECTS
        for action in actions.known(dialect)
        if (request := actions.request_type(dialect, action))
    },
    key=lambda kind: (kind.__module__, kind.__name__),
)


@pytest.mark.parametrize(
    "kind", REQUESTS, ids=lambda kind: f"{kind.__module__[-12:]}.{kind.__name__}"
)
def test_every_message_has_a_lenient_type_with_the_same_members(kind: type[Payload]) -> None:
    lenient = lenient_type(kind)

    assert issubclass(lenient, kind)
    assert set(lenient.__struct_encode_fields__) == set(kind.__struct_encode_fields__)


@pytest.mark.parametrize("limit, most", [(20, 255), (255, 255), (256, 1024), (500, 2000)])
def test_a_short_text_may_have_255_characters_and_a_long_one_be_four_times_as_long(
    limit: int, most: int
) -> None:
    assert longest(limit) == most


def test_a_long_token_is_read_whole_and_one_beyond_all_bounds_is_not() -> None:
    lenient = lenient_type(v16.AuthorizeRequest)

    assert wire.decode(json.dumps({"idTag": "x" * 255}), lenient).id_tag == "x" * 255
    with pytest.raises(RemoteProtocolError):
        wire.decode(json.dumps({"idTag": "x" * 256}), lenient)


def test_what_is_long_within_another_object_is_read_whole_too() -> None:
    station = {"model": "M" * 30, "vendorName": "V" * 60}
    boot = {"reason": "PowerUp", "chargingStation": station}

    read = wire.decode(json.dumps(boot), lenient_type(v2.BootNotificationRequest))

    assert isinstance(read.charging_station, v2.ChargingStation)
    assert (read.charging_station.model, read.charging_station.vendor_name) == ("M" * 30, "V" * 60)


def test_a_message_without_limits_is_its_own_lenient_type() -> None:
    assert lenient_type(v16.HeartbeatRequest) is v16.HeartbeatRequest
