"""Blocks D, H, I, O and P of 2.0.1 and 2.1: lists, reservations, costs, displays, data."""

from decimal import Decimal
from typing import Any

import pytest

from ricarica.ocpp.dialects import V21, Dialect
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World
from tests.conformance.peer import BOTH, Json, Order, Peer, booted, carries_out, orders
from tests.conformance.sessions import (
    EVSE,
    REF,
    TAG,
    authorized,
    charging_2,
    ended,
    event,
    later,
    only_transaction,
    report,
    token,
)

both = pytest.mark.parametrize("dialect", BOTH, ids=str)
NEW = (V21,)
ACCEPTED = {"status": "Accepted"}
TOMORROW = "2026-06-02T12:00:00.000Z"


@pytest.fixture
async def peer(network: World, dialect: Dialect) -> Peer:
    await network.add_token(TAG)
    return await booted(network, dialect)


# D


def listed(*tags: str, removed: bool = False) -> list[Json]:
    info: Json = {} if removed else {"idTokenInfo": {"status": "Accepted"}}
    return [{"idToken": token(tag)} | info for tag in tags]


@orders(
    Order(
        "TC_D_01_CSMS",
        "SendLocalList",
        {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": listed("A", "B")},
        ACCEPTED,
    ),
    Order(
        "TC_D_02_CSMS",
        "SendLocalList",
        {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": listed("C")},
        ACCEPTED,
    ),
    Order(
        "TC_D_03_CSMS",
        "SendLocalList",
        {
            "versionNumber": 3,
            "updateType": "Differential",
            "localAuthorizationList": listed("C", removed=True),
        },
        ACCEPTED,
    ),
    Order("TC_D_04_CSMS", "SendLocalList", {"versionNumber": 4, "updateType": "Full"}, ACCEPTED),
    Order("TC_D_08_CSMS", "GetLocalListVersion", {}, {"versionNumber": 4}),
    Order("TC_D_09_CSMS", "GetLocalListVersion", {}, {"versionNumber": 0}),
)
async def test_an_order_about_lists(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


# H


def reserving(**more: Any) -> Json:
    return {"id": 5, "expiryDateTime": TOMORROW, "idToken": token()} | more


@orders(
    Order("TC_H_08_CSMS", "ReserveNow", reserving(), ACCEPTED),
    Order("TC_H_14_CSMS", "ReserveNow", reserving(), {"status": "Occupied"}),
    Order("TC_H_15_CSMS", "ReserveNow", reserving(connectorType="cType2"), ACCEPTED),
    Order("TC_H_17_CSMS", "CancelReservation", {"reservationId": 5}, ACCEPTED),
    Order("TC_H_22_CSMS", "ReserveNow", reserving(evseId=1), {"status": "Rejected"}),
)
async def test_an_order_about_reservations(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


async def use_reservation(peer: Peer, given: Json) -> Json:
    await report(peer, "Reserved")
    assert (await authorized(peer, given))["status"] == "Accepted"
    return await event(
        peer,
        "Started",
        "Authorized",
        0,
        {"chargingState": "EVConnected"},
        evse=EVSE,
        idToken=given,
        reservationId=5,
    )


@both
@pytest.mark.usecase("H01", "H03")
@pytest.mark.tc("TC_H_01_CSMS")
async def test_a_reservation_is_used_by_its_token(peer: Peer) -> None:
    await peer.told("ReserveNow", reserving(evseId=1), ACCEPTED)

    answer = await use_reservation(peer, token())

    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert (await only_transaction(peer)).reservation == 5


@both
@pytest.mark.usecase("H03", "C09")
@pytest.mark.tc("TC_H_19_CSMS")
async def test_a_reservation_is_used_by_a_token_of_its_group(
    network: World, dialect: Dialect
) -> None:
    await network.add_token(TAG, group="FAMILY")
    await network.add_token("TAG-2", group="FAMILY")
    peer = await booted(network, dialect)
    group = {"idToken": "FAMILY", "type": "Central"}
    await peer.told("ReserveNow", reserving(evseId=1, groupIdToken=group), ACCEPTED)

    answer = await use_reservation(peer, token("TAG-2"))

    assert answer["idTokenInfo"]["groupIdToken"]["idToken"] == "FAMILY"


@both
@pytest.mark.usecase("H04")
@pytest.mark.parametrize(
    "update",
    [
        pytest.param("Expired", marks=pytest.mark.tc("TC_H_07_CSMS")),
        pytest.param("Removed", marks=pytest.mark.tc("TC_H_20_CSMS")),
    ],
)
async def test_a_reservation_that_is_over_is_taken_note_of(peer: Peer, update: str) -> None:
    expiry = later(peer, minutes=2)
    await peer.told("ReserveNow", reserving(evseId=1, expiryDateTime=expiry), ACCEPTED)
    said = {"reservationId": 5, "reservationUpdateStatus": update}

    assert await peer.says("ReservationStatusUpdate", said) == {}


# I


@both
@pytest.mark.usecase("I02")
@pytest.mark.tc("TC_I_01_CSMS")
async def test_a_driver_is_shown_what_it_costs_so_far(peer: Peer) -> None:
    await charging_2(peer)
    told = await peer.told("CostUpdated", {"totalCost": 1.25, "transactionId": REF}, {})

    assert told.code is None


@both
@pytest.mark.usecase("I03")
@pytest.mark.tc("TC_I_02_CSMS")
async def test_the_answer_to_the_end_says_what_it_cost(network: World, dialect: Dialect) -> None:
    await network.add_token(TAG)
    await network.add_tariff(Prices("EUR", per_kwh=Decimal("0.50")))
    peer = await booted(network, dialect)
    await charging_2(peer)

    answer = await ended(peer, "StopAuthorized", "Local")

    assert answer["totalCost"] == 1.0  # 2 kWh; I03.FR.02


def priced(number: str = "T1", **conditions: Any) -> Json:
    price: Json = {"priceKwh": 0.5}
    if conditions:
        price["conditions"] = conditions
    return {"tariffId": number, "currency": "EUR", "energy": {"prices": [price]}}


HOURS = {"startTimeOfDay": "18:00", "endTimeOfDay": "22:00"}


@orders(
    Order(
        "TC_I_101_CSMS",
        "SetDefaultTariff",
        {"evseId": 0, "tariff": priced(**HOURS)},
        ACCEPTED,
        NEW,
    ),
    Order(
        "TC_I_102_CSMS",
        "SetDefaultTariff",
        {"evseId": 0, "tariff": priced()},
        {"status": "TooManyElements"},
        NEW,
    ),
    Order(
        "TC_I_105_CSMS",
        "SetDefaultTariff",
        {"evseId": 0, "tariff": priced(**HOURS)},
        {"status": "ConditionNotSupported"},
        NEW,
    ),
    Order(
        "TC_I_106_CSMS",
        "SetDefaultTariff",
        {"evseId": 0, "tariff": priced()},
        {"status": "DuplicateTariffId"},
        NEW,
    ),
    Order(
        "TC_I_110_CSMS",
        "ClearTariffs",
        {"evseId": 1},
        {"clearTariffsResult": [{"status": "Accepted", "tariffId": "T1"}]},
        NEW,
    ),
    Order(
        "TC_I_113_CSMS",
        "ChangeTransactionTariff",
        {"transactionId": REF, "tariff": priced("T2")},
        {"status": "TooManyElements"},
        NEW,
    ),
    Order(
        "TC_I_114_CSMS",
        "ChangeTransactionTariff",
        {"transactionId": REF, "tariff": priced("T2", **HOURS)},
        {"status": "ConditionNotSupported"},
        NEW,
    ),
    Order(
        "TC_I_115_CSMS",
        "ChangeTransactionTariff",
        {"transactionId": REF, "tariff": priced("T2", **HOURS)},
        ACCEPTED,
        NEW,
    ),
)
async def test_an_order_about_tariffs(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@pytest.mark.usecase("I12")
@pytest.mark.tc("TC_I_122_CSMS")
async def test_what_a_station_came_to_is_kept_beside_our_own(network: World) -> None:
    await network.add_token(TAG)
    peer = await booted(network, V21)
    await charging_2(peer)
    details = {
        "totalCost": {
            "currency": "EUR",
            "typeOfCost": "NormalCost",
            "total": {"exclTax": 1.0, "inclTax": 1.22},
            "energy": {"exclTax": 1.0, "inclTax": 1.22},
        },
        "totalUsage": {"energy": 2.0, "chargingTime": 600, "idleTime": 0},
    }

    await ended(peer, "StopAuthorized", "Local", costDetails=details)

    assert not (await only_transaction(peer)).is_running


# O


def message(**more: Any) -> Json:
    given = {
        "id": 42,
        "priority": "NormalCycle",
        "message": {"format": "UTF8", "language": "en", "content": "Out of order"},
    }
    return {"message": given | more}


@orders(
    Order("TC_O_01_CSMS", "SetDisplayMessage", message(), ACCEPTED),
    Order("TC_O_03_CSMS", "GetDisplayMessages", {"requestId": 7}, {"status": "Unknown"}),
    Order("TC_O_04_CSMS", "ClearDisplayMessage", {"id": 42}, ACCEPTED),
    Order("TC_O_05_CSMS", "ClearDisplayMessage", {"id": 43}, {"status": "Unknown"}),
    Order("TC_O_06_CSMS", "SetDisplayMessage", message(transactionId=REF), ACCEPTED),
    Order(
        "TC_O_10_CSMS",
        "SetDisplayMessage",
        message(transactionId="nobody's"),
        {"status": "UnknownTransaction"},
    ),
    Order(
        "TC_O_11_CSMS", "GetDisplayMessages", {"requestId": 7, "id": [43]}, {"status": "Unknown"}
    ),
    Order(
        "TC_O_12_CSMS",
        "SetDisplayMessage",
        message(message={"format": "UTF8", "content": "In order again"}),
        ACCEPTED,
    ),
    Order("TC_O_13_CSMS", "SetDisplayMessage", message(startDateTime=TOMORROW), ACCEPTED),
    Order("TC_O_14_CSMS", "SetDisplayMessage", message(endDateTime=TOMORROW), ACCEPTED),
    Order(
        "TC_O_17_CSMS",
        "SetDisplayMessage",
        message(priority="AlwaysFront"),
        {"status": "NotSupportedPriority"},
    ),
    Order(
        "TC_O_18_CSMS",
        "SetDisplayMessage",
        message(state="Charging"),
        {"status": "NotSupportedState"},
    ),
    Order(
        "TC_O_19_CSMS",
        "SetDisplayMessage",
        message(message={"format": "HTML", "content": "<b>Hello</b>"}),
        {"status": "NotSupportedMessageFormat"},
    ),
    Order("TC_O_25_CSMS", "SetDisplayMessage", message(state="Idle"), ACCEPTED),
    Order("TC_O_26_CSMS", "SetDisplayMessage", message(), {"status": "Rejected"}),
    Order(
        "TC_O_27_CSMS",
        "SetDisplayMessage",
        message(transactionId=REF, startDateTime=TOMORROW),
        ACCEPTED,
    ),
    Order(
        "TC_O_28_CSMS",
        "SetDisplayMessage",
        message(transactionId=REF, endDateTime=TOMORROW),
        ACCEPTED,
    ),
    Order("TC_O_100_CSMS", "SetDisplayMessage", message(), {"status": "LanguageNotSupported"}, NEW),
    Order(
        "TC_O_101_CSMS",
        "SetDisplayMessage",
        message(messageExtra=[{"format": "UTF8", "language": "it", "content": "Fuori servizio"}]),
        ACCEPTED,
        NEW,
    ),
)
async def test_an_order_about_displays(network: World, order: Order, dialect: Dialect) -> None:
    await carries_out(network, order, dialect)


@orders(
    Order("TC_O_02_CSMS", "GetDisplayMessages", {"requestId": 7}, ACCEPTED),
    Order("TC_O_07_CSMS", "GetDisplayMessages", {"requestId": 7, "id": [42]}, ACCEPTED),
    Order(
        "TC_O_08_CSMS", "GetDisplayMessages", {"requestId": 7, "priority": "NormalCycle"}, ACCEPTED
    ),
    Order("TC_O_09_CSMS", "GetDisplayMessages", {"requestId": 7, "state": "Idle"}, ACCEPTED),
)
async def test_messages_that_were_asked_for_are_taken_in_parts(
    network: World, order: Order, dialect: Dialect
) -> None:
    peer = await booted(network, dialect)
    told = await peer.told(order.action, order.payload, ACCEPTED)

    for more in (True, False):
        said = {"requestId": 7, "messageInfo": [message()["message"]], "tbc": more}
        assert await peer.says("NotifyDisplayMessages", said) == {}

    assert told.code is None


# P


@both
@pytest.mark.usecase("P02")
@pytest.mark.tc("TC_P_02_CSMS")
async def test_data_of_a_vendor_that_nobody_knows_is_refused_by_name(peer: Peer) -> None:
    answer = await peer.says("DataTransfer", {"vendorId": "com.example", "data": {"a": 1}})

    assert answer["status"] in ("UnknownVendorId", "UnknownMessageId", "Rejected")


@both
@pytest.mark.usecase("P01")
async def test_data_for_a_station_is_sent_and_its_answer_told(peer: Peer) -> None:
    order = {"vendorId": "com.example", "messageId": "hello"}
    told = await peer.told("DataTransfer", order, {"status": "UnknownVendorId"})

    assert told.code is None


@both
@pytest.mark.tc("TC_P_03_CSMS")
async def test_what_a_vendor_adds_to_a_message_disturbs_nobody(peer: Peer) -> None:
    boot = {
        "reason": "PowerUp",
        "chargingStation": {"vendorName": "S", "model": "D", "customData": {"vendorId": "x"}},
        "customData": {"vendorId": "com.example", "colour": "red"},
    }

    assert (await peer.says("BootNotification", boot))["status"] == "Accepted"
