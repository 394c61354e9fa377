"""Block K of 2.0.1 and 2.1: charging profiles, external limits, ISO 15118."""

from decimal import Decimal
from typing import Any

import pytest

from ricarica.energy.model import Rule
from ricarica.energy.queries import EnergyQueries
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V21, Dialect
from ricarica.testing.world import World, key_of
from tests.conformance.peer import BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import REF, TAG, charging_2, event

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
NEW = (V21,)
ACCEPTED = {"status": "Accepted"}
MIDNIGHT = "2026-06-02T00:00:00.000Z"
PERIODS = [{"startPeriod": 0, "limit": 16}]


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


def schedule(*periods: Json, **more: Any) -> Json:
    found = list(periods) or PERIODS
    return {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": found} | more


def profile(purpose: str, evse: int = 1, kind: str = "Absolute", **more: Any) -> Json:
    starts = {} if kind in ("Relative", "Dynamic") else {"startSchedule": MIDNIGHT}
    given = {
        "id": 158,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule(**starts)],
    }
    return {"evseId": evse, "chargingProfile": given | more}


def v2x(mode: str, **more: Any) -> Json:
    """A profile whose only period is of this operation mode."""
    period = {"startPeriod": 0, "operationMode": mode} | more
    watts = {"chargingRateUnit": "W", "startSchedule": MIDNIGHT}
    return profile(
        "TxProfile",
        transactionId=REF,
        chargingSchedule=[schedule(period, **watts)],
    )


def asking(evse: int | None = None, **criterion: Any) -> Json:
    place = {} if evse is None else {"evseId": evse}
    return {"requestId": 7, "chargingProfile": criterion} | place


def composite(evse: int) -> Json:
    found = {
        "evseId": evse,
        "duration": 300,
        "scheduleStart": MIDNIGHT,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": PERIODS,
    }
    return ACCEPTED | {"schedule": found}


@orders(
    Order("TC_K_01_CSMS", "SetChargingProfile", profile("TxDefaultProfile"), ACCEPTED),
    Order(
        "TC_K_02_CSMS",
        "SetChargingProfile",
        profile("TxProfile", transactionId=REF),
        {"status": "Rejected", "statusInfo": {"reasonCode": "TxNotFound"}},
    ),
    Order("TC_K_03_CSMS", "SetChargingProfile", profile("ChargingStationMaxProfile", 0), ACCEPTED),
    Order("TC_K_04_CSMS", "SetChargingProfile", profile("TxDefaultProfile"), ACCEPTED),
    Order("TC_K_05_CSMS", "ClearChargingProfile", {"chargingProfileId": 158}, ACCEPTED),
    Order(
        "TC_K_06_CSMS",
        "ClearChargingProfile",
        {
            "chargingProfileCriteria": {
                "chargingProfilePurpose": "TxDefaultProfile",
                "stackLevel": 0,
                "evseId": 1,
            }
        },
        ACCEPTED,
    ),
    Order(
        "TC_K_08_CSMS", "ClearChargingProfile", {"chargingProfileId": 158}, {"status": "Unknown"}
    ),
    Order("TC_K_10_CSMS", "SetChargingProfile", profile("TxDefaultProfile", 0), ACCEPTED),
    Order(
        "TC_K_15_CSMS",
        "SetChargingProfile",
        profile("TxDefaultProfile"),
        {"status": "Rejected", "statusInfo": {"reasonCode": "UnsupportedPurpose"}},
    ),
    Order(
        "TC_K_19_CSMS",
        "SetChargingProfile",
        profile("TxDefaultProfile", kind="Recurring", recurrencyKind="Daily"),
        ACCEPTED,
    ),
    Order("TC_K_43_CSMS", "GetCompositeSchedule", {"evseId": 1, "duration": 300}, composite(1)),
    Order("TC_K_44_CSMS", "GetCompositeSchedule", {"evseId": 0, "duration": 300}, composite(0)),
    Order(
        "TC_K_37_CSMS",
        "RequestStartTransaction",
        {
            "idToken": {"idToken": TAG, "type": "ISO14443"},
            "remoteStartId": 17,
            "evseId": 1,
            "chargingProfile": profile("TxProfile", kind="Relative")["chargingProfile"],
        },
        ACCEPTED,
    ),
    Order(
        "TC_K_100_CSMS",
        "SetChargingProfile",
        profile("TxDefaultProfile", maxOfflineDuration=600, invalidAfterOfflineDuration=True),
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_K_101_CSMS",
        "SetChargingProfile",
        v2x("ChargingOnly", limit=11000),
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_K_102_CSMS",
        "SetChargingProfile",
        profile(
            "TxDefaultProfile",
            chargingSchedule=[schedule(startSchedule=MIDNIGHT, limitAtSoC={"soc": 80, "limit": 6})],
        ),
        ACCEPTED,
        NEW,
    ),
    Order("TC_K_104_CSMS", "SetChargingProfile", profile("PriorityCharging"), ACCEPTED, NEW),
    Order(
        "TC_K_106_CSMS",
        "SetChargingProfile",
        profile(
            "TxDefaultProfile",
            chargingSchedule=[schedule(startSchedule=MIDNIGHT, randomizedDelay=300)],
        ),
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_K_109_CSMS",
        "SetChargingProfile",
        profile("ChargingStationExternalConstraints", 0),
        {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidProfileId"}},
        NEW,
    ),
    Order(
        "TC_K_118_CSMS",
        "UsePriorityCharging",
        {"transactionId": REF, "activate": True},
        ACCEPTED,
        NEW,
    ),
    Order("TC_Q_107_CSMS", "SetChargingProfile", v2x("ChargingOnly", limit=11000), ACCEPTED, NEW),
    Order(
        "TC_Q_108_CSMS", "SetChargingProfile", v2x("CentralSetpoint", setpoint=-5000), ACCEPTED, NEW
    ),
    Order("TC_Q_111_CSMS", "SetChargingProfile", v2x("ExternalSetpoint"), ACCEPTED, NEW),
    Order(
        "TC_Q_112_CSMS",
        "SetChargingProfile",
        v2x("ExternalLimits", limit=11000, dischargeLimit=-5000),
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_Q_117_CSMS",
        "SetChargingProfile",
        v2x("CentralFrequency", setpoint=2000),
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_Q_120_CSMS",
        "AFRRSignal",
        {"timestamp": MIDNIGHT, "signal": 3},
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_Q_121_CSMS",
        "SetChargingProfile",
        v2x(
            "LocalFrequency",
            v2xBaseline=0,
            v2xFreqWattCurve=[
                {"frequency": 49, "power": -5000},
                {"frequency": 51, "power": 5000},
            ],
        ),
        ACCEPTED,
        NEW,
    ),
    Order("TC_Q_124_CSMS", "SetChargingProfile", v2x("LocalLoadBalancing"), ACCEPTED, NEW),
    Order(
        "TC_Q_109_CSMS",
        "UpdateDynamicSchedule",
        {"chargingProfileId": 158, "scheduleUpdate": {"setpoint": -3000}},
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_Q_107_CSMS",
        "NotifyAllowedEnergyTransfer",
        {"transactionId": REF, "allowedEnergyTransfer": ["DC_BPT"]},
        ACCEPTED,
        NEW,
    ),
)
async def test_an_order_about_profiles(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@orders(
    Order("TC_K_29_CSMS", "GetChargingProfiles", asking(0), ACCEPTED),
    Order("TC_K_30_CSMS", "GetChargingProfiles", asking(1), ACCEPTED),
    Order("TC_K_31_CSMS", "GetChargingProfiles", asking(), ACCEPTED),
    Order("TC_K_32_CSMS", "GetChargingProfiles", asking(chargingProfileId=[158]), ACCEPTED),
    Order("TC_K_33_CSMS", "GetChargingProfiles", asking(1, stackLevel=0), ACCEPTED),
    Order("TC_K_34_CSMS", "GetChargingProfiles", asking(1, chargingLimitSource=["CSO"]), ACCEPTED),
    Order(
        "TC_K_35_CSMS",
        "GetChargingProfiles",
        asking(1, chargingProfilePurpose="TxDefaultProfile"),
        ACCEPTED,
    ),
    Order(
        "TC_K_36_CSMS",
        "GetChargingProfiles",
        asking(1, chargingProfilePurpose="TxDefaultProfile", stackLevel=0),
        ACCEPTED,
    ),
)
async def test_profiles_that_were_asked_for_are_taken_in_parts(
    network: World, order: Order, dialect: Dialect
) -> None:
    await network.add_token(TAG)
    peer = await booted(network, dialect)
    told = await peer.told(order.action, order.payload, ACCEPTED)
    given = profile("TxDefaultProfile")["chargingProfile"]
    said = {
        "requestId": 7,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [given],
    }

    for more in (True, False):
        assert await peer.says("ReportChargingProfiles", said | {"tbc": more}) == {}

    assert told.code is None


@both
@pytest.mark.usecase("K01", "K02")
@pytest.mark.tc("TC_K_60_CSMS")
async def test_a_running_transaction_gets_a_profile_of_its_own(peer: Peer) -> None:
    await charging_2(peer)
    told = await peer.told("SetChargingProfile", profile("TxProfile", transactionId=REF), ACCEPTED)
    await event(peer, "Updated", "ChargingRateChanged", 2, {"chargingState": "Charging"})

    assert told.code is None


@both
@pytest.mark.usecase("K01")
@pytest.mark.tc("TC_K_70_CSMS")
async def test_several_profiles_may_stand_beside_each_other(peer: Peer) -> None:
    for level in (0, 1):
        order = profile("TxDefaultProfile", id=158 + level, stackLevel=level)
        assert (await peer.told("SetChargingProfile", order, ACCEPTED)).code is None


# What others limit


def limit(source: str = "EMS") -> Json:
    return {"evseId": 1, "chargingLimit": {"chargingLimitSource": source}}


@both
@pytest.mark.usecase("K12")
@pytest.mark.tc("TC_K_48_CSMS")
async def test_a_limit_of_somebody_else_is_taken(peer: Peer) -> None:
    assert await peer.says("NotifyChargingLimit", limit()) == {}


@both
@pytest.mark.usecase("K12", "K14")
@pytest.mark.tc("TC_K_52_CSMS")
async def test_a_limit_of_somebody_else_may_come_with_its_schedule(peer: Peer) -> None:
    said = limit() | {"chargingSchedule": [schedule(startSchedule=MIDNIGHT)]}
    assert await peer.says("NotifyChargingLimit", said) == {}


@both
@pytest.mark.usecase("K13")
@pytest.mark.tc("TC_K_50_CSMS")
async def test_a_limit_of_somebody_else_is_taken_back(peer: Peer) -> None:
    await peer.says("NotifyChargingLimit", limit())
    said = {"chargingLimitSource": "EMS", "evseId": 1}

    assert await peer.says("ClearedChargingLimit", said) == {}


@both
@pytest.mark.usecase("K11", "K13")
@pytest.mark.tc("TC_K_51_CSMS")
async def test_a_limit_comes_and_goes_while_it_charges(peer: Peer) -> None:
    await charging_2(peer)
    await peer.says("NotifyChargingLimit", limit())
    await event(peer, "Updated", "ChargingRateChanged", 2, {"chargingState": "Charging"})
    await peer.says("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1})
    await event(peer, "Updated", "ChargingRateChanged", 3, {"chargingState": "Charging"})


# What cars need


AC_NEEDS = {
    "requestedEnergyTransfer": "AC_three_phase",
    "acChargingParameters": {
        "energyAmount": 20000,
        "evMinCurrent": 6,
        "evMaxCurrent": 32,
        "evMaxVoltage": 230,
    },
}


def needs(given: Json, **more: Any) -> Json:
    return {"evseId": 1, "maxScheduleTuples": 3, "chargingNeeds": given} | more


async def allow(peer: Peer, power_w: int) -> None:
    rule = Rule(tenant=DEFAULT_TENANT, power_w=Decimal(power_w))
    await peer.network.carry_out(lambda slices: slices.cars.rule(rule))


@both
@pytest.mark.usecase("K15", "K16", "K17")
@pytest.mark.tc("TC_K_53_CSMS", "TC_K_57_CSMS", "TC_K_58_CSMS", "TC_K_59_CSMS")
async def test_a_car_is_given_a_schedule_whenever_it_says_what_it_needs(peer: Peer) -> None:
    await allow(peer, 11000)
    await charging_2(peer)

    for _ in range(2):  # at first, and when it asks for other terms (K17)
        answer = await peer.says("NotifyEVChargingNeeds", needs(AC_NEEDS))
        action, sent = await peer.answers(ACCEPTED)
        found = sent["chargingProfile"]

        assert answer["status"] == "Accepted"  # K15.FR.03
        assert (action, sent["evseId"]) == ("SetChargingProfile", 1)
        # K15.FR.07
        assert (found["chargingProfilePurpose"], found["transactionId"]) == ("TxProfile", REF)
        assert len(found["chargingSchedule"]) <= 3


@both
@pytest.mark.usecase("K15")
@pytest.mark.tc("TC_K_55_CSMS")
async def test_a_plan_of_the_car_beyond_its_limits_is_told_to_be_so(peer: Peer) -> None:
    await allow(peer, 11000)
    await charging_2(peer)
    await peer.says("NotifyEVChargingNeeds", needs(AC_NEEDS))
    await peer.answers(ACCEPTED)
    answers = []
    for watts in (5000, 50000):
        plan = schedule({"startPeriod": 0, "limit": watts}, chargingRateUnit="W")
        plan |= {"startSchedule": peer.now, "duration": 3600}
        said = {"timeBase": peer.now, "evseId": 1, "chargingSchedule": plan}
        answers.append((await peer.says("NotifyEVChargingSchedule", said))["status"])

    assert answers == ["Accepted", "Rejected"]  # K15.FR.11, K15.FR.12


@both
@pytest.mark.usecase("K15")
async def test_a_car_for_which_there_is_no_schedule_is_told_so(peer: Peer) -> None:
    await charging_2(peer)

    answer = await peer.says("NotifyEVChargingNeeds", needs(AC_NEEDS))

    assert answer["status"] == "Rejected"  # K15.FR.04


ISO_20: Json = {
    "requestedEnergyTransfer": "DC_BPT",
    "availableEnergyTransfer": ["DC", "DC_BPT"],
    "controlMode": "DynamicControl",
    "mobilityNeedsMode": "EVCC",
    "v2xChargingParameters": {
        "minChargePower": 0,
        "maxChargePower": 50000,
        "evTargetEnergyRequest": 20000,
    },
}


@pytest.mark.usecase("K18", "K19", "K20")
@pytest.mark.tc(
    "TC_K_113_CSMS",
    "TC_K_114_CSMS",
    "TC_K_115_CSMS",
    "TC_K_117_CSMS",
    "TC_K_126_CSMS",
    "TC_Q_102_CSMS",
)
@pytest.mark.parametrize("mode", ["ScheduledControl", "DynamicControl"])
async def test_what_a_car_of_iso_15118_20_needs_is_answered(network: World, mode: str) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    given = ISO_20 | {"controlMode": mode}

    first = await peer.says("NotifyEVChargingNeeds", needs(given))
    changed = await peer.says("NotifyEVChargingNeeds", needs(given, timestamp=peer.now))

    assert first["status"] != "Rejected"
    assert changed["status"] != "Rejected"


@pytest.mark.usecase("K21", "K22")
@pytest.mark.tc("TC_K_118_CSMS")
async def test_priority_charging_that_was_switched_on_is_taken(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)

    said = {"transactionId": REF, "activated": True}
    assert await peer.says("NotifyPriorityCharging", said) == {}


@pytest.mark.usecase("K21")
async def test_priority_ends_with_the_transaction_that_had_it(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    told, seen = {"transactionId": REF, "activated": True}, EnergyQueries(network.database)
    await peer.says("NotifyPriorityCharging", told)
    [summary] = await seen.overview(DEFAULT_TENANT)
    assert summary.with_priority == 1

    await event(peer, "Ended", "EVDeparted", 9, {"stoppedReason": "EVDisconnected"})
    await peer.says("NotifyPriorityCharging", told)  # it was on its way

    [summary] = await seen.overview(DEFAULT_TENANT)
    station = await seen.station(key_of(peer.station), network.clock.now())
    assert summary.with_priority == 0
    assert [(each.evse, each.has_priority) for each in station.evses] == [(1, False)]


@pytest.mark.usecase("K28", "Q04")
@pytest.mark.tc("TC_K_121_CSMS", "TC_Q_110_CSMS")
async def test_who_pulls_an_update_of_an_unknown_profile_is_told_so(network: World) -> None:
    peer = await booted(network, V21)

    answer = await peer.says("PullDynamicScheduleUpdate", {"chargingProfileId": 999})

    assert answer["status"] == "Rejected"  # K28.FR.12
