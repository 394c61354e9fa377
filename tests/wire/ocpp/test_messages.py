"""Every message of every dialect agrees with its official schema, both ways."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ricarica.ocpp import actions, wire
from ricarica.ocpp.dialects import DIALECTS, V21, V201, Dialect
from ricarica.ocpp.errors import LocalProtocolError
from ricarica.ocpp.payload import Payload
from tests.wire.ocpp import official

MESSAGES = list(official.messages())
A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:\d\d)", re.ASCII)
# There are hundreds of messages: a few examples of each, and no time for making them smaller.
few = settings(
    max_examples=10,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
names = [f"{dialect}-{kind.__name__}" for dialect, kind in MESSAGES]


to_json = msgspec.json.Encoder(decimal_format="number")


def parsed(raw: bytes) -> Any:
    return json.loads(raw, parse_float=Decimal)


def meaning(value: Any) -> Any:
    """The same for two ways to spell a time."""
    if isinstance(value, dict):
        return {name: meaning(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [meaning(item) for item in value]
    if isinstance(value, str) and A_TIME.fullmatch(value):
        return datetime.fromisoformat(value)
    return value


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_there_is_a_type_for_every_official_schema_and_no_other(dialect: Dialect) -> None:
    ours = {kind.__name__ for of, kind in MESSAGES if of is dialect}

    assert ours == official.file_names(dialect)


@pytest.mark.parametrize("dialect, kind", MESSAGES, ids=names)
@few
@given(data=st.data())
def test_what_the_schema_allows_is_read_and_written_back(
    dialect: Dialect, kind: type[Payload], data: st.DataObject
) -> None:
    payload = data.draw(official.payloads(dialect, kind.__name__))

    wire.check(to_json.encode(payload), kind, dialect)
    written = wire.encode(wire.decode(to_json.encode(payload), kind), dialect)

    again = parsed(written)
    assert meaning(again) == meaning(payload)
    assert official.complaint(dialect, kind.__name__, again) is None
    root = official.schema(dialect, kind.__name__)
    assert official.ordered_as(root, root, again)
    assert text_is_compact(written)


def text_is_compact(raw: bytes) -> bool:
    return raw == to_json.encode(msgspec.json.decode(raw, type=dict[str, msgspec.Raw]))


IN_BOTH = [
    (written, other, kind)
    for written, other in ((V201, V21), (V21, V201))
    for dialect, kind in MESSAGES
    if dialect is written and kind.__name__ in official.file_names(other)
]


@pytest.mark.parametrize(
    "written, other, kind", IN_BOTH, ids=[f"{w}-as-{o}-{k.__name__}" for w, o, k in IN_BOTH]
)
@few
@given(data=st.data())
def test_a_station_never_sees_what_only_the_other_version_knows(
    written: Dialect, other: Dialect, kind: type[Payload], data: st.DataObject
) -> None:
    payload = wire.decode(
        to_json.encode(data.draw(official.payloads(written, kind.__name__))), kind
    )

    try:
        raw = wire.encode(payload, other)
    except LocalProtocolError:
        return

    assert official.complaint(other, kind.__name__, parsed(raw)) is None


@pytest.mark.parametrize(
    "kind", [k for d, k in MESSAGES if d is V21 and k.__name__ not in official.file_names(V201)]
)
@few
@given(data=st.data())
def test_a_message_that_only_2_1_has_is_never_said_in_2_0_1(
    kind: type[Payload], data: st.DataObject
) -> None:
    payload = wire.decode(to_json.encode(data.draw(official.payloads(V21, kind.__name__))), kind)

    with pytest.raises(LocalProtocolError, match=kind.__name__):
        wire.encode(payload, V201)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_every_action_has_a_direction(dialect: Dialect) -> None:
    both = actions.from_station(dialect) & actions.from_csms(dialect)

    assert both == {"DataTransfer"}
    assert actions.from_station(dialect) | actions.from_csms(dialect) == actions.known(dialect)
