"""Block E of 2.0.1 and 2.1: how transactions begin, go on and end."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.ocpp.dialects import V21, Dialect
from ricarica.testing.world import World
from tests.conformance.peer import BOOTS, BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import (
    EVSE,
    REF,
    TAG,
    authorized,
    charging_2,
    ended,
    energy,
    event,
    later,
    only_transaction,
    report,
    token,
)

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
Step = tuple[str, str, str | None]
"""Kind of event, trigger, charging state."""


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


async def walk(peer: Peer, steps: Sequence[Step], with_token_at: int) -> list[Json]:
    """Send these events in order; the token comes with one of them."""
    answers = []
    for seq_no, (kind, trigger, state) in enumerate(steps):
        more: Json = {"evse": EVSE} if seq_no == 0 else {}
        if seq_no == with_token_at:
            more["idToken"] = token()
        info = {"chargingState": state} if state else {}
        answers.append(await event(peer, kind, trigger, seq_no, info, **more))
    return answers


@both
@pytest.mark.usecase("E01")
@pytest.mark.parametrize(
    ("steps", "with_token_at"),
    [
        pytest.param(
            [
                ("Started", "Authorized", "EVConnected"),
                ("Updated", "ChargingStateChanged", "Charging"),
            ],
            0,
            id="power path closed",
            marks=pytest.mark.tc("TC_E_01_CSMS"),
        ),
        pytest.param(
            [("Started", "ChargingStateChanged", "Charging")],
            0,
            id="energy transfer",
            marks=pytest.mark.tc("TC_E_02_CSMS"),
        ),
        pytest.param(
            [
                ("Started", "CablePluggedIn", "EVConnected"),
                ("Updated", "Authorized", "EVConnected"),
            ],
            1,
            id="car connected",
            marks=pytest.mark.tc("TC_E_09_CSMS"),
        ),
        pytest.param(
            [("Started", "Authorized", "Idle"), ("Updated", "CablePluggedIn", "EVConnected")],
            0,
            id="authorized",
            marks=pytest.mark.tc("TC_E_10_CSMS"),
        ),
        pytest.param(
            [("Started", "SignedDataReceived", "EVConnected")],
            0,
            id="data signed",
            marks=pytest.mark.tc("TC_E_11_CSMS"),
        ),
        pytest.param(
            [
                ("Started", "EVDetected", "Idle"),
                ("Updated", "CablePluggedIn", "EVConnected"),
                ("Updated", "Authorized", "EVConnected"),
            ],
            2,
            id="parking bay occupied",
            marks=pytest.mark.tc("TC_E_12_CSMS"),
        ),
    ],
)
async def test_a_transaction_may_begin_at_any_start_point(
    peer: Peer, steps: Sequence[Step], with_token_at: int
) -> None:
    answers = await walk(peer, steps, with_token_at)

    # E01.FR.11, E01.FR.12: whoever shows a token is told what it is worth
    assert [("idTokenInfo" in each) for each in answers].index(True) == with_token_at
    assert answers[with_token_at]["idTokenInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E02")
@pytest.mark.tc("TC_E_03_CSMS")
async def test_the_cable_first_and_then_the_token(peer: Peer) -> None:
    await report(peer, "Occupied")
    first = await event(
        peer, "Started", "CablePluggedIn", 0, {"chargingState": "EVConnected"}, evse=EVSE
    )
    status = (await authorized(peer))["status"]
    second = await event(
        peer, "Updated", "Authorized", 1, {"chargingState": "EVConnected"}, idToken=token()
    )
    await event(peer, "Updated", "ChargingStateChanged", 2, {"chargingState": "Charging"})

    assert "idTokenInfo" not in first
    assert (status, second["idTokenInfo"]["status"]) == ("Accepted", "Accepted")


@both
@pytest.mark.usecase("E03")
@pytest.mark.tc("TC_E_04_CSMS")
async def test_the_token_first_and_then_the_cable_that_names_the_evse(peer: Peer) -> None:
    status = (await authorized(peer))["status"]
    first = await event(
        peer, "Started", "Authorized", 0, {"chargingState": "Idle"}, idToken=token()
    )
    await report(peer, "Occupied")
    await event(peer, "Updated", "CablePluggedIn", 1, {"chargingState": "EVConnected"}, evse=EVSE)
    await event(peer, "Updated", "ChargingStateChanged", 2, {"chargingState": "Charging"})

    found = await only_transaction(peer)
    assert (status, first["idTokenInfo"]["status"]) == ("Accepted", "Accepted")
    assert (found.evse, found.connector) == (1, 1)


@both
@pytest.mark.usecase("E03")
@pytest.mark.tc("TC_E_38_CSMS")
async def test_a_car_that_is_not_ready_suspends_and_goes_on(peer: Peer) -> None:
    await authorized(peer)
    steps: list[Step] = [
        ("Started", "Authorized", "Idle"),
        ("Updated", "CablePluggedIn", "EVConnected"),
        ("Updated", "ChargingStateChanged", "SuspendedEV"),
        ("Updated", "ChargingStateChanged", "Charging"),
    ]
    await walk(peer, steps, 0)

    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E03", "E06")
@pytest.mark.tc("TC_E_39_CSMS")
async def test_a_driver_who_never_plugs_in_ends_it_by_time_out(peer: Peer) -> None:
    await event(peer, "Started", "Authorized", 0, {"chargingState": "Idle"}, idToken=token())
    info = {"chargingState": "Idle", "stoppedReason": "Timeout"}
    await event(peer, "Ended", "EVConnectTimeout", 1, info)

    found = await only_transaction(peer)
    assert (found.is_running, found.end_reason) == (False, "Timeout")


@both
@pytest.mark.usecase("E06")
@pytest.mark.parametrize(
    ("trigger", "reason", "with_token"),
    [
        pytest.param(
            "StopAuthorized", "Local", True, marks=pytest.mark.tc("TC_E_07_CSMS", "TC_E_15_CSMS")
        ),
        pytest.param("StopAuthorized", None, True, marks=pytest.mark.tc("TC_E_08_CSMS")),
        pytest.param("EVDeparted", "EVDisconnected", False, marks=pytest.mark.tc("TC_E_14_CSMS")),
        pytest.param("Deauthorized", "DeAuthorized", False, marks=pytest.mark.tc("TC_E_16_CSMS")),
        pytest.param(
            "EVCommunicationLost", "EVDisconnected", False, marks=pytest.mark.tc("TC_E_17_CSMS")
        ),
        pytest.param("EVDeparted", "Local", False, marks=pytest.mark.tc("TC_E_19_CSMS")),
        pytest.param(
            "EVCommunicationLost", "EVDisconnected", False, marks=pytest.mark.tc("TC_E_20_CSMS")
        ),
        pytest.param("RemoteStop", "Remote", False, marks=pytest.mark.tc("TC_E_21_CSMS")),
        pytest.param(
            "ChargingStateChanged", "StoppedByEV", False, marks=pytest.mark.tc("TC_E_22_CSMS")
        ),
    ],
)
async def test_a_transaction_may_end_at_any_stop_point(
    peer: Peer, trigger: str, reason: str | None, with_token: bool
) -> None:
    await charging_2(peer)
    more: dict[str, Any] = {"idToken": token()} if with_token else {}
    info = {"stoppedReason": reason} if reason else {}
    answer = await event(
        peer, "Ended", trigger, 2, info, meterValue=energy(peer, 3000, "Transaction.End"), **more
    )

    found = await only_transaction(peer)
    assert (found.is_running, found.energy.energy_wh) == (False, Decimal(2000))
    assert found.end_reason == (reason or "Local"), "left out, it is Local"  # E06
    assert ("idTokenInfo" in answer) == with_token


@both
@pytest.mark.usecase("E07")
async def test_another_token_of_the_group_stops_it_and_is_told_its_group(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG, group="FAMILY")
    await network.add_token("TAG-2", group="FAMILY")
    peer = await booted(network, dialect)
    await charging_2(peer)

    answer = await ended(peer, "StopAuthorized", "Local", idToken=token("TAG-2"))

    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "FAMILY"
    assert not (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E10")
@pytest.mark.tc("TC_E_26_CSMS")
async def test_a_car_unplugged_only_suspends_where_the_station_says_so(peer: Peer) -> None:
    await charging_2(peer)
    await event(peer, "Updated", "EVCommunicationLost", 2, {"chargingState": "Idle"})
    while_away = (await only_transaction(peer)).is_running
    await event(peer, "Updated", "CablePluggedIn", 3, {"chargingState": "EVConnected"})
    await event(peer, "Updated", "ChargingStateChanged", 4, {"chargingState": "Charging"})

    assert while_away
    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E01", "E12")
@pytest.mark.tc("TC_E_53_CSMS")
async def test_the_numbers_of_events_begin_anew_with_each_transaction(peer: Peer) -> None:
    for ref in ("first", "second"):
        info = {"transactionId": ref, "chargingState": "EVConnected"}
        begun = await event(peer, "Started", "CablePluggedIn", 0, info, evse=EVSE, idToken=token())
        await event(peer, "Ended", "EVDeparted", 1, {"transactionId": ref})
        assert begun["idTokenInfo"]["status"] == "Accepted"

    found = await peer.network.transactions(peer.station)
    assert [each.is_running for each in found] == [False, False]
    assert not any(each.flags for each in found)


# Offline, late, repeated


@both
@pytest.mark.usecase("E04", "E08", "E12")
async def test_a_whole_session_told_late_keeps_its_own_times(peer: Peer) -> None:
    begun, over = later(peer, hours=-2), later(peer, hours=-1)
    at_begin = [{**energy(peer, 1000)[0], "timestamp": begun}]
    at_end = [{**energy(peer, 3000)[0], "timestamp": over}]
    await event(
        peer,
        "Started",
        "Authorized",
        0,
        {"chargingState": "Charging"},
        timestamp=begun,
        offline=True,
        evse=EVSE,
        idToken=token(),
        meterValue=at_begin,
    )
    await event(
        peer,
        "Ended",
        "StopAuthorized",
        5,
        {"stoppedReason": "Local"},
        timestamp=over,
        offline=True,
        meterValue=at_end,
    )

    found = await only_transaction(peer)
    assert found.started_at == datetime.fromisoformat(begun)
    assert found.ended_at == datetime.fromisoformat(over)
    assert found.energy.energy_wh == Decimal(2000)


@both
@pytest.mark.usecase("E13")
async def test_an_event_sent_twice_is_answered_twice_and_counts_once(peer: Peer) -> None:
    await charging_2(peer)
    first = await ended(peer, "StopAuthorized", "Local")
    again = await ended(peer, "StopAuthorized", "Local")

    found = await only_transaction(peer)
    assert first == again
    assert found.energy.energy_wh == Decimal(2000)


@both
@pytest.mark.usecase("E13")
async def test_an_end_that_nobody_heard_the_beginning_of_is_answered_and_kept(
    peer: Peer,
) -> None:
    await ended(peer, "StopAuthorized", "Local", seq_no=9)

    assert not (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E05")
async def test_a_token_not_accepted_is_told_and_the_event_kept(
    network: World, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)
    answer = await event(
        peer,
        "Started",
        "Authorized",
        0,
        {"chargingState": "Charging"},
        evse=EVSE,
        idToken=token("NOBODYS"),
    )
    info = {"stoppedReason": "DeAuthorized"}
    await event(peer, "Ended", "Deauthorized", 1, info)

    assert answer["idTokenInfo"]["status"] != "Accepted"  # E05.FR.01
    assert not (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E11")
async def test_a_lost_connection_ends_no_transaction(peer: Peer) -> None:
    await charging_2(peer)
    await peer.network.cut(peer.station)
    peer.network.clock.pass_time(timedelta(hours=1))

    assert (await only_transaction(peer)).is_running


@both
@pytest.mark.usecase("E15")
async def test_a_full_car_first_suspends_and_then_ends(peer: Peer) -> None:
    await charging_2(peer)
    await event(peer, "Updated", "ChargingStateChanged", 2, {"chargingState": "SuspendedEV"})
    await ended(peer, "EVDeparted", "EVDisconnected", 3)

    assert not (await only_transaction(peer)).is_running


@pytest.mark.usecase("E17")
@pytest.mark.tc("TC_E_113_CSMS")
async def test_a_transaction_goes_on_after_a_power_failure(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    peer.network.clock.pass_time(timedelta(minutes=3))
    boot = {"reason": "PowerUp", "chargingStation": {"vendorName": "S", "model": "D"}}
    await peer.says("BootNotification", boot)
    await event(peer, "Updated", "TxResumed", 2, {"chargingState": "Charging"})
    await ended(peer, "StopAuthorized", "Local", 3)

    found = await only_transaction(peer)
    assert (found.is_running, found.energy.energy_wh) == (False, Decimal(2000))


# Asking


@orders(
    Order(
        "TC_E_29_CSMS",
        "GetTransactionStatus",
        {"transactionId": REF},
        {"ongoingIndicator": True, "messagesInQueue": True},
    ),
    Order(
        "TC_E_30_CSMS",
        "GetTransactionStatus",
        {"transactionId": REF},
        {"ongoingIndicator": True, "messagesInQueue": False},
    ),
    Order(
        "TC_E_31_CSMS",
        "GetTransactionStatus",
        {"transactionId": REF},
        {"ongoingIndicator": False, "messagesInQueue": True},
    ),
    Order("TC_E_33_CSMS", "GetTransactionStatus", {}, {"messagesInQueue": True}),
    Order("TC_E_34_CSMS", "GetTransactionStatus", {}, {"messagesInQueue": False}),
)
async def test_an_order_to_tell_how_a_transaction_stands(
    network: World, order: Order, dialect: Dialect
) -> None:
    await carries_out(network, order, dialect)


# Limits, and profiles after an interruption


@pytest.mark.usecase("E16")
@pytest.mark.parametrize(
    "limit",
    [
        pytest.param({"maxEnergy": 5000}, marks=pytest.mark.tc("TC_E_106_CSMS")),
        pytest.param({"maxTime": 600}, marks=pytest.mark.tc("TC_E_107_CSMS")),
        pytest.param({"maxCost": 10.5}, marks=pytest.mark.tc("TC_E_108_CSMS")),
    ],
)
async def test_a_limit_that_the_driver_chose_is_kept_and_its_reaching_taken(
    network: World, limit: Json
) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    chosen = await event(peer, "Updated", "LimitSet", 2, {"transactionLimit": limit})
    reason = {"maxEnergy": "Energy", "maxTime": "Time", "maxCost": "Cost"}[next(iter(limit))]
    info = {"chargingState": "SuspendedEVSE"}
    await event(peer, "Updated", f"{reason}LimitReached", 3, info)

    found = await only_transaction(peer)
    assert found.terms is not None
    assert found.terms.kept is not None
    assert chosen.get("transactionLimit", limit) == limit, "nobody else had set any"


@pytest.mark.usecase("E17", "B13")
@pytest.mark.tc("TC_E_117_CSMS", "TC_B_116_CSMS")
async def test_a_profile_may_be_set_again_after_an_interruption(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    await peer.says("BootNotification", BOOTS["v2"] | {"reason": "RemoteReset"})
    await event(peer, "Updated", "TxResumed", 2, {"chargingState": "Charging"})
    schedule = {
        "id": 1,
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10}],
    }
    profile = {
        "id": 9,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Relative",
        "transactionId": REF,
        "chargingSchedule": [schedule],
    }

    told = await peer.told(
        "SetChargingProfile", {"evseId": 1, "chargingProfile": profile}, {"status": "Accepted"}
    )

    assert told.code is None
    assert (await only_transaction(peer)).is_running
