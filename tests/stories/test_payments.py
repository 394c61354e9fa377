"""Drivers without a contract: prepaid cards, terminals in stations, numbers of companies."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from ricarica.authorization.model import TokenRef
from ricarica.billing.model import Channel, PaymentState, SettlementStatus
from ricarica.billing.vat import Company
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks import payments as terminal
from ricarica.simulator.blocks.payments import CARD, Outcome, Terminal
from ricarica.simulator.evse import ChargingState
from ricarica.simulator.simulated import SimulatedStation
from ricarica.testing.world import World
from tests.stories.paying import (
    MINUTE,
    PSP,
    D,
    answers,
    credit_of,
    last,
    only_payment,
    prepared,
    settled,
)

THIRTY = D(30)


# -- C17


@pytest.mark.usecase("C17")
@pytest.mark.tc("TC_C_103_CSMS")
async def test_a_prepaid_card_charges_for_what_is_left_on_it(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("PREPAID", credit=D("2.00"))
    station = await prepared(network, dialect)

    station.plug_in(1)
    station.present("PREPAID", 1)
    await network.pass_time(30 * MINUTE)
    station.unplug(1)
    await network.settle()

    ended = await last(network, station)
    assert ended.cost_incl is not None
    assert D("2.00") <= ended.cost_incl < D("2.30"), "it stopped near the limit"
    assert await credit_of(network, "PREPAID") == D("2.00") - round(ended.cost_incl, 2)


@pytest.mark.usecase("C17")
async def test_two_who_charge_with_one_card_share_what_is_on_it(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("PREPAID", credit=D("4.00"))
    station = await prepared(network, dialect)

    for evse in (1, 2):
        station.plug_in(evse)
        station.present("PREPAID", evse)
    await network.pass_time(60 * MINUTE)
    for evse in (1, 2):
        station.unplug(evse)
    await network.settle()

    costs = [each.cost_incl or D(0) for each in await network.transactions(station)]
    credit = await credit_of(network, "PREPAID")
    assert len(costs) == 2
    assert D("4.00") <= sum(costs) < D("4.60"), "it stopped near the limit"
    assert credit == D("4.00") - sum(round(cost, 2) for cost in costs)


@pytest.mark.usecase("C17")
async def test_what_is_added_to_a_card_on_the_way_counts(network: World, dialect: Dialect) -> None:
    await network.add_token("PREPAID", credit=D("2.00"))
    station = await prepared(network, dialect)
    station.plug_in(1)
    station.present("PREPAID", 1)
    await network.pass_time(2 * MINUTE)

    await network.carry_out(
        lambda slices: slices.authorization.spend(
            network.actor.tenant, TokenRef("PREPAID"), D("-2.00")
        )
    )
    await network.pass_time(60 * MINUTE)

    stopped = await last(network, station)
    assert stopped.cost_incl is not None
    assert D("4.00") <= stopped.cost_incl < D("4.30")


@pytest.mark.usecase("C17")
@pytest.mark.parametrize("dialect", [V21], ids=str)
async def test_a_prepaid_card_is_never_remembered_by_a_station(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("PREPAID", credit=D("2.00"))
    station = await prepared(network, dialect)

    station.plug_in(1)
    station.present("PREPAID", 1)
    await network.settle()

    info = answers(network, station, "idTokenInfo")[0]
    assert info["status"] == "Accepted"
    assert info["cacheExpiryDateTime"] <= network.clock.now().isoformat().replace("+00:00", "Z")
    assert answers(network, station, "transactionLimit") == [{"maxCost": 2}]


@pytest.mark.usecase("C17")
@pytest.mark.tc("TC_C_104_CSMS")
async def test_a_prepaid_card_with_nothing_left_does_not_charge(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("PREPAID", credit=D(0))
    station = await prepared(network, dialect)

    station.plug_in(1)
    station.present("PREPAID", 1)
    await network.pass_time(MINUTE)

    assert station.transaction(1) is None
    if dialect is not V16:
        assert answers(network, station, "idTokenInfo")[0]["status"] == "NoCredit"


@pytest.mark.usecase("C17", "E02")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("dialect", [V201], ids=str)
async def test_who_only_stops_a_transaction_does_not_pay_for_it(
    network: World, dialect: Dialect, order: tuple[int, ...]
) -> None:
    await network.add_token("MINE", credit=D(5))
    await network.add_token("YOURS", credit=D(5))
    station = await prepared(network, dialect)
    now = network.clock.now()
    told = [
        ("Started", "CablePluggedIn", None, 0),
        ("Updated", "Authorized", "MINE", 0),
        ("Ended", "StopAuthorized", "YOURS", 4_000),
    ]

    for number in order:
        kind, trigger, card, wh = told[number]
        at = (now - (60 - 20 * number) * MINUTE).isoformat()
        event: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": trigger,
            "seqNo": number,
            "transactionInfo": {"transactionId": "t-1"},
            "evse": {"id": 1},
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh}]}],
        }
        if card:
            event["idToken"] = {"idToken": card, "type": "ISO14443"}
        await network.teller(station).call("TransactionEvent", event)

    assert await credit_of(network, "YOURS") == D(5)
    assert await credit_of(network, "MINE") == D(5) - D("3.66")


# -- C18–C23: a terminal in the station


async def charging_by_card(network: World, amount: Decimal = THIRTY) -> SimulatedStation:
    station = await prepared(network)
    station.plug_in(1)
    terminal.pay_by_card(station.core, station.evses[1], PSP, amount)
    await network.pass_time(10 * MINUTE)
    return station


@pytest.mark.usecase("C18")
async def test_a_card_shown_at_the_station_charges_up_to_what_it_is_good_for(
    network: World,
) -> None:
    station = await charging_by_card(network)

    transaction, payment = await last(network, station), await only_payment(network)
    assert transaction.token == PSP
    assert transaction.terms is not None
    assert transaction.terms.payment == PSP
    assert transaction.terms.kept is not None
    assert transaction.terms.kept.cost == D(30)
    assert payment.channel is Channel.TERMINAL
    assert payment.state is PaymentState.CHARGING
    assert payment.details == CARD
    assert payment.authorized == D(30)


@pytest.mark.usecase("C18")
async def test_a_card_is_charged_without_asking_us_first_where_that_is_set_so(
    network: World,
) -> None:
    station = await prepared(network)
    station.settings.override({"authorize_payments": "false"})
    station.plug_in(1)
    terminal.pay_by_card(station.core, station.evses[1], PSP, D(30))
    await network.pass_time(2 * MINUTE)

    payment = await only_payment(network)
    assert payment.state is PaymentState.CHARGING
    assert payment.details == CARD


@pytest.mark.usecase("C19")
async def test_a_payment_that_is_canceled_before_charging_is_noted(network: World) -> None:
    station = await prepared(network)
    terminal.pay_by_card(station.core, station.evses[1], PSP, D(30))
    await network.settle()

    await settled(network, station, Outcome("Canceled"))

    payment = await only_payment(network)
    assert payment.state is PaymentState.CANCELED
    assert payment.transaction is None
    assert not await network.transactions(station)


@pytest.mark.usecase("C20")
@pytest.mark.tc("TC_C_113_CSMS")
async def test_who_cancels_before_any_energy_has_flown_pays_nothing(network: World) -> None:
    station = await prepared(network)
    station.settings.override({"start_point": "Authorized", "stop_point": "Authorized"})
    terminal.pay_by_card(station.core, station.evses[1], PSP, D(30))
    await network.settle()
    charged = station.transaction(1)

    await network.pass_time(5 * MINUTE)  # nobody plugs in
    terminal.settle(station.core, PSP, Outcome("Canceled"), charged)
    await network.settle()

    transaction, payment = await last(network, station), await only_payment(network)
    assert not transaction.is_running
    assert transaction.cost_incl == 0, "not even the fee of a session"
    assert answers(network, station, "totalCost")[-1] == 0, "C20.FR.03"
    assert payment.state is PaymentState.CANCELED
    assert payment.transaction == transaction.id


@pytest.mark.usecase("C21")
@pytest.mark.tc("TC_C_118_CSMS")
async def test_a_settlement_is_answered_with_our_receipt_and_counts_once(network: World) -> None:
    station = await charging_by_card(network)
    running = station.transaction(1)
    station.unplug(1)
    await network.settle()
    due = (await only_payment(network)).due
    assert due is not None

    outcome = Outcome("Settled", due, vat_number="IT12345670017")
    for _ in range(2):  # the second as after a lost answer
        terminal.settle(station.core, PSP, outcome, running)
        await network.settle()

    payment, receipt = await only_payment(network), station.core.memory(Terminal).receipts[PSP]
    ended = await last(network, station)
    assert due == round(ended.cost_incl or 0, 2)
    assert payment.state is PaymentState.SETTLED
    assert payment.settled == due
    assert payment.vat_number == "IT12345670017"
    assert len(payment.tries) == 1
    assert receipt.receipt_url == payment.receipt_url
    assert receipt.receipt_url is not None
    assert receipt.receipt_url.startswith("https://charge.example/receipts/")


@pytest.mark.usecase("C21")
async def test_a_receipt_of_the_terminal_is_kept_as_it_is(network: World) -> None:
    station = await charging_by_card(network)
    outcome = Outcome("Settled", D(3), receipt_url="https://psp.example/r/1", receipt_id="1")

    await settled(network, station, outcome)

    payment, receipt = await only_payment(network), station.core.memory(Terminal).receipts[PSP]
    assert payment.receipt_url == "https://psp.example/r/1"
    assert receipt.receipt_url is None


@pytest.mark.usecase("C22")
@pytest.mark.parametrize("status", ["Rejected", "Failed"])
@pytest.mark.tc("TC_C_119_CSMS", "TC_C_120_CSMS")
async def test_a_settlement_that_goes_wrong_is_announced_and_may_be_mended(
    network: World, status: str
) -> None:
    station = await charging_by_card(network)

    await settled(network, station, Outcome(status, D(3), detail="no answer"))
    wrong = await only_payment(network)
    await network.pass_time(MINUTE)
    await settled(network, station, Outcome("Settled", D(3)))

    mended = await only_payment(network)
    assert wrong.is_in_trouble
    assert [each.detail for each in wrong.tries] == ["no answer"]
    assert mended.state is PaymentState.SETTLED
    assert [each.status for each in mended.tries] == [
        SettlementStatus(status.lower()),
        SettlementStatus.SETTLED,
    ]


@pytest.mark.usecase("C23")
async def test_a_card_may_be_authorised_for_more_on_the_way(network: World) -> None:
    station = await charging_by_card(network, D("1.50"))
    before = station.evses[1].charging_state()
    running = station.transaction(1)
    assert running is not None

    terminal.raise_amount(station.core, running, D(20))
    await network.pass_time(2 * MINUTE)

    payment, transaction = await only_payment(network), await last(network, station)
    assert before is ChargingState.SUSPENDED_EVSE
    assert station.evses[1].charging_state() is ChargingState.CHARGING
    assert payment.authorized == D(20)
    assert transaction.terms is not None
    assert transaction.terms.kept is not None
    assert transaction.terms.kept.cost == D(20)


# -- C18.FR.08–10: numbers of companies


@pytest.mark.usecase("C18")
@pytest.mark.tc("TC_C_108_CSMS")
async def test_a_number_of_a_company_is_checked(network: World) -> None:
    station = await prepared(network)

    for number in ("IT12345670017", "IT12345670018", "nonsense"):
        terminal.ask_about_company(station.core, number, evse=1)
        await network.settle()

    told = station.core.memory(Terminal).companies
    assert {number: answer.status.value for number, answer in told.items()} == {
        "IT12345670017": "Accepted",
        "IT12345670018": "Rejected",
        "nonsense": "Rejected",
    }
    assert all(answer.evse_id == 1 for answer in told.values()), "C18.FR.10"


@pytest.mark.usecase("C18")
async def test_what_a_register_says_of_a_company_is_told_the_next_time(network: World) -> None:
    station = await prepared(network)
    terminal.ask_about_company(station.core, "DE123456788", evse=1)
    await network.settle()
    company = Company("Quaylight GmbH", "Kai 1", "Hamburg", "20457", "DE")

    waiting = await network.carry_out(lambda slices: slices.billing.vat_numbers_to_check(10))
    await network.carry_out(
        lambda slices: slices.billing.vat_number_checked(
            waiting[0].tenant, waiting[0].number, slices.now, (True, company)
        )
    )
    terminal.ask_about_company(station.core, "DE123456788", evse=1)
    await network.settle()

    answer = station.core.memory(Terminal).companies["DE123456788"]
    assert [each.number for each in waiting] == ["DE123456788"]
    assert answer.company is not None
    assert answer.company.name == "Quaylight GmbH"
    assert answer.status_info is None
