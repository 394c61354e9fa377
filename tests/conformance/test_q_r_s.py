"""Blocks Q, R and S of 2.1: bidirectional charging, grid control, battery swapping."""

import pytest

from ricarica.authorization.model import EnergyTransfer
from ricarica.energy.model import Rule
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21, Dialect
from ricarica.testing.world import World
from tests.conformance.peer import Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import TAG, charging_2, token

NEW = (V21,)
ACCEPTED = {"status": "Accepted"}


@pytest.fixture
async def peer(network: World) -> Peer:
    await network.add_token(TAG)
    return await booted(network, V21)


BIDIRECTIONAL: Json = {
    "requestedEnergyTransfer": "DC_BPT",
    "controlMode": "DynamicControl",
    "v2xChargingParameters": {"maxChargePower": 50000, "maxDischargePower": -20000},
}


@pytest.mark.usecase("Q01", "Q02")
@pytest.mark.tc("TC_Q_103_CSMS")
async def test_a_car_that_wants_what_is_not_allowed_is_refused(peer: Peer) -> None:
    rule = Rule(tenant=DEFAULT_TENANT, transfers=(EnergyTransfer.DC,))
    await peer.network.carry_out(lambda slices: slices.cars.rule(rule))
    await charging_2(peer)
    said = {"evseId": 1, "chargingNeeds": BIDIRECTIONAL}

    answer = await peer.says("NotifyEVChargingNeeds", said)

    assert answer["status"] == "Rejected"  # Q01.FR.04


@pytest.mark.usecase("Q10", "Q05")
@pytest.mark.parametrize("extra", [{}, {"evseSleep": True}, {"preconditioningRequest": True}])
async def test_a_car_may_be_told_to_idle(peer: Peer, extra: Json) -> None:
    period = {"startPeriod": 0, "operationMode": "Idle"} | extra
    schedule = {
        "id": 1,
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [period],
        "startSchedule": "2026-06-02T00:00:00.000Z",
    }
    profile = {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule],
    }

    told = await peer.told(
        "SetChargingProfile", {"evseId": 1, "chargingProfile": profile}, ACCEPTED
    )

    assert told.code is None


# R

CURVE = {
    "curveData": [{"x": 95, "y": 10}, {"x": 105, "y": -10}],
    "priority": 1,
    "yUnit": "PctMaxVar",
}
CONTROL: Json = {
    "isDefault": True,
    "controlId": "C1",
    "controlType": "VoltVar",
    "curve": CURVE,
}


@orders(
    Order("TC_R_107_CSMS", "SetDERControl", CONTROL, ACCEPTED, NEW),
    Order("TC_R_107_CSMS", "ClearDERControl", {"isDefault": True}, ACCEPTED, NEW),
    Order("TC_R_107_CSMS", "GetDERControl", {"requestId": 7}, ACCEPTED, NEW),
)
async def test_an_order_about_the_grid(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@pytest.mark.usecase("R05")
@pytest.mark.tc("TC_R_108_CSMS")
async def test_what_a_control_did_is_taken(peer: Peer) -> None:
    alarm = {"controlType": "VoltVar", "timestamp": peer.now, "gridEventFault": "OverVoltage"}
    begun = {"controlId": "C1", "started": True, "timestamp": peer.now}

    assert await peer.says("NotifyDERAlarm", alarm) == {}
    assert await peer.says("NotifyDERStartStop", begun) == {}
    assert await peer.says("NotifyDERAlarm", alarm | {"alarmEnded": True}) == {}


# S


def battery(slot: int, serial: str) -> Json:
    return {"evseId": slot, "serialNumber": serial, "soC": 20, "soH": 95}


@orders(
    Order(
        "TC_S_102_CSMS",
        "RequestBatterySwap",
        {"idToken": token(), "requestId": 7},
        {"status": "Rejected", "statusInfo": {"reasonCode": "NoBatteryAvailable"}},
        NEW,
    ),
    Order(
        "TC_S_103_CSMS",
        "RequestBatterySwap",
        {"idToken": token(), "requestId": 7},
        ACCEPTED,
        NEW,
    ),
)
async def test_an_order_about_swaps(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@pytest.mark.usecase("S01", "S03")
@pytest.mark.tc("TC_S_103_CSMS")
async def test_batteries_that_come_and_go_are_taken(peer: Peer) -> None:
    common = {"idToken": token(), "requestId": 7}
    came = {"eventType": "BatteryIn", "batteryData": [battery(1, "A")]} | common
    went = {"eventType": "BatteryOut", "batteryData": [battery(2, "B")]} | common

    assert await peer.says("BatterySwap", came) == {}
    assert await peer.says("BatterySwap", went) == {}
