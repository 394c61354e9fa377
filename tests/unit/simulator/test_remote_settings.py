from decimal import Decimal
from typing import Any

import pytest

from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from tests.unit.simulator.scripted import (
    Json,
    ScriptedServer,
    booted,
    charging,
    ref,
    status_of,
)

every_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=str)
both_of_2 = pytest.mark.parametrize("dialect", [V201, V21], ids=str)


def test_1_6_settings_are_read_changed_and_refused() -> None:
    server = booted(V16)
    answer = server.command("GetConfiguration", {"key": ["heartbeatinterval", "Nonsense"]})
    assert answer == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense"],
    }

    def change(key: str, value: str) -> Any:
        return status_of(server.command("ChangeConfiguration", {"key": key, "value": value}))

    assert change("HeartbeatInterval", "30") == "Accepted"
    assert change("HeartbeatInterval", "-1") == "Rejected"
    assert change("HeartbeatInterval", "often") == "Rejected"
    assert change("NumberOfConnectors", "9") == "Rejected"
    assert change("Nonsense", "1") == "NotSupported"
    assert change("MeterValuesSampledData", "Voltage,SoC") == "Accepted"
    assert change("MeterValuesSampledData", "Voltage,Mood") == "Rejected"


def test_1_6_lists_every_key_and_no_password() -> None:
    server = booted(V16)
    server.command("ChangeConfiguration", {"key": "AuthorizationKey", "value": "ab" * 20})

    answer = server.command("GetConfiguration")

    assert isinstance(answer, dict)
    keys = {entry["key"]: entry for entry in answer["configurationKey"]}
    assert keys["NumberOfConnectors"]["value"] == "2"
    assert "value" not in keys["AuthorizationKey"]
    assert server.station.settings["password"] == bytes.fromhex("ab" * 20).decode("latin-1")


@every_dialect
def test_a_changed_sample_interval_takes_effect_at_once(dialect: Dialect) -> None:
    server = charging(dialect)
    if dialect is V16:
        change = {"key": "MeterValueSampleInterval", "value": "10"}
        server.command("ChangeConfiguration", change)
    else:
        set_variable(server, "SampledDataCtrlr", "TxUpdatedInterval", "10")
    server.let_pass(31)

    readings = server.of("MeterValues") if dialect is V16 else server.events()[1:]
    assert len(readings) == 3


def set_variable(server: ScriptedServer, component: str, variable: str, value: str) -> Any:
    data = {
        "attributeValue": value,
        "component": {"name": component},
        "variable": {"name": variable},
    }
    answer = server.command("SetVariables", {"setVariableData": [data]})
    assert isinstance(answer, dict)
    return answer["setVariableResult"][0]["attributeStatus"]


def get_variable(server: ScriptedServer, component: Json, variable: Json) -> Json:
    data = {"component": component, "variable": variable}
    answer = server.command("GetVariables", {"getVariableData": [data]})
    assert isinstance(answer, dict)
    result: Json = answer["getVariableResult"][0]
    return result


@both_of_2
def test_2_x_variables_are_read_changed_and_refused(dialect: Dialect) -> None:
    server = booted(dialect)

    assert set_variable(server, "OCPPCommCtrlr", "HeartbeatInterval", "30") == "Accepted"
    assert set_variable(server, "OCPPCommCtrlr", "HeartbeatInterval", "x") == "Rejected"
    assert set_variable(server, "OCPPCommCtrlr", "FileTransferProtocols", "HTTP") == "Rejected"
    assert set_variable(server, "OCPPCommCtrlr", "Mood", "1") == "UnknownVariable"
    assert set_variable(server, "MoodCtrlr", "Mood", "1") == "UnknownComponent"
    assert set_variable(server, "SecurityCtrlr", "BasicAuthPassword", "p" * 20) == "Accepted"
    assert set_variable(server, "ChargingStation", "Model", "Other") == "Rejected"

    heartbeat = get_variable(server, {"name": "OCPPCommCtrlr"}, {"name": "HeartbeatInterval"})
    assert heartbeat["attributeValue"] == "30"
    attempts = {"name": "MessageAttempts", "instance": "TransactionEvent"}
    found = get_variable(server, {"name": "OCPPCommCtrlr"}, attempts)
    assert found["attributeValue"] == "3"
    connector = {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}
    found = get_variable(server, connector, {"name": "AvailabilityState"})
    assert found["attributeValue"] == "Available"
    secret = get_variable(server, {"name": "SecurityCtrlr"}, {"name": "BasicAuthPassword"})
    assert secret["attributeStatus"] == "Rejected"


@both_of_2
def test_the_base_report_comes_in_numbered_parts(dialect: Dialect) -> None:
    server = booted(dialect)
    asked = {"requestId": 5, "reportBase": "FullInventory"}

    assert status_of(server.command("GetBaseReport", asked)) == "Accepted"

    parts = server.of("NotifyReport")
    assert [part["seqNo"] for part in parts] == list(range(len(parts)))
    assert [part["tbc"] for part in parts] == [True] * (len(parts) - 1) + [False]
    assert {part["requestId"] for part in parts} == {5}
    names = {
        (entry["component"]["name"], entry["variable"]["name"])
        for part in parts
        for entry in part["reportData"]
    }
    assert ("SampledDataCtrlr", "TxUpdatedInterval") in names
    assert ("Connector", "ConnectorType") in names
    assert len(names) > 60


@both_of_2
def test_a_report_of_one_component_holds_nothing_else(dialect: Dialect) -> None:
    server = booted(dialect)
    wanted = [{"component": {"name": "EVSE", "evse": {"id": 2}}}]

    server.command("GetReport", {"requestId": 6, "componentVariable": wanted})

    (part,) = server.of("NotifyReport")
    assert {entry["component"]["evse"]["id"] for entry in part["reportData"]} == {2}
    nothing = [{"component": {"name": "Toaster"}}]
    answer = server.command("GetReport", {"requestId": 7, "componentVariable": nothing})
    assert status_of(answer) == "EmptyResultSet"


@both_of_2
def test_the_cost_is_remembered_for_the_display(dialect: Dialect) -> None:
    server = charging(dialect)
    running = server.station.transaction(1)
    assert running is not None

    server.command("CostUpdated", {"totalCost": 1.25, "transactionId": running.ref})
    assert running.shown_cost == Decimal("1.25")

    server.script["TransactionEvent"] = lambda _: {"totalCost": 2.5}
    server.let_pass(61)
    assert running.shown_cost == Decimal("2.5")

    server.station.unplug(1)
    server.exchange()
    assert server.station.shown_cost(1) == Decimal("2.5")


@both_of_2
def test_a_station_knows_which_transactions_go_on(dialect: Dialect) -> None:
    server = charging(dialect)
    running = ref(server)

    answer = server.command("GetTransactionStatus", {"transactionId": running})
    assert answer == {"ongoingIndicator": True, "messagesInQueue": False}

    answer = server.command("GetTransactionStatus", {"transactionId": "nothing"})
    assert answer == {"ongoingIndicator": False, "messagesInQueue": False}
