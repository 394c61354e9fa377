"""Charging for so much, and no more; and going on after a restart."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.app.watching import LIMITS_EVERY, watches
from ricarica.configuration.commands import ReportSettings
from ricarica.engine.paying import limited_start
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.costs import count_of, set_limits
from ricarica.simulator.evse import ChargingState
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Reset
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of
from ricarica.transactions import watching
from ricarica.transactions.commands import CheckTransaction
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.terms import LimitKind, Limits

FIRST = EvseNumber(1)
PRICES = Prices("EUR", per_kwh=Decimal("0.50"), vat_percent=Decimal(22))
MINUTE = timedelta(minutes=1)


async def station_that_told(network: World, dialect: Dialect) -> SimulatedStation:
    """A station whose settings are known."""
    await network.add_token("04A1B2C3")
    station = await network.station("TORINO-1", dialect)
    await network.tell(station, ReportSettings(number=1))
    await network.settle()
    return station


async def only(network: World, station: SimulatedStation) -> Transaction:
    [transaction] = await network.transactions(station)
    return transaction


async def started_with(network: World, station: SimulatedStation, limits: Limits) -> Transaction:
    """A transaction that was started from afar with limits."""
    station.plug_in(1)
    await network.settle()
    key = key_of(station)
    command = await network.carry_out(
        lambda slices: limited_start(slices, key, "04A1B2C3", limits, FIRST), station=key
    )
    assert (await network.tell(station, command)).outcome is Outcome.ACCEPTED
    await network.pass_time(2 * MINUTE)
    return await only(network, station)


def told(network: World, station: SimulatedStation, action: str) -> list[dict[str, Any]]:
    """The payloads of all calls of an action, either way."""
    frames = network.frames[key_of(station).station]
    texts = [*frames.from_station, *frames.to_station]
    calls = [json.loads(text) for text in texts]
    return [call[3] for call in calls if call[0] == 2 and call[2] == action]


@pytest.mark.usecase("E16")
@pytest.mark.tc("TC_E_110_CSMS")
async def test_a_transaction_stops_when_its_energy_limit_is_reached(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)

    await started_with(network, station, Limits(energy_wh=Decimal(2_000)))
    await network.pass_time(30 * MINUTE)

    transaction = await only(network, station)
    assert 2_000 <= transaction.energy.energy_wh < 2_400
    assert station.evses[1].charging_state() is not ChargingState.CHARGING


@pytest.mark.usecase("E16")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_a_station_that_did_not_answer_is_asked_again_to_stop(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)
    await started_with(network, station, Limits(energy_wh=Decimal(1_000)))
    station.misbehaviour.ignores_calls = True
    await network.pass_time(10 * MINUTE)
    beyond = await only(network, station)

    station.misbehaviour.ignores_calls = False
    await network.cut(station)
    await network.connect(station)
    await network.pass_time(5 * MINUTE)

    transaction = await only(network, station)
    assert beyond.energy.energy_wh > 1_000
    assert beyond.is_running
    assert station.evses[1].charging_state() is not ChargingState.CHARGING
    assert transaction.energy.energy_wh < beyond.energy.energy_wh + 500


@pytest.mark.usecase("E16", "F02")
@pytest.mark.parametrize("began_ago", [timedelta(hours=2), timedelta()], ids=str)
async def test_a_limit_is_for_what_began_since_it_was_asked_for(
    network: World, began_ago: timedelta
) -> None:
    station = await station_that_told(network, V16)
    key, at = key_of(station), network.clock.now() - began_ago
    limits = Limits(energy_wh=Decimal(2_000))
    await network.carry_out(
        lambda slices: limited_start(slices, key, "04A1B2C3", limits, FIRST), station=key
    )

    start = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 0, "timestamp": at.isoformat()}
    await network.teller(station).call("StartTransaction", start)

    transaction = await only(network, station)
    assert (transaction.terms is not None) is (began_ago == timedelta())


@pytest.mark.usecase("E16", "F02")
@pytest.mark.parametrize("minutes", [14, 17])
async def test_a_limit_is_for_what_begins_soon(network: World, minutes: int) -> None:
    station = await station_that_told(network, V16)
    key, limits = key_of(station), Limits(energy_wh=Decimal(2_000))
    await network.carry_out(
        lambda slices: limited_start(slices, key, "04A1B2C3", limits, FIRST), station=key
    )
    await network.pass_time(minutes * MINUTE)

    at = network.clock.now().isoformat()
    start = {"connectorId": 1, "idTag": "04A1B2C3", "meterStart": 0, "timestamp": at}
    await network.teller(station).call("StartTransaction", start)

    transaction = await only(network, station)
    assert (transaction.terms is not None) is (minutes < 15)


@pytest.mark.usecase("E16")
@pytest.mark.tc("TC_E_109_CSMS")
async def test_a_transaction_stops_when_its_cost_limit_is_reached(
    network: World, dialect: Dialect
) -> None:
    await network.add_tariff(PRICES)
    station = await station_that_told(network, dialect)

    await started_with(network, station, Limits(cost=Decimal("1.22")))
    await network.pass_time(30 * MINUTE)

    transaction = await only(network, station)
    assert transaction.cost_incl is not None
    assert Decimal("1.22") <= transaction.cost_incl < Decimal("1.50")


@pytest.mark.usecase("E16")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_where_the_station_knows_no_limits_we_ask_it_to_stop(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)

    await started_with(network, station, Limits(time=10 * MINUTE))
    await network.pass_time(15 * MINUTE)

    transaction = await only(network, station)
    assert not transaction.is_running
    assert transaction.terms is not None
    assert transaction.terms.stopped_for is LimitKind.TIME
    assert transaction.end_reason == "Remote"


@pytest.mark.usecase("E16")
@pytest.mark.parametrize("dialect", [V21], ids=str)
@pytest.mark.tc("TC_E_111_CSMS")
async def test_a_station_that_keeps_limits_is_told_them_once_and_says_so(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)

    running = await started_with(network, station, Limits(time=10 * MINUTE))
    await network.pass_time(15 * MINUTE)

    transaction = await only(network, station)
    answers = [json.loads(t) for t in network.frames[key_of(station).station].to_station]
    said = [a[2]["transactionLimit"] for a in answers if a[0] == 3 and "transactionLimit" in a[2]]
    assert running.terms is not None
    assert running.terms.kept == Limits(time=10 * MINUTE)
    assert said == [{"maxTime": 600}]
    assert transaction.is_running, "E16.FR.05: it only pauses"
    assert transaction.charging_state == "suspended_evse"
    assert not told(network, station, "RequestStopTransaction")


@pytest.mark.usecase("E16")
@pytest.mark.parametrize("dialect", [V21], ids=str)
async def test_a_limit_that_is_raised_lets_the_car_go_on(network: World, dialect: Dialect) -> None:
    station = await station_that_told(network, dialect)
    running = await started_with(network, station, Limits(time=5 * MINUTE))
    await network.pass_time(10 * MINUTE)
    before = station.evses[1].charging_state()

    await network.carry_out(
        lambda slices: slices.watching.limit(
            running.station.tenant, running.id, Limits(time=60 * MINUTE), slices.now
        ),
        station=running.station,
    )
    await network.pass_time(5 * MINUTE)

    assert before is ChargingState.SUSPENDED_EVSE
    assert station.evses[1].charging_state() is ChargingState.CHARGING


@pytest.mark.usecase("E16")
@pytest.mark.parametrize("dialect", [V21], ids=str)
@pytest.mark.tc("TC_E_102_CSMS")
async def test_a_limit_that_the_driver_set_lower_is_left_as_it_is(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)
    await started_with(network, station, Limits(energy_wh=Decimal(30_000)))
    driving = station.transaction(1)
    assert driving is not None

    set_limits(station.core, driving, {"max_energy": Decimal(10_000)})
    await network.pass_time(3 * MINUTE)

    transaction = await only(network, station)
    assert transaction.terms is not None
    assert transaction.terms.kept == Limits(energy_wh=Decimal(10_000))
    assert count_of(station.core, driving.ref).limits == {"max_energy": Decimal(10_000)}


@pytest.mark.usecase("B13", "E17")
@pytest.mark.parametrize("dialect", [V21], ids=str)
async def test_charging_goes_on_after_a_restart_that_was_asked_for(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)
    running = await started_with(network, station, Limits(energy_wh=Decimal(30_000)))

    result = await network.tell(station, Reset(resume=True))
    await network.pass_time(MINUTE)
    await network.cut(station)
    await network.pass_time(MINUTE)
    await network.connect(station)
    await network.pass_time(5 * MINUTE)

    transaction = await only(network, station)
    events = told(network, station, "TransactionEvent")
    assert result.outcome is Outcome.ACCEPTED
    assert transaction.ref == running.ref
    assert transaction.is_running
    assert "TxResumed" in [event["triggerReason"] for event in events]
    assert transaction.energy.energy_wh > running.energy.energy_wh


@pytest.mark.usecase("B13")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_a_restart_that_charging_outlasts_is_not_said_where_there_is_no_word_for_it(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)

    result = await network.tell(station, Reset(resume=True))

    assert result.outcome is Outcome.UNSUPPORTED
    assert not told(network, station, "Reset")


@pytest.mark.usecase("E14")
@pytest.mark.tc("TC_E_29_CSMS", "TC_E_30_CSMS", "TC_E_31_CSMS")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_station_is_asked_whether_a_transaction_still_runs(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)
    running = await started_with(network, station, Limits(energy_wh=Decimal(30_000)))

    result = await network.tell(station, CheckTransaction(running.ref))
    await network.settle()

    transaction = await only(network, station)
    assert result.answer == {"ongoing": True, "queued": False}
    assert transaction.is_running
    assert transaction.terms is not None
    assert transaction.terms.check is not None
    assert transaction.terms.check.ongoing


@pytest.mark.usecase("E14")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_silent_transaction_is_asked_about_and_ends_if_the_station_knows_it_no_more(
    network: World, dialect: Dialect
) -> None:
    station = await station_that_told(network, dialect)
    running = await started_with(network, station, Limits(energy_wh=Decimal(30_000)))
    station.evses[1].transaction = None  # it has lost its memory
    station.evses[1].authorization = None

    await network.pass_time(16 * MINUTE)
    asked = await network.carry_out(lambda slices: slices.watching.look_for_silent(slices.now))
    await network.settle()

    transaction = await only(network, station)
    assert asked == 1
    assert not transaction.is_running
    assert Flag.LOST_END in transaction.flags
    assert transaction.energy.energy_wh == running.energy.energy_wh


@pytest.mark.usecase("E16")
async def test_of_many_silent_transactions_each_is_stopped_when_its_time_is_up(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "AT_ONCE_MAX", 1)
    await network.add_token("04A1B2C3")
    stations = [await network.station(f"TORINO-{number}", V16) for number in range(1, 4)]
    for station in stations:
        await started_with(network, station, Limits(time=timedelta(minutes=30)))
    network.clock.pass_time(timedelta(minutes=31))  # and nothing is said of them
    watch = watches()["watch_limits"]

    async def look(unit: UnitOfWork) -> timedelta | None:
        return await watch(unit, "")

    again = []
    for _ in range(4):
        again.append(await network.soon(network.engine.in_unit(DEFAULT_TENANT, look)))
        await network.settle()

    assert again == [timedelta(), timedelta(), timedelta(), LIMITS_EVERY]
    assert [len(told(network, each, "RemoteStopTransaction")) for each in stations] == [1, 1, 1]
