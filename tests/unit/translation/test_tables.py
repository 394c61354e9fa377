"""Every word has its counterpart: a value added on either side must not fall through."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from ricarica.authorization.model import TokenKind, TokenRef, Verdict
from ricarica.configuration.commands import Criterion, Extent, ReportChosen
from ricarica.configuration.model import name_from
from ricarica.configuration.names import NEUTRAL
from ricarica.configuration.templates import MonitorType
from ricarica.monitoring.commands import SetMonitors
from ricarica.monitoring.model import ActiveMonitors, MonitorCriterion
from ricarica.ocpp import actions
from ricarica.ocpp.dialects import DIALECTS, Dialect
from ricarica.ocpp.v2 import messages as v2
from ricarica.ocpp.v16 import messages as v16
from ricarica.stations.commands import Topic
from ricarica.stations.model import Acceptance
from ricarica.transactions.commands import ShowCost
from ricarica.transactions.model import ChargingState
from ricarica.transactions.readings import Measurand
from ricarica.translation.readings import in_base_unit, measurand_from
from ricarica.translation.routes import PHRASES, ROUTES
from ricarica.translation.v2 import monitoring as v2_monitoring
from ricarica.translation.v2 import phrases as v2_phrases
from ricarica.translation.v2 import settings as v2_settings
from ricarica.translation.v2 import words as v2_words
from ricarica.translation.v16 import errors as v16_errors
from ricarica.translation.v16 import phrases as v16_phrases
from ricarica.translation.v16 import settings as v16_settings
from ricarica.translation.v16 import words as v16_words


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (v16_words.REGISTRATION_STATUS, Acceptance),
        (v2_words.REGISTRATION_STATUS, Acceptance),
        (v16_words.ID_TAG_STATUS, Verdict),
        (v2_words.AUTHORIZATION_STATUS, Verdict),
        (v16_words.CONNECTOR_STATUS, v16.ChargePointStatus),
        (v2_words.CONNECTOR_STATUS, v2.ConnectorStatus),
        (v2_words.CHARGING_STATE, v2.ChargingState),
        (v16_phrases.TOPIC, Topic),
        (v2_phrases.TOPIC, Topic),
        (v2_settings.ACCESS, v2.Mutability),
        (v2_settings.EXTENT, Extent),
        (v2_settings.CRITERION, Criterion),
        (v2_monitoring.MONITOR_TYPE, MonitorType),
        (v2_monitoring.TYPE_OF, v2.Monitor),
        (v2_monitoring.ORIGIN, v2.EventNotification),
        (v2_monitoring.TRIGGER, v2.EventTrigger),
        (v2_monitoring.BASE, ActiveMonitors),
        (v2_monitoring.MONITOR_CRITERION, MonitorCriterion),
        (v16_errors.SEVERITY, v16.ChargePointErrorCode),
    ],
)
def test_a_table_has_a_row_for_every_word(table: Mapping[Any, Any], words: Any) -> None:
    assert set(table) == set(words)


def test_every_neutral_setting_has_a_name_in_some_dialect_and_no_other_has() -> None:
    assert {*v16_settings.KEYS, *v2_settings.VARIABLES} == set(NEUTRAL)


def test_every_charging_state_of_2x_has_one_of_ours() -> None:
    assert set(v2_words.CHARGING_STATE.values()) == set(ChargingState)


@pytest.mark.parametrize("word", v16.Measurand)
def test_a_measurand_of_1_6_is_understood(word: v16.Measurand) -> None:
    assert measurand_from(word)[0] is not Measurand.OTHER


def test_a_measurand_that_only_2_1_knows_is_kept_by_its_word() -> None:
    assert measurand_from("Display.BatteryEnergyCapacity") == (
        Measurand.OTHER,
        "Display.BatteryEnergyCapacity",
    )


def test_a_reading_without_a_measurand_is_the_energy_register() -> None:
    assert measurand_from(None) == (Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, None)


def test_a_reading_in_amperes_without_a_measurand_is_no_energy_register() -> None:
    assert measurand_from(None, "A") == (Measurand.OTHER, "A")


@pytest.mark.parametrize(
    ("value", "unit", "multiplier", "base"),
    [
        ("1.5", "kWh", 0, "1500"),
        ("7", "kW", 0, "7000"),
        ("1.5", "kwh", 0, "1500"),
        ("1.5", "MWh", 0, "1500000"),
        ("42", "Wh", 0, "42"),
        ("42", None, 0, "42"),
        ("15", "Wh", 2, "1500"),
        ("1500", "W", -3, "1.5"),
        ("2", "kW", 1, "20000"),
        ("293.15", "K", 0, "20.00"),
        ("68", "Fahrenheit", 0, "20"),
        ("20", "Celcius", 0, "20"),
    ],
)
def test_a_value_is_brought_to_its_base_unit(
    value: str, unit: str | None, multiplier: int, base: str
) -> None:
    assert in_base_unit(Decimal(value), unit, multiplier) == Decimal(base)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_a_route_is_for_what_stations_send(dialect: Dialect) -> None:
    for action, route in ROUTES[dialect.name].items():
        assert action in actions.from_station(dialect)
        assert route.request is actions.request_type(dialect, action)


@pytest.mark.parametrize("dialect", DIALECTS, ids=str)
def test_a_phrase_is_for_what_we_may_send(dialect: Dialect) -> None:
    for phrase in PHRASES[dialect.name].values():
        assert phrase.action in actions.from_csms(dialect)


def test_what_1_6_cannot_say_is_a_missing_row() -> None:
    only_in_2x = set(PHRASES["2.0.1"]) - set(PHRASES["1.6"])

    assert {ShowCost, ReportChosen, SetMonitors} <= only_in_2x


@pytest.mark.parametrize("name", v2_settings.VARIABLES.values())
def test_a_variable_of_2x_is_named_as_it_is_read(name: str) -> None:
    assert str(name_from(name)) == name


def test_a_token_of_no_known_kind_is_said_to_be_of_the_readers_of_1_6() -> None:
    assert v2_words.token_for(TokenRef("A1")).type == "ISO14443"
    assert v2_words.token_for(TokenRef("A1", TokenKind.EMAID)).type == "eMAID"


def test_a_kind_of_token_that_is_not_ours_is_unknown() -> None:
    told = v2.IdToken(id_token="A1", type="SomethingNew")

    assert v2_words.token_from(told) == TokenRef("A1", TokenKind.UNKNOWN)
