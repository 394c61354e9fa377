"""People are called when something happens that they have to look at."""

from datetime import timedelta

import pytest

from ricarica.alerts import service
from ricarica.alerts.model import Alert, AlertState
from ricarica.alerts.queries import AlertQueries
from ricarica.app import alerting
from ricarica.app.alerting import (
    ABSENT,
    ABSENT_EVERY,
    HEED,
    HEED_EVERY,
    alert_rings,
    forget_before,
)
from ricarica.engine.sql import OUTBOX
from ricarica.engine.timers import Ring
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.ocpp.dialects import V16, Dialect
from ricarica.simulator.blocks import monitoring
from ricarica.simulator.settings import Place
from ricarica.simulator.simulated import SimulatedStation
from ricarica.testing.world import World


async def ring(network: World, kind: str = HEED) -> None:
    """What the timer does every few seconds."""
    done = network.engine.post(DEFAULT_TENANT, lambda unit: _rung(kind, unit))
    await network.settle()
    await done


async def _rung(kind: str, unit: object) -> None:
    await alert_rings()[kind](unit, "")  # type: ignore[arg-type]  # the engine hands in its unit


async def tidy(network: World) -> None:
    """What is done every hour."""

    async def forget(unit: UnitOfWork) -> None:
        await forget_before(unit, unit.slices.now)

    done = network.engine.post(DEFAULT_TENANT, forget)
    await network.settle()
    await done


async def alerts(network: World) -> list[Alert]:
    return list((await AlertQueries(network.database).alerts(DEFAULT_TENANT)).items)


def break_lock(station: SimulatedStation) -> None:
    if station.dialect is V16:
        station.fault(1, "ConnectorLockFailure")
    else:
        place = Place("ConnectorPlugRetentionLock", "Problem", evse=1, connector=1)
        monitoring.senses(station.core, place, "true")


@pytest.mark.usecase("G05")
async def test_a_lock_that_fails_calls_somebody(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await ring(network)

    break_lock(station)
    await network.settle()
    await ring(network)
    await ring(network)

    [alert] = await alerts(network)
    assert (alert.name, alert.state) == ("Connector lock failure", AlertState.OPEN)
    assert (alert.station, alert.count) == ("ROMA-1", 1)


async def test_an_error_that_is_gone_is_no_alert_any_more(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    await ring(network)
    station.fault(1, "GroundFailure")
    await network.settle()
    await ring(network)
    await network.pass_time(timedelta(minutes=1))

    station.clear_fault(1)
    await network.settle()
    await ring(network)

    [alert] = await alerts(network)
    assert (alert.name, alert.state, alert.by) == ("Ground failure", AlertState.RESOLVED, None)


async def test_a_station_that_is_away_for_long_calls_somebody(
    network: World, dialect: Dialect
) -> None:
    station = await network.station("ROMA-1", dialect)

    await network.cut(station)
    await network.pass_time(timedelta(minutes=31))
    await ring(network, ABSENT)
    [alert] = await alerts(network)
    await network.connect(station)
    await ring(network, ABSENT)

    assert (alert.name, alert.state) == ("Station offline", AlertState.OPEN)
    assert (await alerts(network))[0].state is AlertState.RESOLVED


async def test_a_station_that_is_away_for_ever_calls_once(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    await network.cut(station)
    network.clock.pass_time(timedelta(days=100))

    await ring(network, ABSENT)
    [alert] = await alerts(network)
    await tidy(network)
    await ring(network, ABSENT)

    assert [each.id for each in await alerts(network)] == [alert.id]


async def test_what_happened_before_there_were_rules_calls_nobody(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    station.fault(1, "GroundFailure")
    await network.settle()

    await ring(network)
    await ring(network)

    assert await alerts(network) == []


async def test_of_many_stations_that_are_away_each_calls_somebody(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerting, "ABSENT_AT_ONCE_MAX", 2)
    monkeypatch.setattr(service, "ABSENT_AT_ONCE_MAX", 2)
    stations = [await network.station(f"ROMA-{number}", V16) for number in range(1, 6)]
    for station in stations:
        await network.cut(station)
    await network.pass_time(timedelta(minutes=31))
    rings = alert_rings()

    looked = await rounds(network, rings[ABSENT])
    away = [alert.station for alert in await alerts(network) if alert.is_current]
    for station in stations[:4]:
        await network.connect(station)
    await rounds(network, rings[ABSENT])

    assert looked == [timedelta(), timedelta(), ABSENT_EVERY]
    assert sorted(away) == [station.identity for station in stations]
    assert [alert.station for alert in await alerts(network) if alert.is_current] == ["ROMA-5"]


async def rounds(network: World, ring: Ring) -> list[timedelta | None]:
    """As long as it says that there is more."""
    again: list[timedelta | None] = []
    while not again or again[-1] == timedelta():
        rung = network.engine.in_unit(DEFAULT_TENANT, lambda unit: ring(unit, ""))
        again.append(await network.soon(rung))
    return again


async def test_what_no_rule_asks_about_is_passed_over(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerting, "AT_ONCE_MAX", 1)
    monkeypatch.setattr(alerting, "MINUTE_OF_IDS", 3)
    station = await network.station("ROMA-1", V16)
    rings = alert_rings()
    await rounds(network, rings[HEED])
    for _ in range(5):
        await network.cut(station)
        await network.connect(station)
    station.fault(1, "GroundFailure")
    await network.settle()

    looked = await rounds(network, rings[HEED])

    assert [alert.name for alert in await alerts(network)] == ["Ground failure"]
    assert looked[-1] == HEED_EVERY
    assert len(looked) <= 3  # though much has happened
    assert len(await network.database.fetch(OUTBOX.select())) > 10
