"""A driver comes, charges and leaves."""

from datetime import timedelta
from decimal import Decimal

from ricarica.authorization.model import TokenRef, TokenStatus, Verdict
from ricarica.kernel.ids import EvseNumber
from ricarica.ocpp.dialects import Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.tariffs.model import Prices
from ricarica.testing.world import World, key_of
from ricarica.transactions.commands import StartCharging, StopCharging

HALF_AN_HOUR = timedelta(minutes=30)


async def charging(network: World, dialect: Dialect, token: str = "04A1B2C3") -> SimulatedStation:
    """A station at whose first EVSE a car is charging."""
    await network.add_token(token)
    station = await network.station("TORINO-1", dialect)
    station.plug_in(1)
    station.present(token, 1)
    await network.settle()
    return station


async def test_a_known_token_charges_and_the_energy_is_counted(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    begun_wh = station.register_wh(1)

    await network.pass_time(HALF_AN_HOUR)
    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert not transaction.is_running
    assert transaction.is_complete
    assert transaction.token == "04A1B2C3"
    assert transaction.verdict == Verdict.ACCEPTED
    assert transaction.energy.energy_wh == station.register_wh(1) - begun_wh
    assert 4_000 < transaction.energy.energy_wh < 5_600  # 11 kW for half an hour, less the ramp


async def test_energy_power_and_cost_grow_while_it_charges(
    network: World, dialect: Dialect
) -> None:
    await network.add_tariff(Prices("EUR", per_kwh=Decimal("0.50"), vat_percent=Decimal(22)))
    station = await charging(network, dialect)

    await network.pass_time(timedelta(minutes=10))
    [early] = await network.transactions(station)
    await network.pass_time(timedelta(minutes=10))
    [late] = await network.transactions(station)

    assert early.power_w is not None
    assert early.power_w > 10_000
    assert early.energy.energy_wh < late.energy.energy_wh
    assert late.cost_incl == late.energy.energy_wh / 1000 * Decimal("0.50") * Decimal("1.22")


async def test_a_token_nobody_knows_does_not_charge(network: World, dialect: Dialect) -> None:
    station = await network.station("TORINO-1", dialect)

    station.plug_in(1)
    station.present("STRANGER", 1)
    await network.settle()
    await network.pass_time(timedelta(minutes=2))

    assert station.transaction(1) is None
    assert [t.energy.energy_wh for t in await network.transactions(station)] in ([], [0])


async def test_a_blocked_token_does_not_charge(network: World, dialect: Dialect) -> None:
    await network.add_token("LOST-CARD", status=TokenStatus.BLOCKED)
    station = await network.station("TORINO-1", dialect)

    station.plug_in(1)
    station.present("LOST-CARD", 1)
    await network.settle()

    assert station.transaction(1) is None


async def test_an_operator_starts_and_stops_a_transaction_from_afar(
    network: World, dialect: Dialect
) -> None:
    await network.add_token("DRIVER-7")
    station = await network.station("TORINO-1", dialect)
    station.plug_in(1)
    await network.settle()

    started = await network.tell(
        station, StartCharging(TokenRef("DRIVER-7"), number=7, evse=EvseNumber(1))
    )
    await network.pass_time(timedelta(minutes=5))
    [running] = await network.transactions(station)
    stopped = await network.tell(station, StopCharging(running.ref))
    await network.pass_time(timedelta(minutes=1))
    [ended] = await network.transactions(station)

    assert started.outcome is Outcome.ACCEPTED
    assert running.is_running
    assert stopped.outcome is Outcome.ACCEPTED
    assert not ended.is_running
    assert ended.end_reason == "Remote"


async def test_what_was_charged_out_of_reach_is_told_later_and_lost_never(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    begun_wh = station.register_wh(1)
    await network.pass_time(timedelta(minutes=5))

    await network.cut(station)
    await network.pass_time(HALF_AN_HOUR)
    station.present("04A1B2C3", 1)
    station.unplug(1)
    [meanwhile] = await network.transactions(station)
    await network.connect(station)
    await network.pass_time(timedelta(minutes=1))

    [transaction] = await network.transactions(station)
    assert meanwhile.is_running, "a lost connection ends no transaction"
    assert not transaction.is_running
    assert transaction.energy.energy_wh == station.register_wh(1) - begun_wh


async def test_a_transaction_goes_on_when_the_server_was_killed(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    begun_wh = station.register_wh(1)
    await network.pass_time(timedelta(minutes=5))

    await network.restart_engine()
    await network.pass_time(timedelta(minutes=5))
    await network.connect(station)
    await network.pass_time(timedelta(minutes=5))
    station.present("04A1B2C3", 1)
    station.unplug(1)
    await network.settle()

    [transaction] = await network.transactions(station)
    assert not transaction.is_running
    assert transaction.energy.energy_wh == station.register_wh(1) - begun_wh


async def test_every_acknowledged_fact_is_in_the_database_as_it_was_told(
    network: World, dialect: Dialect
) -> None:
    station = await charging(network, dialect)
    await network.pass_time(HALF_AN_HOUR)

    [transaction] = await network.transactions(station)
    assert station.queued == 0
    assert transaction.energy.last is not None
    assert transaction.energy.last.register_wh <= station.register_wh(1)
    assert key_of(station) == transaction.station
