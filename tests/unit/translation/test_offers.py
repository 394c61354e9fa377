"""What a station is offered to be told, and why not."""

import json

import pytest

from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.translation.offers import (
    CONTROLLERS,
    PROFILES,
    actions_of,
    offers,
    schema_of,
    settings_to_ask,
)


def why_not(dialect: Dialect, action: str, **settings: str | None) -> str | None:
    told = {name.replace("__", "."): value for name, value in settings.items()}
    return next(each.why_not for each in offers(dialect, told) if each.action == action)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_of_a_station_that_said_nothing_all_is_offered(dialect: Dialect) -> None:
    offered = offers(dialect, {})

    assert {each.action for each in offered} == actions.from_csms(dialect)
    assert all(each.why_not is None for each in offered)


def test_what_no_feature_profile_names_is_not_offered() -> None:
    profiles = "Core, smartcharging"

    assert why_not(V16, "SetChargingProfile", SupportedFeatureProfiles=profiles) is None
    assert why_not(V16, "Reset", SupportedFeatureProfiles=profiles) is None
    assert why_not(V16, "InstallCertificate", SupportedFeatureProfiles=profiles) is None
    told = why_not(V16, "ReserveNow", SupportedFeatureProfiles=profiles)
    assert told == "SupportedFeatureProfiles does not name Reservation"


@pytest.mark.parametrize("member", ["Available", "Enabled"])
def test_what_is_switched_off_in_the_device_model_is_not_offered(member: str) -> None:
    name = f"ReservationCtrlr__{member}"

    assert why_not(V201, "ReserveNow", **{name: "false"}) == f"ReservationCtrlr.{member} is false"
    assert why_not(V201, "ReserveNow", **{name: "true"}) is None
    assert why_not(V201, "SendLocalList", **{name: "false"}) is None


def test_what_the_station_refused_as_not_supported_is_not_offered() -> None:
    [clear] = [
        each for each in offers(V21, {}, frozenset({"ClearCache"})) if each.action == "ClearCache"
    ]

    assert clear.why_not is not None


def test_every_action_in_a_table_is_one_that_we_send() -> None:
    assert frozenset().union(*PROFILES.values()) <= actions_of("1.6")
    assert frozenset().union(*CONTROLLERS.values()) <= actions_of("2.1")
    assert settings_to_ask(V16) == ("SupportedFeatureProfiles",)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_no_schema_allows_null_or_calls_a_number_text(dialect: Dialect) -> None:
    for action in actions_of(dialect.name):
        text = json.dumps(schema_of(dialect.name, action))

        assert '"null"' not in text, action
        assert '"decimal"' not in text, action
