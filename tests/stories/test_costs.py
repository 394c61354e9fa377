"""What charging costs, at the station: told by us, or counted by the station itself."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from ricarica.configuration.commands import ReportSettings, WriteSetting
from ricarica.engine.queries.messages import MessageFilter, MessageQueries
from ricarica.kernel.ids import TariffId
from ricarica.ocpp.dialects import V16, V21, V201, Dialect
from ricarica.simulator.blocks.costs import Costs, count_of
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.tariffs.commands import ClearPlans, GetPlans, SetDefaultPlan
from ricarica.tariffs.model import Prices, Tariff
from ricarica.tariffs.plan import plan_of
from ricarica.tariffs.queries import TariffQueries
from ricarica.tariffs.service import TariffChanges
from ricarica.testing.world import World, key_of
from ricarica.transactions.model import Flag, Transaction
from ricarica.transactions.terms import CountedAs

D = Decimal
MINUTE = timedelta(minutes=1)
PRICES = Prices("EUR", per_kwh=D("0.50"), vat_percent=D(22))
CARD = "04A1B2C3"


async def prepared(network: World, dialect: Dialect, **token: Any) -> SimulatedStation:
    await network.add_tariff(PRICES)
    await network.add_token(CARD, **token)
    station = await network.station("TORINO-1", dialect)
    await network.tell(station, ReportSettings(number=1))
    await network.settle()
    return station


async def charges(network: World, station: SimulatedStation, time: timedelta) -> Transaction:
    station.plug_in(1)
    station.present(CARD, 1)
    await network.settle()
    await network.pass_time(time)
    return (await network.transactions(station))[-1]


async def leaves(network: World, station: SimulatedStation) -> Transaction:
    station.present(CARD, 1)
    station.unplug(1)
    await network.settle()
    return (await network.transactions(station))[-1]


async def other_tariff(network: World, prices: Prices) -> Tariff:
    now = network.clock.now()
    tariff = Tariff(network.actor.tenant, TariffId("night"), "Night", prices, now, now)
    return await network.carry_out(lambda slices: slices.tariffs.add(tariff))


def answers(network: World, station: SimulatedStation, member: str) -> list[Any]:
    """What our answers said under this name, oldest first."""
    frames = [json.loads(text) for text in network.frames[key_of(station).station].to_station]
    return [frame[2][member] for frame in frames if frame[0] == 3 and member in frame[2]]


def calls(network: World, station: SimulatedStation, action: str) -> list[dict[str, Any]]:
    """What was called either way, oldest first."""
    frames = network.frames[key_of(station).station]
    said = [json.loads(text) for text in (*frames.from_station, *frames.to_station)]
    return [frame[3] for frame in said if frame[0] == 2 and frame[2] == action]


@pytest.mark.usecase("I01")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_a_driver_is_told_the_price_with_the_verdict(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)

    await charges(network, station, MINUTE)

    assert station.core.messages_of[CARD.casefold()] == "0.61 € per kWh (including VAT)"


@pytest.mark.usecase("I01")
@pytest.mark.parametrize("dialect", [V201], ids=str)
async def test_a_station_that_shows_no_prices_is_told_none(
    network: World, dialect: Dialect
) -> None:
    await network.add_tariff(PRICES)
    await network.add_token(CARD)
    station = network.build("TORINO-1", dialect)
    station.settings.override({"tariff_available": "false"})
    await network.connect(station)

    await charges(network, station, MINUTE)

    assert station.core.messages_of[CARD.casefold()] is None, "I01.FR.02"


@pytest.mark.usecase("I02")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_the_running_cost_is_told_while_it_charges(network: World, dialect: Dialect) -> None:
    station = await prepared(network, dialect)

    running = await charges(network, station, 20 * MINUTE)

    told = [D(str(call["totalCost"])) for call in calls(network, station, "CostUpdated")]
    assert running.cost_incl is not None
    assert told == sorted(told)
    assert 15 <= len(told) <= 21, "no more than one a minute"
    assert station.shown_cost(1) == round(running.cost_incl, 2)
    assert [D(str(cost)) for cost in answers(network, station, "totalCost")][-1] == told[-1]


@pytest.mark.usecase("I03")
@pytest.mark.tc("TC_I_02_CSMS")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_the_final_cost_is_told_in_the_answer_to_the_end(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    await charges(network, station, 20 * MINUTE)

    ended = await leaves(network, station)

    assert ended.cost_incl == ended.energy.energy_wh / 1000 * D("0.61")
    assert station.shown_cost(1) == round(ended.cost_incl, 2)


@pytest.mark.usecase("I03")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_charging_that_is_free_costs_nothing_and_says_so(
    network: World, dialect: Dialect
) -> None:
    await network.add_tariff(Prices("EUR"))
    await network.add_token(CARD)
    station = await network.station("TORINO-1", dialect)
    await charges(network, station, 5 * MINUTE)

    await leaves(network, station)

    assert answers(network, station, "totalCost")[-1] == 0, "I03.FR.04"


@pytest.mark.usecase("I04", "I05")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_what_is_shown_where_no_price_is_known_can_be_set(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)

    results = [
        await network.tell(station, WriteSetting(f"TariffCostCtrlr.{variable}", "0.61 €/kWh"))
        for variable in ("TariffFallbackMessage", "TotalCostFallbackMessage")
    ]

    assert [result.outcome for result in results] == [Outcome.ACCEPTED] * 2
    assert station.settings["tariff_message"] == "0.61 €/kWh"
    assert station.settings["offline_cost_message"] == "0.61 €/kWh"


@pytest.mark.usecase("I06")
async def test_other_prices_hold_from_when_they_were_changed(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20"), per_session=D(5)))
    before = await charges(network, station, 10 * MINUTE)

    await network.carry_out(
        lambda slices: slices.watching.change_prices(
            before.station.tenant, before.id, night.id, slices.now
        ),
        station=before.station,
    )
    await network.pass_time(10 * MINUTE)
    ended = await leaves(network, station)

    rest_kwh = (ended.energy.energy_wh - before.energy.energy_wh) / 1000
    assert before.cost_incl is not None
    assert ended.cost_incl == before.cost_incl + rest_kwh * D("0.20")
    if dialect is not V16:
        [message] = answers(network, station, "updatedPersonalMessage")
        assert message["content"] == "0.20 € per kWh, 5.00 € per session"


# -- counted by the station, 2.1


async def counting(network: World, **token: Any) -> SimulatedStation:
    """A station that counts costs itself, by prices that it was given."""
    station = await prepared(network, V21, **token)
    key = key_of(station)
    await network.carry_out(
        lambda slices: slices.station_plans.let_count(key, counts=True), station=key
    )
    for _ in range(5):
        step = await network.carry_out(lambda slices: slices.station_plans.step(key), station=key)
        if step is None:
            break
        await network.tell(station, step)
    return station


@pytest.mark.usecase("I07")
async def test_a_station_that_counts_itself_is_given_the_prices_of_its_place(
    network: World,
) -> None:
    station = await counting(network)

    plans = station.core.memory(Costs).defaults
    assert {plan.tariff_id for plan in plans.values()} == {"standard.1"}
    assert plans[1].energy is not None
    [energy] = plans[1].energy.prices
    assert energy.price_kwh == D("0.50")
    assert len(plans[1].description or ()) == 5


@pytest.mark.usecase("I07")
async def test_prices_that_were_changed_replace_those_at_the_station(network: World) -> None:
    station = await counting(network)
    key = key_of(station)

    await network.carry_out(
        lambda slices: slices.tariffs.change(
            key.tenant, TariffId("standard"), changes(D("0.60")), slices.now
        )
    )
    step = await network.carry_out(lambda slices: slices.station_plans.step(key), station=key)
    assert isinstance(step, SetDefaultPlan)
    await network.tell(station, step)

    assert station.core.memory(Costs).defaults[1].tariff_id == "standard.2"


@pytest.mark.usecase("I07")
async def test_prices_that_a_station_cannot_count_by_are_not_sent(network: World) -> None:
    station = await prepared(network, V21)
    key = key_of(station)
    station.settings.override({"tariff_elements_max": "0"})
    await network.tell(station, ReportSettings(number=2))
    await network.settle()

    await network.carry_out(
        lambda slices: slices.station_plans.let_count(key, counts=True), station=key
    )
    await network.tell(station, GetPlans())
    step = await network.carry_out(lambda slices: slices.station_plans.step(key), station=key)

    plans = await network.carry_out(lambda slices: slices.station_plans.of(key), station=key)
    assert step is None
    assert plans.refused == "it takes 0 prices in a list, not 1"
    assert not station.core.memory(Costs).defaults


@pytest.mark.usecase("I12")
async def test_what_the_station_counted_is_kept_and_agrees_with_ours(network: World) -> None:
    station = await counting(network)
    await charges(network, station, 20 * MINUTE)

    ended = await leaves(network, station)

    assert ended.terms is not None
    assert ended.terms.tariff == "standard.1"
    counted = ended.terms.counted
    assert counted is not None
    assert counted.counted_as is CountedAs.NORMAL
    assert counted.total.incl == round(ended.cost_incl or 0, 2)
    assert counted.energy_wh == ended.energy.energy_wh
    assert [period.tariff for period in counted.periods] == ["standard.1"]
    assert Flag.COST_DIFFERS not in ended.flags


@pytest.mark.usecase("I12")
async def test_a_station_that_counts_something_else_is_flagged(network: World) -> None:
    station = await counting(network)
    station.core.memory(Costs).errs_by = D("0.40")
    await charges(network, station, 20 * MINUTE)

    ended = await leaves(network, station)

    assert Flag.COST_DIFFERS in ended.flags
    assert ended.cost_incl == ended.energy.energy_wh / 1000 * D("0.61"), "ours is billed"


@pytest.mark.usecase("I12")
async def test_a_station_that_could_not_count_is_not_blamed_for_it(network: World) -> None:
    station = await counting(network)
    station.core.memory(Costs).fails = True
    await charges(network, station, 20 * MINUTE)

    ended = await leaves(network, station)

    assert ended.terms is not None
    assert ended.terms.counted is not None
    assert ended.terms.counted.failure == "out of memory"
    assert Flag.COST_DIFFERS not in ended.flags


@pytest.mark.usecase("I12")
async def test_running_costs_that_a_station_tells_are_kept(network: World) -> None:
    station = await counting(network)
    station.settings.override({"running_cost_enabled": "true"})

    running = await charges(network, station, 20 * MINUTE)

    told = [event["triggerReason"] for event in calls(network, station, "TransactionEvent")]
    assert told.count("RunningCost") == 4
    assert running.terms is not None
    assert running.terms.counted is not None


@pytest.mark.usecase("I08")
@pytest.mark.tc("TC_I_109_CSMS")
async def test_a_driver_with_prices_of_their_own_charges_by_them(network: World) -> None:
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20")))
    station = await counting(network, tariff=night.id)
    await charges(network, station, 20 * MINUTE)

    ended = await leaves(network, station)

    assert ended.terms is not None
    assert ended.terms.tariff == "night.1"
    assert ended.cost_incl == ended.energy.energy_wh / 1000 * D("0.20")
    assert Flag.COST_DIFFERS not in ended.flags
    [tariff] = answers(network, station, "tariff")
    assert "validFrom" not in tariff, "I08.FR.09"


@pytest.mark.usecase("I08", "E02")
@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1)], ids=str)
async def test_prices_of_a_driver_hold_where_the_cable_comes_first(
    network: World, dialect: Dialect, order: tuple[int, ...]
) -> None:
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20")))
    station = await prepared(network, dialect, tariff=night.id)
    now = network.clock.now()
    card = {"idToken": {"idToken": CARD, "type": "ISO14443"}}
    told = [("Started", {}, 0), ("Updated", card, 0), ("Ended", {}, 1_000)]

    for number in order:
        kind, more, wh = told[number]
        at = (now - (10 - number) * MINUTE).isoformat()
        event = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "CablePluggedIn" if kind == "Started" else "Authorized",
            "seqNo": number,
            "transactionInfo": {"transactionId": "t-1"},
            "evse": {"id": 1},
            "meterValue": [{"timestamp": at, "sampledValue": [{"value": wh}]}],
            **more,
        }
        await network.teller(station).call("TransactionEvent", event)

    [transaction] = await network.transactions(station)
    assert transaction.cost_incl == D("0.20")


@pytest.mark.usecase("I08")
async def test_prices_of_a_driver_that_a_station_cannot_read_are_not_told_again(
    network: World,
) -> None:
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20")))
    station = await counting(network, tariff=night.id)
    teller = network.teller(station)
    asked = {"idToken": {"idToken": CARD, "type": "ISO14443"}}
    kind, number, answer = await teller.call_raw("Authorize", asked)

    teller.wire.inject(json.dumps([5, number, "FormatViolation", "too long", {}]))
    await network.settle()
    again = await teller.call("Authorize", asked)

    assert (kind, answer["tariff"]["tariffId"]) == (3, "night.1")
    assert "tariff" not in again
    assert again["idTokenInfo"]["status"] == "Accepted"
    plans = await TariffQueries(network.database).plans(key_of(station))
    assert (plans.misread, plans.installed) == (("night.1",), "standard.1")
    log = await MessageQueries(network.database).messages(
        key_of(station), MessageFilter(outcome="result_refused")
    )
    noted = [message.request for message in log.items]
    assert noted == [f"Authorize {number}: FormatViolation too long"]


@pytest.mark.usecase("I02", "I08")
async def test_what_it_costs_is_told_from_here_where_a_driver_s_prices_were_not_read(
    network: World,
) -> None:
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20")))
    station = await counting(network, tariff=night.id)
    await network.carry_out(
        lambda slices: slices.station_plans.misread(key_of(station), "night.1"), key_of(station)
    )

    running = await charges(network, station, 20 * MINUTE)
    ended = await leaves(network, station)

    assert running.cost_shown_at is not None
    assert len(calls(network, station, "CostUpdated")) >= 10  # I08.FR.34
    assert ended.cost_incl == ended.energy.energy_wh / 1000 * D("0.20")


@pytest.mark.usecase("I09", "I10")
async def test_the_prices_at_a_station_can_be_seen_and_taken_away(network: World) -> None:
    station = await counting(network)

    before = await network.tell(station, GetPlans())
    cleared = await network.tell(station, ClearPlans())
    after = await network.tell(station, GetPlans())

    assert before.answer == {"plans": ["standard.1"]}
    assert cleared.answer == {"plans": ["standard.1"]}
    assert after.status == "NoTariff"
    assert not station.core.memory(Costs).defaults


@pytest.mark.usecase("I11")
async def test_a_station_counts_a_running_transaction_by_other_prices(network: World) -> None:
    station = await counting(network)
    night = await other_tariff(network, Prices("EUR", per_kwh=D("0.20"), vat_percent=D(22)))
    before = await charges(network, station, 10 * MINUTE)

    await network.carry_out(
        lambda slices: slices.watching.change_prices(
            before.station.tenant, before.id, night.id, slices.now
        ),
        station=before.station,
    )
    await network.pass_time(10 * MINUTE)
    ended = await leaves(network, station)

    told = [event["triggerReason"] for event in calls(network, station, "TransactionEvent")]
    running = count_of(station.core, before.ref)
    assert "TariffChanged" in told
    assert running.tariff is not None
    assert running.tariff.tariff_id == "night.1"
    assert ended.terms is not None
    assert ended.terms.tariff == "night.1"
    assert Flag.COST_DIFFERS not in ended.flags


@pytest.mark.usecase("I07")
@pytest.mark.parametrize("dialect", [V16, V201], ids=str)
async def test_prices_are_not_sent_where_there_is_no_word_for_them(
    network: World, dialect: Dialect
) -> None:
    station = await prepared(network, dialect)
    now = network.clock.now()
    tariff = Tariff(network.actor.tenant, TariffId("x"), "X", PRICES, now, now)

    result = await network.tell(station, SetDefaultPlan(plan_of(tariff)))

    assert result.outcome is Outcome.UNSUPPORTED


def changes(per_kwh: D) -> TariffChanges:

    return TariffChanges(prices=Prices("EUR", per_kwh=per_kwh, vat_percent=D(22)))
