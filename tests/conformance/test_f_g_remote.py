"""Blocks F and G of 2.0.1 and 2.1: remote control and availability."""

import pytest

from ricarica.authorization.model import TokenKind, TokenRef
from ricarica.kernel.ids import ConnectorNumber, EvseNumber
from ricarica.ocpp.dialects import V21, Dialect
from ricarica.stations.commands import ChangeAvailability, Outcome, Result, Unlock
from ricarica.stations.model import ConnectorStatus
from ricarica.stations.sql import SqlStationStore
from ricarica.storage.work import Remembered, Work
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging, StopCharging
from tests.conformance.peer import BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import (
    EVSE,
    REF,
    TAG,
    authorized,
    charging_2,
    ended,
    energy,
    event,
    no_transaction,
    only_transaction,
    report,
    token,
)

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
ACCEPTED = {"status": "Accepted"}
ONE = EvseNumber(1)


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


# Starting and stopping from afar


async def ask_to_start(peer: Peer, answer: Json) -> tuple[str, Json, Result]:
    command = StartCharging(TokenRef(TAG, TokenKind.ISO14443), number=17, evse=ONE)
    return await peer.obeys(peer.network.tell(peer.station, command), answer)


SENT = {"idToken": token(), "remoteStartId": 17, "evseId": 1}


@both
@pytest.mark.usecase("F01")
@pytest.mark.tc("TC_F_01_CSMS")
async def test_a_start_from_afar_when_the_cable_is_in(peer: Peer) -> None:
    await event(peer, "Started", "CablePluggedIn", 0, {"chargingState": "EVConnected"}, evse=EVSE)
    action, sent, result = await ask_to_start(peer, ACCEPTED | {"transactionId": REF})
    answer = await event(peer, "Updated", "RemoteStart", 1, {"remoteStartId": 17}, idToken=token())

    assert (action, sent) == ("RequestStartTransaction", SENT)
    assert result.outcome is Outcome.ACCEPTED
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("F02")
@pytest.mark.parametrize(
    "asks_first",
    [
        pytest.param(True, marks=pytest.mark.tc("TC_F_02_CSMS")),
        pytest.param(False, marks=pytest.mark.tc("TC_F_03_CSMS")),
    ],
)
async def test_a_start_from_afar_before_the_cable_is_in(peer: Peer, asks_first: bool) -> None:
    await ask_to_start(peer, ACCEPTED)
    if asks_first:
        assert (await authorized(peer))["status"] == "Accepted"
    info = {"remoteStartId": 17, "chargingState": "Idle"}
    answer = await event(peer, "Started", "RemoteStart", 0, info, evse=EVSE, idToken=token())
    await event(peer, "Updated", "CablePluggedIn", 1, {"chargingState": "EVConnected"})

    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("F02")
@pytest.mark.tc("TC_F_04_CSMS")
async def test_a_start_from_afar_that_nobody_follows_ends_by_time_out(peer: Peer) -> None:
    await ask_to_start(peer, ACCEPTED)
    info = {"remoteStartId": 17, "chargingState": "Idle"}
    await event(peer, "Started", "RemoteStart", 0, info, evse=EVSE, idToken=token())
    await event(peer, "Ended", "EVConnectTimeout", 1, {"stoppedReason": "Timeout"})

    assert (await only_transaction(peer)).end_reason == "Timeout"


@both
@pytest.mark.usecase("F01")
async def test_a_start_from_afar_may_be_refused(peer: Peer) -> None:
    _, _, result = await ask_to_start(peer, {"status": "Rejected"})

    assert result.outcome is Outcome.REFUSED
    assert await no_transaction(peer)


@both
@pytest.mark.usecase("F03", "F04")
@pytest.mark.tc("TC_E_21_CSMS")
async def test_a_stop_from_afar_ends_when_the_station_says_so(peer: Peer) -> None:
    await charging_2(peer)
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, StopCharging(REF)), ACCEPTED
    )
    was_running = (await only_transaction(peer)).is_running
    await ended(peer, "RemoteStop", "Remote")

    assert (action, sent) == ("RequestStopTransaction", {"transactionId": REF})
    assert (result.outcome, was_running) == (Outcome.ACCEPTED, True)
    assert (await only_transaction(peer)).end_reason == "Remote"


@both
@pytest.mark.usecase("F05")
@pytest.mark.tc("TC_F_06_CSMS")
@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("Unlocked", Outcome.ACCEPTED),
        ("UnlockFailed", Outcome.REFUSED),
        ("OngoingAuthorizedTransaction", Outcome.REFUSED),
        ("UnknownConnector", Outcome.REFUSED),
    ],
)
async def test_what_became_of_an_unlocking_is_told(
    peer: Peer, status: str, outcome: Outcome
) -> None:
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, Unlock(ONE)), {"status": status}
    )

    assert (action, sent) == ("UnlockConnector", {"evseId": 1, "connectorId": 1})
    assert (result.outcome, result.status) == (outcome, status)


# Triggers


@orders(
    Order(
        "TC_F_11_CSMS",
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "evse": {"id": 1}},
        ACCEPTED,
    ),
    Order("TC_F_12_CSMS", "TriggerMessage", {"requestedMessage": "MeterValues"}, ACCEPTED),
    Order(
        "TC_F_13_CSMS",
        "TriggerMessage",
        {"requestedMessage": "TransactionEvent", "evse": {"id": 1}},
        ACCEPTED,
    ),
    Order("TC_F_14_CSMS", "TriggerMessage", {"requestedMessage": "TransactionEvent"}, ACCEPTED),
    Order(
        "TC_F_15_CSMS", "TriggerMessage", {"requestedMessage": "LogStatusNotification"}, ACCEPTED
    ),
    Order(
        "TC_F_18_CSMS",
        "TriggerMessage",
        {"requestedMessage": "FirmwareStatusNotification"},
        ACCEPTED,
    ),
    Order("TC_F_20_CSMS", "TriggerMessage", {"requestedMessage": "Heartbeat"}, ACCEPTED),
    Order(
        "TC_F_23_CSMS",
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": EVSE},
        ACCEPTED,
    ),
    Order(
        "TC_F_24_CSMS",
        "TriggerMessage",
        {"requestedMessage": "StatusNotification", "evse": EVSE},
        ACCEPTED,
    ),
    Order(
        "TC_F_27_CSMS",
        "TriggerMessage",
        {"requestedMessage": "SignChargingStationCertificate"},
        {"status": "NotImplemented"},
    ),
    Order(
        "TC_F_100_CSMS",
        "TriggerMessage",
        {"requestedMessage": "CustomTrigger", "customTrigger": "RingTheBell"},
        ACCEPTED,
        (V21,),
    ),
)
async def test_an_order_to_say_something(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@both
@pytest.mark.usecase("F06")
@pytest.mark.tc("TC_F_11_CSMS", "TC_F_12_CSMS")
async def test_triggered_readings_are_taken(peer: Peer) -> None:
    values = energy(peer, 1000, "Trigger")

    assert await peer.says("MeterValues", {"evseId": 1, "meterValue": values}) == {}


@both
@pytest.mark.usecase("F06")
@pytest.mark.tc("TC_F_13_CSMS", "TC_F_14_CSMS")
async def test_a_triggered_event_is_taken(peer: Peer) -> None:
    await charging_2(peer)
    values = energy(peer, 2000, "Trigger")

    await event(peer, "Updated", "Trigger", 2, {"chargingState": "Charging"}, meterValue=values)

    assert (await only_transaction(peer)).energy.energy_wh == 1000


@both
@pytest.mark.usecase("F06")
@pytest.mark.tc("TC_F_15_CSMS", "TC_F_18_CSMS")
@pytest.mark.parametrize("action", ["LogStatusNotification", "FirmwareStatusNotification"])
async def test_a_triggered_status_without_a_request_is_taken(peer: Peer, action: str) -> None:
    assert await peer.says(action, {"status": "Idle"}) == {}


# Availability


async def stored(peer: Peer) -> ConnectorStatus | None:
    work = Work(peer.network.database, Remembered(peer.network.clock.monotonic))
    store = SqlStationStore(work)
    found = await store.connector(key_of(peer.station), ONE, ConnectorNumber(1))
    return found.status if found else None


@both
@pytest.mark.usecase("G01")
@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Available", ConnectorStatus.AVAILABLE),
        ("Occupied", ConnectorStatus.OCCUPIED),
        ("Reserved", ConnectorStatus.RESERVED),
        ("Unavailable", ConnectorStatus.UNAVAILABLE),
        ("Faulted", ConnectorStatus.FAULTED),
    ],
)
async def test_a_status_is_shown_as_it_was_told(
    peer: Peer, word: str, status: ConnectorStatus
) -> None:
    await report(peer, word)

    assert await stored(peer) is status


@pytest.mark.usecase("G01")
@pytest.mark.tc("TC_G_01_CSMS")
async def test_a_status_may_come_as_an_event_of_the_device_model(network: World) -> None:
    peer = await booted(network, V21)
    said = {
        "eventId": 1,
        "timestamp": peer.now,
        "trigger": "Delta",
        "actualValue": "Occupied",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "Connector", "evse": EVSE},
        "variable": {"name": "AvailabilityState"},
    }

    await peer.says("NotifyEvent", {"generatedAt": peer.now, "seqNo": 0, "eventData": [said]})

    assert await stored(peer) is ConnectorStatus.OCCUPIED


@both
@pytest.mark.usecase("G02")
async def test_a_heartbeat_is_answered_with_the_time(peer: Peer) -> None:
    assert (await peer.says("Heartbeat"))["currentTime"][:19] == peer.now[:19]


OPERATIVE = {False: "Inoperative", True: "Operative"}
STATION: Json = {}
OF_EVSE: Json = {"evse": {"id": 1}}
OF_CONNECTOR: Json = {"evse": EVSE}


@both
@pytest.mark.usecase("G03", "G04")
@pytest.mark.parametrize(
    ("place", "operative", "status"),
    [
        pytest.param(OF_EVSE, False, "Accepted", marks=pytest.mark.tc("TC_G_03_CSMS")),
        pytest.param(OF_EVSE, True, "Accepted", marks=pytest.mark.tc("TC_G_04_CSMS")),
        pytest.param(STATION, False, "Accepted", marks=pytest.mark.tc("TC_G_05_CSMS")),
        pytest.param(STATION, True, "Accepted", marks=pytest.mark.tc("TC_G_06_CSMS")),
        pytest.param(OF_CONNECTOR, False, "Accepted", marks=pytest.mark.tc("TC_G_07_CSMS")),
        pytest.param(OF_CONNECTOR, True, "Accepted", marks=pytest.mark.tc("TC_G_08_CSMS")),
        pytest.param(OF_EVSE, False, "Scheduled", marks=pytest.mark.tc("TC_G_11_CSMS")),
        pytest.param(STATION, False, "Scheduled", marks=pytest.mark.tc("TC_G_14_CSMS")),
        pytest.param(OF_CONNECTOR, False, "Scheduled", marks=pytest.mark.tc("TC_G_17_CSMS")),
    ],
)
async def test_what_became_of_a_changed_availability_is_told(
    peer: Peer, place: Json, operative: bool, status: str
) -> None:
    numbers = place.get("evse", {})
    command = ChangeAvailability(
        operative=operative,
        evse=EvseNumber(numbers["id"]) if numbers else None,
        connector=ConnectorNumber(1) if "connectorId" in numbers else None,
    )
    action, sent, result = await peer.obeys(
        peer.network.tell(peer.station, command), {"status": status}
    )

    assert action == "ChangeAvailability"
    assert sent == {"operationalStatus": OPERATIVE[operative]} | place
    assert (result.outcome, result.status) == (Outcome.ACCEPTED, status)


@both
@pytest.mark.usecase("G05")
@pytest.mark.tc("TC_G_20_CSMS")
async def test_a_lock_that_fails_is_taken(peer: Peer) -> None:
    said = {
        "eventId": 1,
        "timestamp": peer.now,
        "trigger": "Alerting",
        "actualValue": "true",
        "eventNotificationType": "HardWiredNotification",
        "component": {"name": "ConnectorPlugRetentionLock", "evse": EVSE},
        "variable": {"name": "Problem"},
    }
    event_data = {"generatedAt": peer.now, "seqNo": 0, "eventData": [said]}

    assert await peer.says("NotifyEvent", event_data) == {}  # G05.FR.03
