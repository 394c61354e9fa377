"""Commands for stations that are away."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import pytest

from ricarica.energy.queries import EnergyQueries
from ricarica.engine import commands, keeping
from ricarica.engine.keeping import Kept, State
from ricarica.engine.queries.telling import KeptQueries
from ricarica.engine.sayings import Saying
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import StationKey
from ricarica.ocpp.dialects import V16, V21, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome
from ricarica.stations.service import Preparation
from ricarica.testing.world import World, key_of

HOUR = timedelta(hours=1)
PLAIN = Preparation()


async def keep(network: World, station: SimulatedStation, name: str, **body: object) -> str:
    key, now = key_of(station), network.clock.now()
    kept = Kept(key, network.ids.new(), Saying(name, body), "anna", now, now + HOUR)

    async def write(unit: UnitOfWork) -> None:
        await keeping.keep(unit, kept)

    await network._soon(network.engine.post(key.tenant, write))
    return kept.id


async def kept(network: World, station: SimulatedStation) -> list[Kept]:
    """The first to be kept first."""
    return list(reversed(await KeptQueries(network.database).kept(key_of(station))))


def told(network: World, station: SimulatedStation) -> list[str]:
    frames = network.frames[key_of(station).station].to_station
    actions = ("ClearCache", "ChangeAvailability", "TriggerMessage")
    return [action for frame in frames for action in actions if f'"{action}"' in frame]


async def test_a_station_that_was_away_is_told_in_order(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    await keep(network, station, "clear-cache")
    await keep(network, station, "availability", operative=False, evse=1)

    await network.connect(station)
    await network.pass_time(timedelta(seconds=65), timedelta(seconds=5))

    assert told(network, station) == ["ClearCache", "ChangeAvailability"]
    assert [each.outcome for each in await kept(network, station)] == [Outcome.ACCEPTED] * 2


async def test_controls_of_the_grid_wait_for_a_station_that_is_away(network: World) -> None:
    station = await network.station("ROMA-1", V21)
    await network.cut(station)
    gradient = {"gradient": 2, "soft_gradient": 1}
    await keep(network, station, "set-der", kind="gradients", is_default=True, gradient=gradient)
    await keep(network, station, "report-der")

    await network.connect(station)
    await network.pass_time(timedelta(seconds=65), timedelta(seconds=5))

    known = await EnergyQueries(network.database).station(key_of(station), network.clock.now())
    assert [each.outcome for each in await kept(network, station)] == [Outcome.ACCEPTED] * 2
    assert [held.held for held in known.controls] == [True]


async def test_what_came_too_late_is_not_said(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    await keep(network, station, "clear-cache")
    await network.pass_time(HOUR, HOUR)

    await network.connect(station)
    await network.pass_time(timedelta(seconds=65))

    assert not told(network, station)
    [late] = await kept(network, station)
    assert late.state_at(network.clock.now()) is State.EXPIRED


async def test_what_was_cancelled_is_not_said(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    number = await keep(network, station, "clear-cache")

    await network._soon(
        network.engine.post(
            key_of(station).tenant, lambda unit: keeping.cancel(unit, key_of(station), number)
        )
    )
    await network.connect(station)
    await network.pass_time(timedelta(seconds=65))

    assert not told(network, station)


async def test_nothing_is_said_before_the_boot_was_accepted(
    network: World, dialect: Dialect
) -> None:
    station = network.build("ROMA-1", dialect)
    await network.carry_out(
        lambda slices: slices.stations.prepare(key_of(station), PLAIN, slices.now)
    )
    await keep(network, station, "clear-cache")

    await network.connect(station)
    await network.settle()

    frames = network.frames[key_of(station).station]
    assert told(network, station) == ["ClearCache"]
    assert '"BootNotification"' in frames.from_station[0]
    assert '"Accepted"' in frames.to_station[0]


async def test_an_action_of_its_own_is_said_as_it_is(network: World, dialect: Dialect) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    await keep(network, station, "TriggerMessage", requestedMessage="Heartbeat")

    await network.connect(station)
    await network.pass_time(timedelta(seconds=65))

    [said] = await kept(network, station)
    assert (said.outcome, said.status) == (Outcome.ACCEPTED, "Accepted")


async def test_what_could_not_be_said_while_the_database_was_away_is_said_once_it_is_back(
    network: World, dialect: Dialect, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> list[object]:
        raise StorageUnavailableError("no disk")

    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    await keep(network, station, "clear-cache")
    monkeypatch.setattr(network.engine.speaker, "_carry_out", broken)
    await network.connect(station)
    await network.pass_time(timedelta(seconds=65), timedelta(seconds=5))
    [before] = await kept(network, station)
    monkeypatch.undo()

    await network.pass_time(timedelta(seconds=65), timedelta(seconds=5))

    [after] = await kept(network, station)
    assert (before.state, after.state) == (State.WAITING, State.DONE)
    assert after.outcome is Outcome.ACCEPTED


async def test_a_commit_that_fails_once_makes_no_answer_unknown(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = await network.station("ROMA-1", V16)
    await network.cut(station)
    await keep(network, station, "clear-cache")
    await keep(network, station, "availability", operative=False, evse=1)
    failures = [StorageUnavailableError("restarting")]
    note = network.engine.in_order

    async def away(key: StationKey, work: Callable[[UnitOfWork], Awaitable[None]]) -> None:
        if failures and isinstance(work, partial) and work.func is keeping._done:
            raise failures.pop()
        await note(key, work)

    monkeypatch.setattr(commands, "NOTED_AGAIN_AFTER_S", (0.0,))
    monkeypatch.setattr(network.engine.deliverer, "_note", away)
    await network.connect(station)
    await network.pass_time(timedelta(minutes=3), timedelta(seconds=5))

    assert not failures
    assert [each.outcome for each in await kept(network, station)] == [Outcome.ACCEPTED] * 2
