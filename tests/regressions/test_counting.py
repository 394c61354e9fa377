"""What went wrong with how energy and parking were counted."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from ricarica.kernel.ids import TariffId
from ricarica.ocpp.dialects import V16, V201
from ricarica.tariffs.model import Prices, Tariff
from ricarica.testing.wires import Teller
from ricarica.testing.world import World, world
from ricarica.transactions.model import Flag
from tests.regressions.test_transactions import TEN, at, event, start, tell_events

MINUTE = timedelta(minutes=1)


async def test_a_register_that_is_told_in_two_resolutions_bills_nothing_that_never_flowed() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        number = (await told.call("StartTransaction", start(at(0), meter=1_049)))["transactionId"]
        both = [{"value": "1049", "unit": "Wh"}, {"value": "1.0", "unit": "kWh"}]

        for minute in range(1, 30):
            value = {"timestamp": at(minute), "sampledValue": both}
            readings = {"connectorId": 1, "transactionId": number, "meterValue": [value]}
            await told.call("MeterValues", readings)
        stop = {"transactionId": number, "meterStop": 1_049, "timestamp": at(30)}
        await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 0


async def test_a_repeat_with_more_digits_than_are_kept_is_a_repeat() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        events = (event("Started", 0, 0, 1_000), event("Ended", 30, 1, 1))
        events[1]["meterValue"][0]["sampledValue"] = [
            {"value": 2.123456789, "unitOfMeasure": {"unit": "kWh"}}
        ]

        await tell_events(told, *events)
        await network.restart_engine()
        await network.connect(told.station)
        await tell_events(network.teller(told.station), *events)

        [transaction] = await network.transactions(told.station)
        assert transaction.flags == frozenset()


@pytest.mark.parametrize("number", [None, -1])
@pytest.mark.parametrize("minute", [30, 31])
async def test_an_end_told_again_is_a_repeat_though_a_reading_beside_it_has_more_digits(
    number: int | None, minute: int
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        begun = await told.call("StartTransaction", start(at(0)))
        exact = {"value": "2000.4", "context": "Transaction.End"}
        stop = {
            "transactionId": number or begun["transactionId"],
            "meterStop": 2_000,
            "timestamp": at(30),
            "transactionData": [{"timestamp": at(minute), "sampledValue": [exact]}],
        }

        for _ in range(2):
            await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.register_stop_wh == 2_000
        assert transaction.energy.energy_wh == Decimal("1000.4")
        assert transaction.flags == frozenset()


@pytest.mark.parametrize("is_told_apart", [True, False])
async def test_a_clock_that_is_set_back_before_the_end_leaves_its_energy(
    *, is_told_apart: bool
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        number = (await told.call("StartTransaction", start(at(60))))["transactionId"]
        both = (("1000", 60, "Transaction.Begin"), ("6000", 30, "Transaction.End"))
        data = [
            {"timestamp": at(minute), "sampledValue": [{"value": value, "context": context}]}
            for value, minute, context in both
        ]
        stop = {"transactionId": number, "meterStop": 6_000, "timestamp": at(30)}

        told_besides = {} if is_told_apart else {"transactionData": data}
        await told.call("StopTransaction", stop | told_besides)

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 5_000
        assert transaction.register_stop_wh == 6_000
        assert transaction.flags == {Flag.IMPLAUSIBLE_TIME}


async def test_the_last_register_of_an_end_of_2_x_is_the_one_that_says_so() -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        end = event("Ended", 30, 1, 6_000)
        begun = [{"value": 1_000, "context": "Transaction.Begin"}]
        end["meterValue"][0]["sampledValue"][0]["context"] = "Transaction.End"
        end["meterValue"] += [{"timestamp": at(60), "sampledValue": begun}]

        await tell_events(told, event("Started", 60, 0, 1_000), end)

        [transaction] = await network.transactions(told.station)
        assert transaction.energy.energy_wh == 5_000
        assert transaction.register_stop_wh == 6_000


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 1, 0)])
async def test_nobody_parks_after_the_end(order: tuple[int, ...]) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V201))
        parking = {"transactionInfo": {"transactionId": "TX-1", "chargingState": "SuspendedEV"}}
        charging = {"transactionInfo": {"transactionId": "TX-1", "chargingState": "Charging"}}
        events = (
            event("Started", 0, 0, 1_000, **parking),
            event("Updated", 40, 1, 1_000, **charging),
            event("Ended", 30, 2, 1_000),
        )

        await tell_events(told, *(events[number] for number in order))

        [transaction] = await network.transactions(told.station)
        assert transaction.parking.until(TEN + timedelta(minutes=30)) == timedelta(minutes=30)
        assert transaction.parking.parked == timedelta()


@pytest.mark.parametrize("minute,parked", [(-60, 0), (20, 10)])
async def test_a_state_of_before_the_start_that_is_told_late_is_not_of_it(
    minute: int, parked: int
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        number = (await told.call("StartTransaction", start(at(0))))["transactionId"]
        suspended = {"connectorId": 1, "errorCode": "NoError", "status": "SuspendedEV"}

        await told.call("StatusNotification", suspended | {"timestamp": at(minute)})
        stop = {"transactionId": number, "meterStop": 2_500, "timestamp": at(30)}
        await told.call("StopTransaction", stop)

        [transaction] = await network.transactions(told.station)
        assert transaction.parking.until(TEN + 30 * MINUTE) == parked * MINUTE


@pytest.mark.parametrize(
    ("suspended", "ended", "cost"),
    [
        (None, 60, 6),
        (None, 70, 6 + 10),
        (None, 30, 3),  # it was over by then, and said so later
        (40, 60, 6),  # it was parking by then, and said so later
        (65, 70, 6 + 5 + 5 * 2),
    ],
)
async def test_other_prices_hold_from_when_they_were_changed_though_nothing_was_told_meanwhile(
    suspended: int | None, ended: int, cost: int
) -> None:
    async with world() as network:
        prices = Prices("EUR", per_minute=Decimal("0.1"), per_idle_minute=Decimal("0.2"))
        await network.add_tariff(prices, since=TEN)
        told = network.teller(await network.station("GENOVA-1", V201))
        await tell_events(told, event("Started", 0, 0, 0))

        await change_prices(network, told, TEN + 60 * MINUTE)
        if suspended is not None:
            state = {"transactionInfo": {"transactionId": "TX-1", "chargingState": "SuspendedEV"}}
            await tell_events(told, event("Updated", suspended, 1, 0, **state))
        await tell_events(told, event("Ended", ended, 2, 0))

        [transaction] = await network.transactions(told.station)
        assert transaction.cost_incl == cost


async def change_prices(network: World, told: Teller, at: datetime) -> None:
    """To ten times as much."""
    dearer = Prices("EUR", per_minute=Decimal(1), per_idle_minute=Decimal(2))
    [transaction] = await network.transactions(told.station)
    tenant = transaction.station.tenant
    tariff = Tariff(tenant, TariffId("dear"), "Dear", dearer, at, at)
    await network.carry_out(lambda slices: slices.tariffs.add(tariff))
    await network.carry_out(
        lambda slices: slices.watching.change_prices(tenant, transaction.id, tariff.id, at),
        station=transaction.station,
    )


@pytest.mark.parametrize("timestamp", ["", "222222017-01-01T00:00:00Z", None])
async def test_a_start_without_a_time_that_is_told_again_is_one_start(
    timestamp: str | None,
) -> None:
    async with world() as network:
        told = network.teller(await network.station("GENOVA-1", V16))
        begun = start("")
        if timestamp is None:
            del begun["timestamp"]
        else:
            begun["timestamp"] = timestamp

        first = await told.call("StartTransaction", begun)
        stop = {"transactionId": first["transactionId"], "meterStop": 2_500, "timestamp": ""}
        await network.pass_time(MINUTE)
        again = await told.call("StartTransaction", begun)
        for _ in range(2):
            await told.call("StopTransaction", stop)
            await network.pass_time(MINUTE)

        assert first["transactionId"] == again["transactionId"]
        [transaction] = await network.transactions(told.station)
        assert transaction.flags == {Flag.IMPLAUSIBLE_TIME}
        assert transaction.ended_at == TEN + 61 * MINUTE
