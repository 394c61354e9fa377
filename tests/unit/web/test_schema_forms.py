"""Forms drawn from schemas, and payloads from forms."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from ricarica.ocpp.dialects import DIALECTS, Dialect
from ricarica.translation.offers import actions_of, schema_of
from ricarica.web.builders.schema_forms import form_of, payload_from
from ricarica.web.views.schema_forms import Kind, Node

ROME = ZoneInfo("Europe/Rome")


def member(form: Node, name: str) -> Node:
    return next(child for child in form.children if child.name == name)


def named(form: Node) -> list[str]:
    if form.children:
        return [path for child in form.children for path in named(child)]
    return [form.path]


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_every_request_of_a_dialect_can_be_drawn(dialect: Dialect) -> None:
    for action in actions_of(dialect.name):
        paths = named(form_of(schema_of(dialect.name, action), {}))

        assert len(set(paths)) == len(paths), action


def test_required_members_come_first_and_are_marked() -> None:
    form = form_of(schema_of("2.0.1", "Reset"), {})

    assert [(child.name, child.required) for child in form.children] == [
        ("type", True),
        ("evseId", False),
    ]
    assert member(form, "type").choices == ("Immediate", "OnIdle")


def test_a_list_has_an_item_to_add_with_a_place_of_its_own() -> None:
    form = form_of(schema_of("2.0.1", "SetVariables"), {})

    variables = member(form, "setVariableData")
    assert (variables.kind, variables.least) == (Kind.REPEAT, 1)
    assert member(variables.children[0], "attributeValue").path == (
        "setVariableData.~0~.attributeValue"
    )


def test_a_number_is_prefilled() -> None:
    form = form_of(schema_of("2.1", "GetReport"), {"requestId": "17"})

    assert member(form, "requestId").value == "17"


def test_fields_become_a_payload() -> None:
    fields = {
        "requestId": "17",
        "componentVariable.4.component.name": "EVSE",
        "componentVariable.4.component.evse.id": "1",
        "componentVariable.10.component.name": "Connector",
        "componentCriteria.0": "Problem",
        "csrf_token": "x",
    }

    assert payload_from(schema_of("2.1", "GetReport"), fields, ROME) == {
        "requestId": 17,
        "componentVariable": [
            {"component": {"name": "EVSE", "evse": {"id": 1}}},
            {"component": {"name": "Connector"}},
        ],
        "componentCriteria": ["Problem"],
    }


def test_what_was_left_empty_is_left_out() -> None:
    fields = {"type": "Soft", "evseId": " "}

    assert payload_from(schema_of("2.1", "Reset"), fields, ROME) == {"type": "Soft"}


def test_an_instant_is_meant_in_the_zone_that_instants_are_shown_in() -> None:
    fields = {"expiryDate": "2026-11-22T13:00"}

    assert payload_from(schema_of("1.6", "ReserveNow"), fields, ROME) == {
        "expiryDate": "2026-11-22T12:00:00Z"
    }


def test_what_is_no_number_stays_as_it_was_typed() -> None:
    schema = schema_of("2.1", "CostUpdated")

    assert payload_from(schema, {"totalCost": "12.50"}, ROME) == {"totalCost": Decimal("12.50")}
    assert payload_from(schema, {"totalCost": "much"}, ROME) == {"totalCost": "much"}
