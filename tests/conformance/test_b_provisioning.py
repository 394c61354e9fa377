"""Block B of 2.0.1 and 2.1: boot, variables, reports, resets, network profiles."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from ricarica.ocpp.dialects import V21, V201, Dialect
from ricarica.stations.commands import Outcome, Reset
from ricarica.stations.model import Acceptance, UnknownStations
from ricarica.stations.service import Preparation
from ricarica.testing.world import World, key_of
from tests.conformance.peer import (
    BOOTS,
    BOTH,
    Json,
    Order,
    Peer,
    booted,
    carries_out,
    connected,
    orders,
    quiet_world,
)
from tests.conformance.sessions import TAG, charging_2, ended, event, only_transaction, report

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
BOOT = BOOTS["v2"]
CONTROLLER = {"name": "OCPPCommCtrlr"}
INTERVAL = {"component": CONTROLLER, "variable": {"name": "HeartbeatInterval"}}
OFFLINE = {"component": CONTROLLER, "variable": {"name": "OfflineThreshold"}}
ACCEPTED = {"status": "Accepted"}


def got(*each: Json, value: str = "300") -> Json:
    results = [one | {"attributeStatus": "Accepted", "attributeValue": value} for one in each]
    return {"getVariableResult": results}


def were_set(*each: Json, status: str = "Accepted") -> Json:
    return {"setVariableResult": [one | {"attributeStatus": status} for one in each]}


# Booting


@both
@pytest.mark.tc("TC_B_01_CSMS")
@pytest.mark.usecase("B01")
async def test_a_station_that_boots_is_accepted_and_told_the_time(
    network: World, dialect: Dialect
) -> None:
    peer = await connected(network, dialect)

    answer = await peer.says("BootNotification", BOOT)
    await report(peer, "Available")

    assert answer["status"] == "Accepted"
    assert answer["interval"] > 0
    assert datetime.fromisoformat(answer["currentTime"]) == network.clock.now()


async def stranger(network: World, dialect: Dialect) -> Peer:
    peer = await connected(network, dialect)
    answer = await peer.says("BootNotification", BOOT)
    assert (answer["status"], answer["interval"] > 0) == ("Pending", True)
    return peer


@both
@pytest.mark.tc("TC_B_02_CSMS")
@pytest.mark.usecase("B02")
async def test_a_station_that_waits_is_read_and_set_up_and_then_accepted(
    dialect: Dialect,
) -> None:
    async with quiet_world(UnknownStations.PENDING) as network:
        peer = await stranger(network, dialect)

        wanted = [INTERVAL | {"attributeValue": "600"}]
        written = await peer.told("SetVariables", {"setVariableData": wanted}, were_set(INTERVAL))
        read = await peer.told("GetVariables", {"getVariableData": [INTERVAL]}, got(INTERVAL))
        await network.carry_out(
            lambda slices: slices.stations.prepare(
                key_of(peer.station), Preparation(acceptance=Acceptance.ACCEPTED), slices.now
            ),
            station=key_of(peer.station),
        )
        await network.settle()
        action, sent = await peer.answers({"status": "Accepted"})
        again = await peer.says("BootNotification", BOOT | {"reason": "Triggered"})

    assert (written.code, read.code) == (None, None)
    assert (action, sent["requestedMessage"]) == ("TriggerMessage", "BootNotification")
    assert again["status"] == "Accepted"


@both
@pytest.mark.tc("TC_B_30_CSMS")
@pytest.mark.usecase("B02", "B03")
@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Heartbeat", {}),
        (
            "StatusNotification",
            {
                "timestamp": "2026-01-01T12:00:00.000Z",
                "connectorStatus": "Available",
                "evseId": 1,
                "connectorId": 1,
            },
        ),
    ],
)
async def test_a_station_that_waits_may_say_nothing_of_its_own(
    dialect: Dialect, action: str, payload: Json
) -> None:
    async with quiet_world(UnknownStations.PENDING) as network:
        peer = await stranger(network, dialect)

        assert await peer.is_refused(action, payload) == "SecurityError"  # B02.FR.09


@both
@pytest.mark.usecase("B02", "B07")
async def test_a_station_that_waits_reports_only_what_it_is_asked(dialect: Dialect) -> None:
    async with quiet_world(UnknownStations.PENDING) as network:
        peer = await stranger(network, dialect)
        page = {"requestId": 7, "generatedAt": peer.now, "seqNo": 0}
        asked = {"requestId": 7, "reportBase": "FullInventory"}

        before = await peer.is_refused("NotifyReport", page)
        await peer.told("GetBaseReport", asked, ACCEPTED)
        answer = await peer.says("NotifyReport", page)

    assert (before, answer) == ("SecurityError", {})  # B02.FR.09


@both
@pytest.mark.tc("TC_B_31_CSMS")
@pytest.mark.usecase("B02", "F06")
async def test_a_station_that_waits_may_say_what_it_is_asked(dialect: Dialect) -> None:
    async with quiet_world(UnknownStations.PENDING) as network:
        peer = await stranger(network, dialect)
        status = {"evseId": 1, "connectorId": 1, "connectorStatus": "Available"}
        said = status | {"timestamp": peer.now}
        trigger = {"requestedMessage": "StatusNotification", "evse": {"id": 1, "connectorId": 1}}

        before = await peer.is_refused("StatusNotification", said)
        await peer.told("TriggerMessage", trigger, ACCEPTED)
        await peer.says("StatusNotification", said)  # B02.FR.02
        others = await peer.is_refused("Heartbeat")

    assert (before, others) == ("SecurityError", "SecurityError")


# Variables and reports


@orders(
    Order("TC_B_06_CSMS", "GetVariables", {"getVariableData": [INTERVAL]}, got(INTERVAL)),
    Order(
        "TC_B_07_CSMS",
        "GetVariables",
        {"getVariableData": [INTERVAL, OFFLINE]},
        got(INTERVAL, OFFLINE),
    ),
    Order(
        "TC_B_09_CSMS",
        "SetVariables",
        {"setVariableData": [OFFLINE | {"attributeValue": "123"}]},
        were_set(OFFLINE),
    ),
    Order(
        "TC_B_10_CSMS",
        "SetVariables",
        {
            "setVariableData": [
                OFFLINE | {"attributeValue": "123"},
                INTERVAL | {"attributeValue": "400"},
            ]
        },
        were_set(OFFLINE, INTERVAL),
    ),
    Order(
        "TC_B_12_CSMS",
        "GetBaseReport",
        {"requestId": 7, "reportBase": "ConfigurationInventory"},
        ACCEPTED,
    ),
    Order(
        "TC_B_13_CSMS",
        "GetBaseReport",
        {"requestId": 7, "reportBase": "FullInventory"},
        ACCEPTED,
    ),
    Order(
        "TC_B_14_CSMS",
        "GetBaseReport",
        {"requestId": 7, "reportBase": "SummaryInventory"},
        ACCEPTED,
    ),
    Order(
        "TC_B_18_CSMS",
        "GetReport",
        {
            "requestId": 7,
            "componentCriteria": ["Available"],
            "componentVariable": [
                {
                    "component": {"name": "EVSE", "evse": {"id": 1}},
                    "variable": {"name": "AvailabilityState"},
                }
            ],
        },
        ACCEPTED,
    ),
)
async def test_an_order_about_variables(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


def reported(request_id: int, seq_no: int, name: str, *, more: bool) -> Json:
    return {
        "requestId": request_id,
        "generatedAt": "2026-01-01T12:00:00.000Z",
        "seqNo": seq_no,
        "tbc": more,
        "reportData": [
            {
                "component": {"name": "OCPPCommCtrlr"},
                "variable": {"name": name},
                "variableAttribute": [{"value": "300", "mutability": "ReadWrite"}],
                "variableCharacteristics": {"dataType": "integer", "supportsMonitoring": False},
            }
        ],
    }


@both
@pytest.mark.usecase("B07")
@pytest.mark.tc("TC_B_13_CSMS")
async def test_every_part_of_a_report_is_taken(network: World, dialect: Dialect) -> None:
    peer = await booted(network, dialect)
    order = {"requestId": 7, "reportBase": "FullInventory"}
    await peer.told("GetBaseReport", order, ACCEPTED)

    for seq_no, name in enumerate(("HeartbeatInterval", "OfflineThreshold")):
        said = reported(7, seq_no, name, more=seq_no == 0)
        assert await peer.says("NotifyReport", said) == {}


@both
@pytest.mark.tc("TC_B_08_CSMS")
async def test_as_many_variables_as_a_station_takes_go_in_one_message(
    network: World, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)
    names = [f"Custom{number}" for number in range(30)]
    wanted = [{"component": CONTROLLER, "variable": {"name": name}} for name in names]

    told = await peer.told("GetVariables", {"getVariableData": wanted}, got(*wanted))

    assert told.code is None


# Resets


@orders(
    Order("TC_B_20_CSMS", "Reset", {"type": "OnIdle"}, ACCEPTED),
    Order("TC_B_25_CSMS", "Reset", {"type": "OnIdle", "evseId": 1}, ACCEPTED),
    Order("TC_B_26_CSMS", "Reset", {"type": "OnIdle", "evseId": 1}, {"status": "Scheduled"}),
    Order("TC_B_104_CSMS", "Reset", {"type": "ImmediateAndResume"}, ACCEPTED, (V21,)),
)
async def test_an_order_to_reset(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@both
@pytest.mark.usecase("B11")
@pytest.mark.tc("TC_B_20_CSMS")
async def test_a_station_reset_when_idle_boots_again(network: World, dialect: Dialect) -> None:
    peer = await booted(network, dialect)
    action, sent, result = await peer.obeys(
        network.tell(peer.station, Reset(when_idle=True)), ACCEPTED
    )
    again = await peer.says("BootNotification", BOOT | {"reason": "RemoteReset"})

    assert (action, sent) == ("Reset", {"type": "OnIdle"})
    assert (result.outcome, again["status"]) == (Outcome.ACCEPTED, "Accepted")


@both
@pytest.mark.usecase("B12")
@pytest.mark.tc("TC_B_21_CSMS")
async def test_a_station_that_charges_resets_when_that_is_over(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG)
    peer = await booted(network, dialect)
    await charging_2(peer)
    _, _, result = await peer.obeys(
        network.tell(peer.station, Reset(when_idle=True)), {"status": "Scheduled"}
    )
    was_running = (await only_transaction(peer)).is_running
    await ended(peer, "StopAuthorized", "Local")
    again = await peer.says("BootNotification", BOOT | {"reason": "ScheduledReset"})

    assert (result.outcome, was_running) == (Outcome.ACCEPTED, True)
    assert again["status"] == "Accepted"


@both
@pytest.mark.usecase("B12")
@pytest.mark.tc("TC_B_22_CSMS", "TC_B_27_CSMS")
@pytest.mark.parametrize("order", [{"type": "Immediate"}, {"type": "Immediate", "evseId": 1}])
async def test_an_immediate_reset_ends_what_runs(
    network: World, dialect: Dialect, order: Json
) -> None:
    await network.add_token(TAG)
    peer = await booted(network, dialect)
    await charging_2(peer)
    told = await peer.told("Reset", order, ACCEPTED)
    await ended(peer, "ResetCommand", "ImmediateReset")

    assert told.code is None
    assert (await only_transaction(peer)).end_reason == "ImmediateReset"


@pytest.mark.usecase("B13")
@pytest.mark.tc("TC_B_103_CSMS")
async def test_a_transaction_goes_on_after_a_reset(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    await peer.told("Reset", {"type": "ImmediateAndResume"}, ACCEPTED)
    peer.network.clock.pass_time(timedelta(minutes=2))
    again = await peer.says("BootNotification", BOOT | {"reason": "RemoteReset"})
    await event(peer, "Updated", "TxResumed", 2, {"chargingState": "Charging"})

    assert again["status"] == "Accepted"
    assert (await only_transaction(peer)).is_running


# Network profiles


def profile(dialect: Dialect, **more: Any) -> Json:
    data = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "messageTimeout": 30,
        "ocppCsmsUrl": "wss://csms.example.com/ocpp",
        "securityProfile": 2,
    }
    version = {"ocppVersion": "OCPP20"} if dialect is V201 else {"ocppVersion": "OCPP21"}
    return {"configurationSlot": 2, "connectionData": data | version | more}


@both
@pytest.mark.usecase("B09")
@pytest.mark.parametrize(
    "status",
    [
        pytest.param("Accepted", marks=pytest.mark.tc("TC_B_42_CSMS")),
        pytest.param("Failed", marks=pytest.mark.tc("TC_B_44_CSMS")),
    ],
)
async def test_a_network_profile_is_written_and_its_outcome_told(
    network: World, dialect: Dialect, status: str
) -> None:
    peer = await booted(network, dialect)

    told = await peer.told("SetNetworkProfile", profile(dialect), {"status": status})

    assert told.payload == f'{{"status": "{status}"}}'.encode()


@orders(
    Order(
        "TC_B_100_CSMS",
        "SetNetworkProfile",
        profile(V21, identity="OCA-1", basicAuthPassword="0123456789abcdef"),
        ACCEPTED,
        (V21,),
    ),
    Order(
        "TC_B_105_CSMS",
        "SetVariables",
        {
            "setVariableData": [
                {
                    "component": {"name": "NetworkConfiguration", "instance": "2"},
                    "variable": {"name": "OcppCsmsUrl"},
                    "attributeValue": "wss://csms.example.com/ocpp",
                }
            ]
        },
        were_set(
            {
                "component": {"name": "NetworkConfiguration", "instance": "2"},
                "variable": {"name": "OcppCsmsUrl"},
            }
        ),
        (V21,),
    ),
)
async def test_an_order_about_network_profiles(
    network: World, order: Order, dialect: Dialect
) -> None:
    await carries_out(network, order, dialect)
