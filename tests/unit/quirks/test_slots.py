import pytest
from msgspec import inspect

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS
from ricarica.ocpp.payload import Payload
from ricarica.ocpp.strict import reachable
from ricarica.ocpp.v16 import messages as v16
from ricarica.translation.quirks.slots import slots_of

MESSAGES = sorted(
    {
        kind
        for dialect in DIALECTS
        for action in actions.known(dialect)
        for kind in (
            actions.request_type(dialect, action),
            actions.response_type(dialect, action),
        )
        if kind is not None
    },
    key=lambda kind: (kind.__module__, kind.__name__),
)


@pytest.mark.parametrize(
    "kind", MESSAGES, ids=lambda kind: f"{kind.__module__[-12:]}.{kind.__name__}"
)
def test_every_member_of_every_message_expects_one_kind_of_value(kind: type[Payload]) -> None:
    for each in reachable(kind):
        slots = slots_of(each)
        assert [slot.place[1] for slot in slots] == list(each.__struct_encode_fields__)
        assert not any(isinstance(slot.kind, inspect.UnionType) for slot in slots)


def test_a_list_says_what_its_items_are() -> None:
    slots = {slot.place[1]: slot for slot in slots_of(v16.MeterValuesRequest)}

    assert slots["connectorId"].item is None
    assert not slots["meterValue"].is_droppable
    assert slots["meterValue"].item is not None
    assert slots["meterValue"].item.is_droppable
    assert slots["meterValue"].is_required
    assert not slots["transactionId"].is_required
