"""What is wanted of a station is stored, and the station is brought nearer to it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from ricarica.authorization.commands import ClearCache
from ricarica.engine import commands
from ricarica.engine.queries.telling import UpkeepQueries
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.engine.upkeep import Standing, State, Upkeep
from ricarica.kernel.errors import StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, EvseNumber, StationKey
from ricarica.ocpp.dialects import V16, Dialect
from ricarica.reservations import service
from ricarica.reservations.model import ReservationState
from ricarica.reservations.queries import ReservationQueries
from ricarica.simulator.simulated import SimulatedStation
from ricarica.slices import Slices
from ricarica.stations.commands import Outcome, Result, TransferData, Unlock, Wait
from ricarica.stations.model import Acceptance
from ricarica.stations.service import Preparation
from ricarica.testing.world import World, key_of, world

SOON = timedelta(seconds=5)
YEAR = timedelta(days=365)


@dataclass
class Wish:
    """Something that stations shall be told a few times."""

    left: int = 0
    command: object = field(default_factory=ClearCache)
    asked: list[StationKey] = field(default_factory=list)
    error: Exception | None = None

    async def step(self, _slices: Slices, key: StationKey) -> object | None:
        self.asked.append(key)
        if self.error:
            raise self.error
        if not self.left:
            return None
        self.left -= 1
        return self.command


@pytest.fixture
async def wish(network: World) -> Wish:
    wish = Wish()
    network.upkeeps = (Upkeep("wish", wish.step),)
    await network.restart_engine()
    return wish


async def standing(network: World, station: SimulatedStation) -> Standing | None:
    found = await UpkeepQueries(network.database).standings(key_of(station))
    return found[0] if found else None


def told(network: World, station: SimulatedStation, action: str) -> int:
    frames = network.frames[key_of(station).station].to_station
    return sum(f'"{action}"' in frame for frame in frames)


async def test_a_station_that_booted_is_told_what_is_missing(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    wish.left = 1

    station = await network.station("ROMA-1", dialect)

    assert told(network, station, "ClearCache") == 1
    assert (found := await standing(network, station))
    assert found.state is State.IN_STEP


async def test_nothing_is_said_before_the_boot_is_answered(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    wish.left = 1
    station = network.build("ROMA-1", dialect)
    await network.connect_only(station)

    await network.pass_time(timedelta(seconds=55))

    assert not wish.asked


async def test_a_station_that_never_boots_is_told_after_a_minute(
    network: World, wish: Wish
) -> None:
    wish.left = 1
    station = network.build("ROMA-1", V16)
    await network.connect_only(station)

    await network.pass_time(timedelta(seconds=65), timedelta(seconds=5))

    assert told(network, station, "ClearCache") == 1


async def test_a_station_that_is_not_accepted_is_told_nothing(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    wish.left = 1
    station = network.build("ROMA-1", dialect)
    await network.carry_out(
        lambda slices: slices.stations.prepare(
            key_of(station), Preparation(Acceptance.PENDING), slices.now
        )
    )

    await network.connect(station)
    await network.pass_time(timedelta(minutes=5))

    assert not wish.asked


async def test_a_slice_that_wants_something_else_says_so(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    station = await network.station("ROMA-1", dialect)
    wish.left = 1

    network.engine.bring(key_of(station), "wish")
    await network.settle()

    assert told(network, station, "ClearCache") == 1


async def test_a_refusal_is_shown_and_tried_again_later(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    wish.left, wish.command = 9, TransferData("com.example", "hello")
    station = await network.station("ROMA-1", dialect)

    assert (found := await standing(network, station))
    assert (found.state, found.tries) == (State.REFUSED, 1)
    assert told(network, station, "DataTransfer") == 1
    await network.pass_time(timedelta(minutes=1) + SOON, SOON)
    assert told(network, station, "DataTransfer") == 2


async def test_what_a_clock_put_off_that_was_ahead_is_said_once_it_is_right(
    network: World, wish: Wish
) -> None:
    wish.left, wish.command = 9, TransferData("com.example", "hello")
    network.clock.pass_time(YEAR)
    station = await network.station("ROMA-1", V16)
    assert (found := await standing(network, station))
    assert found.state is State.REFUSED

    network.clock.pass_time(-YEAR)
    await network.pass_time(SOON, SOON)

    assert told(network, station, "DataTransfer") == 2


async def test_somebody_may_want_it_tried_at_once(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    wish.left, wish.command = 9, TransferData("com.example", "hello")
    station = await network.station("ROMA-1", dialect)

    network.engine.bring(key_of(station), anew=True)
    await network.settle()

    assert told(network, station, "DataTransfer") == 2


async def test_a_person_does_not_wait_for_upkeep_that_is_not_answered(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    station = await network.station("ROMA-1", dialect)
    station.misbehaviour.ignores_calls = True
    wish.left = 1
    network.engine.caretaker.bring(key_of(station))
    await network.settle()
    assert told(network, station, "ClearCache") == 1

    commands = network.engine.commands
    unlock = asyncio.ensure_future(commands.tell(key_of(station), Unlock(EvseNumber(1)), "ada"))
    await network.settle()
    await network.pass_time(timedelta(seconds=9), timedelta(seconds=9))
    before = told(network, station, "UnlockConnector")
    await network.pass_time(timedelta(seconds=1))
    after = told(network, station, "UnlockConnector")
    await network.pass_time(timedelta(seconds=30))

    assert (before, after) == (0, 1)
    assert unlock.done()
    assert unlock.result().waited == Wait("ClearCache", 10_000)


async def test_a_station_that_comes_back_is_looked_after(
    network: World, dialect: Dialect, wish: Wish
) -> None:
    station = await network.station("ROMA-1", dialect)
    await network.cut(station)
    wish.left = 1

    await network.connect(station)
    await network.pass_time(timedelta(seconds=65), SOON)

    assert told(network, station, "ClearCache") == 1


async def test_what_one_slice_wants_in_vain_keeps_no_other_from_it(
    network: World, dialect: Dialect
) -> None:
    refused = Wish(9, TransferData("com.example", "hello"))
    wanted = Wish(1)
    network.upkeeps = (Upkeep("refused", refused.step), Upkeep("wanted", wanted.step))
    await network.restart_engine()

    station = await network.station("ROMA-1", dialect)

    assert told(network, station, "DataTransfer") == 1
    assert told(network, station, "ClearCache") == 1


async def test_a_station_that_has_just_booted_is_left_alone_for_a_while(dialect: Dialect) -> None:
    async with world() as network:
        network.engine.caretaker._after_boot = timedelta(minutes=1)

        station = await network.station("BERGAMO-9", dialect)
        frames = network.frames[key_of(station).station].to_station
        at_once = [text for text in frames if text.startswith("[2,")]
        await network.pass_time(timedelta(minutes=2))

        assert at_once == []
        assert [text for text in frames if text.startswith("[2,")]


@pytest.mark.parametrize(
    ("error", "time"),
    [
        (StorageUnavailableError("no disk"), timedelta(minutes=1)),
        (KeyError("x"), timedelta(days=1)),
    ],
    ids=["storage", "fault"],
)
async def test_a_station_that_stays_connected_is_looked_after_once_more_when_it_went_wrong(
    network: World, wish: Wish, error: Exception, time: timedelta
) -> None:
    wish.left, wish.error = 1, error
    station = await network.station("ROMA-1", V16)
    assert not told(network, station, "ClearCache")
    wish.error = None

    await network.pass_time(time + SOON, time / 2)

    assert told(network, station, "ClearCache") == 1


async def test_what_did_not_reach_a_station_that_stays_connected_is_said_again(
    network: World, wish: Wish, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def crowded(_station: StationKey, _command: object) -> Result:
        return Result(Outcome.UNREACHED, detail="too many calls are waiting")

    wish.left, around = 2, network.engine.caretaker._around
    monkeypatch.setattr(network.engine.caretaker, "_around", replace(around, tell=crowded))
    station = await network.station("ROMA-1", V16)
    monkeypatch.undo()

    await network.pass_time(timedelta(minutes=1) + SOON, SOON)

    assert told(network, station, "ClearCache") == 1


async def test_what_a_station_did_is_noted_though_the_database_was_away_just_then(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await network.add_token("04A1B2C3")
    station = await network.station("ROMA-1", V16)
    wanted = service.Wish("04A1B2C3", network.clock.now() + timedelta(hours=1), EvseNumber(1))
    command = await network.carry_out(
        lambda slices: slices.reservations.prepare(key_of(station), wanted, slices.now)
    )
    errors = [StorageUnavailableError("no disk") for _ in range(3)]
    noted = network.engine.commands._afterwards

    def away(key: StationKey, work: Callable[[UnitOfWork], Awaitable[None]]) -> Awaitable[None]:
        if errors and "_remember" in work.__qualname__:
            raise errors.pop()
        return noted(key, work)

    monkeypatch.setattr(network.engine.commands, "_afterwards", away)
    monkeypatch.setattr(commands, "NOTED_AGAIN_AFTER_S", (0.0, 0.0, 0.0))

    await network.tell(station, command)

    page = await ReservationQueries(network.database).reservations(DEFAULT_TENANT)
    assert [each.state for each in page.items] == [ReservationState.HELD]
