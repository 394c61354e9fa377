"""What a payment comes to, in whatever order and by whomever its transactions are ended."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.billing.model import Payment, PaymentState
from ricarica.billing.sql import PAYMENT_SHELF, PAYMENTS
from ricarica.ocpp.dialects import V21
from ricarica.simulator.simulated import SimulatedStation
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of
from ricarica.transactions.facts import Ended
from ricarica.transactions.watching import Checked

D = Decimal
MINUTE = timedelta(minutes=1)
PRICES = Prices("EUR", per_kwh=D("0.50"), per_session=D("1.00"), vat_percent=D(22))
PSP = "psp-ref-4711"
DUE = D("3.66")  # 1 + 4 kWh × 0.50, and the tax
KINDS = ("Started", "Updated", "Ended")
TRIGGERS = {"Started": "Authorized", "Updated": "MeterValuePeriodic", "Ended": "EVDeparted"}


@pytest.fixture
async def station(network: World) -> SimulatedStation:
    await network.add_tariff(PRICES)
    return await network.station("TORINO-1", V21)


async def tells(
    network: World, station: SimulatedStation, kind: str, wh: int, ref: str = "t-1", evse: int = 1
) -> Any:
    """Of a transaction that began an hour ago: 2 kWh in the middle of it, 4 in the end."""
    number = KINDS.index(kind)
    at = network.clock.now() - timedelta(hours=1) + number * 20 * MINUTE
    event: dict[str, Any] = {
        "eventType": kind,
        "timestamp": at.isoformat(),
        "triggerReason": TRIGGERS[kind],
        "seqNo": number,
        "transactionInfo": {"transactionId": ref},
        "evse": {"id": evse},
        "meterValue": [{"timestamp": at.isoformat(), "sampledValue": [{"value": wh}]}],
    }
    if kind == "Started":
        event["idToken"] = {"idToken": PSP, "type": "DirectPayment"}
    return await network.teller(station).call("TransactionEvent", event)


async def payment_of(network: World, reference: str = PSP) -> Payment:
    work = Work(network.database, Remembered(network.clock.monotonic))
    [found] = await work.find(PAYMENT_SHELF, PAYMENTS.c.reference == reference)
    return found


@pytest.mark.usecase("C21")
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
async def test_the_same_is_due_in_whatever_order_it_is_told(
    network: World, station: SimulatedStation, order: tuple[int, ...]
) -> None:
    told = [("Started", 0), ("Updated", 2_000), ("Ended", 4_000)]
    for number in order:
        await tells(network, station, *told[number])

    payment = await payment_of(network)
    assert payment.state is PaymentState.DUE
    assert payment.due == DUE


@pytest.mark.usecase("C21")
async def test_what_is_told_of_it_after_its_end_is_due_too(
    network: World, station: SimulatedStation
) -> None:
    await tells(network, station, "Started", 0)
    await tells(network, station, "Ended", 0)
    before = await payment_of(network)

    await tells(network, station, "Updated", 4_000)

    payment = await payment_of(network)
    [transaction] = await network.transactions(station)
    assert transaction.cost_incl is not None
    assert before.due == 0, "C20: no energy has flown"
    assert payment.due == round(transaction.cost_incl, 2) > 0


@pytest.mark.usecase("C21")
async def test_what_ends_because_the_next_one_begins_is_due(
    network: World, station: SimulatedStation
) -> None:
    await tells(network, station, "Started", 0)
    await tells(network, station, "Updated", 4_000)
    other = {"idToken": "04A1", "type": "ISO14443"}
    await network.teller(station).call(
        "TransactionEvent",
        {
            "eventType": "Started",
            "timestamp": network.clock.now().isoformat(),
            "triggerReason": "Authorized",
            "seqNo": 0,
            "transactionInfo": {"transactionId": "t-2"},
            "evse": {"id": 1},
            "idToken": other,
        },
    )

    payment = await payment_of(network)
    assert (payment.state, payment.due) == (PaymentState.DUE, DUE)


@pytest.mark.usecase("C21", "E14")
async def test_what_the_station_knows_no_more_of_is_due(
    network: World, station: SimulatedStation
) -> None:
    await tells(network, station, "Started", 0)
    await tells(network, station, "Updated", 4_000)
    checked = Checked(key_of(station), "t-1", ongoing=False, queued=False, at=network.clock.now())

    await network.carry_out(lambda slices: slices.watching.checked(checked))

    payment = await payment_of(network)
    assert (payment.state, payment.due) == (PaymentState.DUE, DUE)


@pytest.mark.usecase("C21")
async def test_what_an_operator_ends_is_due(network: World, station: SimulatedStation) -> None:
    await tells(network, station, "Started", 0)
    await tells(network, station, "Updated", 4_000)
    [transaction] = await network.transactions(station)
    now = network.clock.now()
    end = Ended(station=key_of(station), at=now, received_at=now, ref="t-1", reason="by hand")

    await network.carry_out(
        lambda slices: slices.transactions.end_by_hand(network.actor.tenant, transaction.id, end)
    )

    payment = await payment_of(network)
    assert (payment.state, payment.due) == (PaymentState.DUE, DUE)


@pytest.mark.usecase("C21")
async def test_two_transactions_of_one_payment_are_due_together(
    network: World, station: SimulatedStation
) -> None:
    for kind, wh in (("Started", 0), ("Updated", 2_000), ("Ended", 4_000)):
        await tells(network, station, kind, wh)
        await tells(network, station, kind, wh, ref="t-2", evse=2)
    first, second = await network.transactions(station)

    payment = await payment_of(network)
    assert payment.state is PaymentState.DUE
    assert payment.due == 2 * DUE
    assert payment.transaction in {first.id, second.id}


@pytest.mark.usecase("C21")
async def test_a_payment_is_not_due_while_one_of_its_transactions_runs(
    network: World, station: SimulatedStation
) -> None:
    await tells(network, station, "Started", 0)
    await tells(network, station, "Started", 0, ref="t-2", evse=2)
    await tells(network, station, "Ended", 4_000)

    payment = await payment_of(network)
    assert payment.state is PaymentState.CHARGING
