"""Block N of 2.0.1 and 2.1: logs, monitors, customers, events."""

from typing import Any

import pytest

from ricarica.ocpp.dialects import V21, Dialect
from ricarica.testing.world import World
from tests.conformance.peer import BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import EVSE, TAG, token

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
NEW = (V21,)
ACCEPTED = {"status": "Accepted"}
HASHES = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "ab" * 32,
    "issuerKeyHash": "cd" * 32,
    "serialNumber": "01",
}
VARIABLE = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


def log(kind: str, **more: Any) -> Json:
    place = {"remoteLocation": "https://files.example.com/inbox/7"}
    return {"logType": kind, "requestId": 7, "log": place} | more


@both
@pytest.mark.usecase("N01")
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("DiagnosticsLog", marks=pytest.mark.tc("TC_N_25_CSMS")),
        pytest.param("SecurityLog", marks=pytest.mark.tc("TC_N_35_CSMS")),
    ],
)
async def test_a_station_that_sends_a_log_is_followed(peer: Peer, kind: str) -> None:
    told = await peer.told("GetLog", log(kind), ACCEPTED | {"filename": "log.zip"})

    for status in ("Uploading", "Uploaded"):
        said = {"status": status, "requestId": 7}
        assert await peer.says("LogStatusNotification", said) == {}

    assert told.code is None


SECRET = {"remoteLocation": "https://user:secret@files.example.com/inbox/7"}


def monitor(**more: Any) -> Json:
    return VARIABLE | {"value": 10, "type": "UpperThreshold", "severity": 5} | more


def monitored(*each: Json, status: str = "Accepted") -> Json:
    results = [
        VARIABLE
        | {"status": status, "type": one["type"], "severity": one["severity"]}
        | ({"id": number} if status == "Accepted" else {})
        for number, one in enumerate(each, 1)
    ]
    return {"setMonitoringResult": results}


def cleared(*ids: int, status: str = "Accepted") -> Json:
    return {"clearMonitoringResult": [{"status": status, "id": id} for id in ids]}


PERIODIC = monitor(type="Periodic")
CUSTOMER = {"requestId": 7, "report": True, "clear": False, "customerIdentifier": "ABC"}
CUSTOMER_CLEAR = {"requestId": 7, "report": False, "clear": True}


@orders(
    Order("TC_N_34_CSMS", "GetLog", log("DiagnosticsLog"), {"status": "Rejected"}),
    Order("TC_N_36_CSMS", "GetLog", log("DiagnosticsLog"), {"status": "AcceptedCanceled"}),
    Order("TC_N_100_CSMS", "GetLog", log("DataCollectorLog"), ACCEPTED, NEW),
    Order("TC_N_102_CSMS", "GetLog", log("DiagnosticsLog", log=SECRET), ACCEPTED, NEW),
    Order("TC_N_102_2_CSMS", "GetLog", log("SecurityLog", log=SECRET), ACCEPTED, NEW),
    Order("TC_N_05_CSMS", "SetMonitoringBase", {"monitoringBase": "All"}, ACCEPTED),
    Order(
        "TC_N_08_CSMS",
        "SetVariableMonitoring",
        {"setMonitoringData": [monitor()]},
        monitored(monitor()),
    ),
    Order(
        "TC_N_09_CSMS",
        "SetVariableMonitoring",
        {"setMonitoringData": [monitor(), monitor(type="LowerThreshold")]},
        monitored(monitor(), monitor(type="LowerThreshold")),
    ),
    Order("TC_N_16_CSMS", "SetMonitoringLevel", {"severity": 4}, ACCEPTED),
    Order("TC_N_17_CSMS", "SetMonitoringLevel", {"severity": 9}, {"status": "Rejected"}),
    Order("TC_N_18_CSMS", "ClearVariableMonitoring", {"id": [1, 2]}, cleared(1, 2)),
    Order("TC_N_44_CSMS", "ClearVariableMonitoring", {"id": [1]}, cleared(1, status="Rejected")),
    Order(
        "TC_N_24_CSMS",
        "SetVariableMonitoring",
        {"setMonitoringData": [PERIODIC]},
        monitored(PERIODIC),
    ),
    Order(
        "TC_N_105_CSMS",
        "SetVariableMonitoring",
        {"setMonitoringData": [PERIODIC | {"periodicEventStream": {"interval": 1, "values": 10}}]},
        monitored(PERIODIC),
        NEW,
    ),
    Order(
        "TC_N_107_CSMS",
        "GetPeriodicEventStream",
        {},
        {
            "constantStreamData": [
                {"id": 1, "variableMonitoringId": 1, "params": {"interval": 1, "values": 10}}
            ]
        },
        NEW,
    ),
    Order("TC_N_29_CSMS", "CustomerInformation", CUSTOMER, {"status": "Rejected"}),
    Order(
        "TC_N_32_CSMS",
        "CustomerInformation",
        CUSTOMER_CLEAR | {"idToken": token()},
        ACCEPTED,
    ),
    Order("TC_N_46_CSMS", "CustomerInformation", CUSTOMER_CLEAR | {"idToken": token()}, ACCEPTED),
    Order(
        "TC_N_62_CSMS",
        "CustomerInformation",
        CUSTOMER_CLEAR | {"customerIdentifier": "ABC"},
        ACCEPTED,
    ),
    Order(
        "TC_N_63_CSMS",
        "CustomerInformation",
        CUSTOMER_CLEAR | {"customerCertificate": HASHES},
        ACCEPTED,
    ),
)
async def test_an_order_about_diagnostics(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@orders(
    Order("TC_N_27_CSMS", "CustomerInformation", CUSTOMER, ACCEPTED),
    Order("TC_N_28_CSMS", "CustomerInformation", CUSTOMER, ACCEPTED),
    Order(
        "TC_N_30_CSMS",
        "CustomerInformation",
        {"requestId": 7, "report": True, "clear": True, "idToken": token()},
        ACCEPTED,
    ),
    Order(
        "TC_N_31_CSMS",
        "CustomerInformation",
        {"requestId": 7, "report": True, "clear": True, "idToken": token()},
        ACCEPTED,
    ),
)
async def test_what_a_station_knows_of_a_customer_is_taken_in_parts(
    network: World, order: Order, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)
    told = await peer.told(order.action, order.payload, ACCEPTED)

    for seq_no in (0, 1):
        said = {"data": "", "seqNo": seq_no, "tbc": seq_no == 0, "requestId": 7}
        said |= {"generatedAt": peer.now}
        assert await peer.says("NotifyCustomerInformation", said) == {}

    assert told.code is None


def report_of(**more: Any) -> Json:
    return {"requestId": 7} | more


@orders(
    Order(
        "TC_N_01_CSMS",
        "GetMonitoringReport",
        report_of(monitoringCriteria=["ThresholdMonitoring"]),
        ACCEPTED,
    ),
    Order("TC_N_02_CSMS", "GetMonitoringReport", report_of(componentVariable=[VARIABLE]), ACCEPTED),
    Order(
        "TC_N_03_CSMS",
        "GetMonitoringReport",
        report_of(monitoringCriteria=["DeltaMonitoring"], componentVariable=[VARIABLE]),
        ACCEPTED,
    ),
    Order("TC_N_47_CSMS", "GetMonitoringReport", report_of(), ACCEPTED),
    Order(
        "TC_N_60_CSMS",
        "GetMonitoringReport",
        report_of(monitoringCriteria=["PeriodicMonitoring"], componentVariable=[VARIABLE]),
        ACCEPTED,
    ),
    Order("TC_N_104_CSMS", "GetMonitoringReport", report_of(), ACCEPTED, NEW),
)
async def test_monitors_that_were_asked_for_are_taken_in_parts(
    network: World, order: Order, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)
    told = await peer.told(order.action, order.payload, ACCEPTED)
    found: Json = {
        "id": 1,
        "transaction": False,
        "value": 10,
        "type": "UpperThreshold",
        "severity": 5,
    }
    if dialect is V21:
        found["eventNotificationType"] = "CustomMonitor"

    for seq_no in (0, 1):
        said = {
            "requestId": 7,
            "seqNo": seq_no,
            "tbc": seq_no == 0,
            "generatedAt": peer.now,
            "monitor": [VARIABLE | {"variableMonitoring": [found]}],
        }
        assert await peer.says("NotifyMonitoringReport", said) == {}

    assert told.code is None


@both
@pytest.mark.usecase("N07", "N08")
@pytest.mark.parametrize(
    ("trigger", "kind", "more"),
    [
        pytest.param("Alerting", "HardWiredMonitor", {}, marks=pytest.mark.tc("TC_N_21_CSMS")),
        pytest.param("Delta", "CustomMonitor", {}, marks=pytest.mark.tc("TC_N_48_CSMS")),
        pytest.param(
            "Alerting", "CustomMonitor", {"cleared": True}, marks=pytest.mark.tc("TC_N_49_CSMS")
        ),
        pytest.param("Periodic", "CustomMonitor", {}, marks=pytest.mark.tc("TC_N_50_CSMS")),
    ],
)
async def test_an_event_of_a_monitor_is_taken(
    peer: Peer, trigger: str, kind: str, more: Json
) -> None:
    said = {
        "eventId": 1,
        "timestamp": peer.now,
        "trigger": trigger,
        "actualValue": "12",
        "eventNotificationType": kind,
        "variableMonitoringId": 1,
        "component": {"name": "EVSE", "evse": EVSE},
        "variable": {"name": "Power"},
    }
    events = {"generatedAt": peer.now, "seqNo": 0, "tbc": False, "eventData": [said | more]}

    assert await peer.says("NotifyEvent", events) == {}  # N07.FR.03, N08.FR.02
