"""Payments that begin at a kiosk, or on a page that a code leads to."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ricarica.billing.commands import HoldForPayment
from ricarica.billing.facts import Settled
from ricarica.billing.model import Channel, PaymentState, SettlementStatus, WebPayments
from ricarica.billing.queries import BillingQueries
from ricarica.configuration.commands import WriteSetting
from ricarica.engine.paying import PaidStart, paid_start
from ricarica.kernel.errors import ConflictError, InvalidError
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks import payments as terminal
from ricarica.simulator.blocks.payments import Outcome, Terminal
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome as Told
from ricarica.testing.world import World, key_of
from ricarica.transactions.model import Transaction
from tests.stories.paying import FIRST, MINUTE, PSP, D, last, only_payment, payments, prepared


async def begun_elsewhere(
    network: World, station: SimulatedStation, channel: Channel = Channel.KIOSK
) -> Transaction:
    station.plug_in(1)
    await network.settle()
    key, paid = key_of(station), PaidStart(PSP, channel, D("2.50"), "EUR", FIRST)
    command = await network.carry_out(lambda slices: paid_start(slices, key, paid), station=key)
    assert (await network.tell(station, command)).outcome is Told.ACCEPTED
    await network.pass_time(2 * MINUTE)
    return await last(network, station)


@pytest.mark.usecase("C24")
@pytest.mark.tc("TC_C_125_CSMS", "TC_C_126_CSMS")
async def test_a_kiosk_starts_charging_for_what_was_authorised(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)

    running = await begun_elsewhere(network, station)
    await network.pass_time(30 * MINUTE)
    station.unplug(1)
    await network.settle()

    ended, payment = await last(network, station), await only_payment(network)
    assert running.terms is not None
    assert running.terms.payment == PSP
    assert ended.cost_incl is not None
    assert D("2.50") <= ended.cost_incl < D("2.80")
    assert payment.state is PaymentState.DUE, "C24.FR.10"
    assert payment.due == round(ended.cost_incl, 2)
    if dialect is V21:
        assert (running.token, running.token_kind) == (PSP, "DirectPayment")


@pytest.mark.usecase("C24")
async def test_one_authorisation_starts_one_transaction(network: World) -> None:
    station = await prepared(network)
    await begun_elsewhere(network, station)
    key = key_of(station)

    with pytest.raises(ConflictError):
        await network.carry_out(
            lambda slices: paid_start(slices, key, PaidStart(PSP, Channel.KIOSK)), station=key
        )


PAID = PaidStart(PSP, Channel.KIOSK, D("2.50"), "EUR", FIRST)


async def ordered(network: World, station: SimulatedStation, paid: PaidStart = PAID) -> Any:
    key = key_of(station)
    return await network.carry_out(lambda slices: paid_start(slices, key, paid), station=key)


@pytest.mark.usecase("C24")
async def test_a_start_that_did_not_get_through_may_be_asked_for_again(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    station.plug_in(1)
    await network.settle()
    first = await ordered(network, station)
    await network.cut(station)
    away = await network.tell(station, first)
    await network.connect(station)

    again = await ordered(network, station)
    result = await network.tell(station, again)
    await network.pass_time(2 * MINUTE)

    running = await last(network, station)
    assert away.outcome is Told.UNREACHED
    assert again.number == first.number, "whoever began, though the answer was lost, knows it"
    assert result.outcome is Told.ACCEPTED
    assert running.terms is not None
    assert running.terms.payment == PSP
    assert (await only_payment(network)).state is PaymentState.CHARGING


@pytest.mark.usecase("C24")
async def test_a_driver_who_paid_and_came_too_late_may_be_waited_for_again(
    network: World,
) -> None:
    station = await prepared(network)
    assert (await network.tell(station, await ordered(network, station))).outcome is Told.ACCEPTED

    with pytest.raises(ConflictError, match="waits already"):
        await ordered(network, station)
    await network.pass_time(16 * MINUTE)
    again = await network.tell(station, await ordered(network, station))
    station.plug_in(1)
    await network.pass_time(2 * MINUTE)

    assert again.outcome is Told.ACCEPTED
    assert (await only_payment(network)).state is PaymentState.CHARGING


@pytest.mark.usecase("C24")
async def test_a_start_that_is_told_otherwise_is_another(network: World) -> None:
    station = await prepared(network)
    await ordered(network, station)

    with pytest.raises(ConflictError, match="there already"):
        await ordered(network, station, replace(PAID, amount=D(20)))


@pytest.mark.usecase("C24")
async def test_money_of_another_currency_buys_nothing(network: World) -> None:
    station = await prepared(network)

    with pytest.raises(InvalidError, match="EUR"):
        await ordered(network, station, replace(PAID, amount=D(3_000), currency="JPY"))
    assert not await payments(network)


@pytest.mark.usecase("C24")
async def test_blanks_around_a_reference_mean_nothing(network: World) -> None:
    station = await prepared(network)
    station.plug_in(1)
    await network.settle()

    blank = replace(PAID, reference=f" {PSP} ")
    await network.tell(station, await ordered(network, station, blank))
    await network.pass_time(2 * MINUTE)

    assert (await only_payment(network)).reference == PSP


@pytest.mark.usecase("C24")
async def test_another_station_cannot_settle_what_was_begun_here(network: World) -> None:
    station = await prepared(network)
    await begun_elsewhere(network, station)
    other = await network.station("MILANO-1", V21)
    terminal.settle(other.core, PSP, Outcome("Settled", D(1)), None)
    await network.settle()

    found = await network.carry_out(lambda slices: slices.billing.find(network.actor.tenant, PSP))
    shown = await BillingQueries(network.database).payment(network.actor.tenant, PSP)

    assert found.station == key_of(station)
    assert shown == found
    assert found.settled is None


@pytest.mark.usecase("C24")
@pytest.mark.parametrize("dialect", [V16], ids=str)
async def test_who_begins_anew_after_a_power_cut_is_paid_for_by_the_same_card(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    running = await begun_elsewhere(network, station)
    station.unplug(1)
    await network.settle()
    first = (await only_payment(network)).due

    station.plug_in(1)
    station.present(running.token or "", 1)
    await network.pass_time(2 * MINUTE)
    station.unplug(1)
    await network.settle()

    costs = [each.cost_incl or D(0) for each in await network.transactions(station)]
    payment = await only_payment(network)
    assert len(costs) == 2
    assert first == round(costs[0], 2)
    assert payment.due == sum(round(cost, 2) for cost in costs)
    assert payment.state is PaymentState.DUE


@pytest.mark.usecase("C24")
@pytest.mark.tc("TC_C_117_CSMS")
async def test_what_the_provider_settled_closes_the_payment(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    await begun_elsewhere(network, station)
    station.unplug(1)
    await network.settle()
    due = (await only_payment(network)).due or D(0)

    told = Settled(
        key_of(station),
        PSP,
        SettlementStatus.SETTLED,
        due,
        network.clock.now(),
        network.clock.now(),
    )
    receipt = await network.carry_out(lambda slices: slices.billing.settle(told))

    payment = await only_payment(network)
    assert payment.state is PaymentState.SETTLED
    assert receipt.url == payment.receipt_url


@pytest.mark.usecase("C25")
@pytest.mark.tc("TC_C_131_CSMS", "TC_C_132_CSMS", "TC_C_133_CSMS")
async def test_a_code_on_the_display_leads_to_a_page_only_while_it_is_fresh(
    network: World,
) -> None:
    station = await prepared(network)
    key, template = key_of(station), "https://charge.example/pay?s={chargingstationid}"
    template += "&evse={evse}&totp={totp}&v={version}"
    web = WebPayments(key, template, network.clock.now(), secret="a secret of both")
    await network.carry_out(lambda slices: slices.billing.set_web(web), station=key)
    for name, value in (
        ("URLTemplate", web.template),
        ("SharedSecret", "a secret of both"),
        ("ValidityTime", "30"),
        ("Length", "8"),
    ):
        await network.tell(station, WriteSetting(f"WebPaymentsCtrlr.{name}", value))

    shown = terminal.address_shown(station.core, 1, maxenergy=10_000)
    password = shown.partition("totp=")[2].partition("&")[0]

    async def is_fresh() -> bool:
        return await network.carry_out(
            lambda slices: slices.billing.is_fresh(key, password, slices.now)
        )

    at_once = await is_fresh()
    await network.pass_time(timedelta(seconds=30))
    soon = await is_fresh()
    await network.pass_time(MINUTE)
    late = await is_fresh()

    assert (at_once, soon, late) == (True, True, False)
    assert shown.endswith("&v=v1&maxenergy=10000")


@pytest.mark.usecase("C25")
async def test_while_somebody_pays_on_a_page_the_station_says_so(network: World) -> None:
    station = await prepared(network)

    result = await network.tell(station, HoldForPayment(FIRST, 3 * MINUTE))
    running = await begun_elsewhere(network, station, Channel.WEB)

    assert result.outcome is Told.ACCEPTED
    assert station.core.memory(Terminal).held_until[1] > network.clock.now() - 3 * MINUTE
    assert running.terms is not None
    assert running.terms.payment == PSP


@pytest.mark.usecase("C25")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_a_page_starts_charging_at_stations_that_know_no_payments(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)

    running = await begun_elsewhere(network, station, Channel.WEB)

    assert running.token != PSP
    assert running.verdict == "accepted"
    assert (await only_payment(network)).state is PaymentState.CHARGING
