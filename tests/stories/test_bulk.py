"""One command for many stations."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
import sqlalchemy as sa

from ricarica.energy.queries import EnergyQueries
from ricarica.engine import bulk, commands
from ricarica.engine.bulk import BACK_WITHIN, Job, JobState, Manner
from ricarica.engine.queries.telling import BulkQueries, JobView, KeptQueries
from ricarica.engine.sayings import Saying, check_saying
from ricarica.engine.sql import BULK_JOBS, BULK_TARGETS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import InvalidError, NotFoundError, StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.ocpp.dialects import DIALECTS, V16, V21, V201, Dialect
from ricarica.simulator.simulated import SimulatedStation
from ricarica.stations.commands import Outcome, Result
from ricarica.stations.service import Preparation
from ricarica.storage.database import Expect, Run, Staged
from ricarica.testing.world import World, key_of

SOON = timedelta(seconds=10)
HOUR = timedelta(hours=1)
YEAR = timedelta(days=365)


async def fleet(network: World, number: int, dialect: Dialect = V16) -> list[SimulatedStation]:
    return [await network.station(f"ROMA-{at}", dialect) for at in range(1, number + 1)]


async def begin(
    network: World,
    stations: list[SimulatedStation],
    manner: Manner,
    saying: Saying | None = None,
) -> str:
    job = Job(
        DEFAULT_TENANT,
        network.ids.new(),
        saying or Saying("clear-cache", {}),
        {},
        "anna",
        network.clock.now(),
        manner,
    )

    async def write(unit: UnitOfWork) -> None:
        bulk.begin(unit, job, [StationId(station.identity) for station in stations])

    await network._soon(network.engine.post(DEFAULT_TENANT, write))
    return job.id


async def look(network: World, job: str) -> JobView:
    view = await BulkQueries(network.database).job(DEFAULT_TENANT, job)
    assert view is not None
    return view


async def test_many_stations_are_limited_and_kept_so(network: World) -> None:
    stations = [await network.station(f"ROMA-{each}", each) for each in DIALECTS]
    saying = Saying("charging-limit", {"limit": "10.5", "unit": "A", "purpose": "tx_default"})

    job = await begin(network, stations, Manner(pace=600), saying)
    await network.pass_time(SOON * 2, SOON)

    view = await look(network, job)
    assert (view.job.state, view.counts) == (JobState.DONE, {"accepted": 3})
    for station in stations:
        known = await EnergyQueries(network.database).station(key_of(station), network.clock.now())
        [profile] = known.profiles
        assert profile.wanted is not None
        assert (profile.is_in_step, profile.wanted.period.limit) == (True, Decimal("10.5"))


async def test_who_has_no_word_for_it_is_not_told_again(network: World) -> None:
    station = await network.station("ROMA-1", V16)
    saying = Saying("charging-limit", {"limit": 8, "purpose": "priority"})

    job = await begin(network, [station], Manner(pace=600), saying)
    await network.pass_time(SOON * 2, SOON)

    known = await EnergyQueries(network.database).station(key_of(station), network.clock.now())
    assert (await look(network, job)).counts == {"unsupported": 1}
    assert [profile.outcome for profile in known.profiles] == ["unsupported"]


@pytest.mark.parametrize(
    "saying",
    [
        Saying("charging-limit", {"limit": "much"}),
        Saying("set-profile", {"evse": 0}),
        Saying("composite", {"evse": 0, "days": 1}),
        Saying("clear-der", {}),
        Saying("availability", {"operative": False, "connector": 1}),
    ],
    ids=lambda saying: saying.name,
)
def test_what_makes_no_sense_is_refused_before_anybody_is_told(saying: Saying) -> None:
    with pytest.raises(InvalidError, match=saying.name):
        check_saying(saying, ["2.1"])


async def test_every_station_is_told_in_its_own_words(network: World) -> None:
    stations = [await network.station(f"ROMA-{each}", each) for each in DIALECTS]

    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(SOON * 2, SOON)

    view = await look(network, job)
    assert view.counts == {"accepted": 3}
    assert view.job.state is JobState.DONE


async def test_the_pace_is_kept(network: World) -> None:
    job = await begin(network, await fleet(network, 4), Manner(pace=6))

    await network.pass_time(SOON, SOON)

    assert (await look(network, job)).counts == {"accepted": 1, "waiting": 3}


async def test_what_is_away_is_skipped(network: World) -> None:
    stations = await fleet(network, 2)
    await network.cut(stations[0])

    await network.pass_time(BACK_WITHIN)
    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(SOON * 2, SOON)

    assert (await look(network, job)).counts == {"accepted": 1, "skipped": 1}


async def test_what_is_away_may_be_told_when_it_is_back(network: World) -> None:
    [station] = await fleet(network, 1)
    await network.cut(station)
    until = network.clock.now() + timedelta(hours=1)

    job = await begin(network, [station], Manner(pace=600, keep_until=until))
    await network.pass_time(SOON * 2, SOON)
    assert (await look(network, job)).counts == {"kept": 1}
    await network.connect(station)
    await network.pass_time(timedelta(seconds=70), SOON)

    assert (await look(network, job)).counts == {"accepted": 1}


async def test_too_many_failures_stop_it(network: World) -> None:
    refused = Saying("DataTransfer", {"vendorId": "com.example"})

    job = await begin(network, await fleet(network, 5), Manner(pace=12, failures_max=2), refused)
    await network.pass_time(timedelta(minutes=1), SOON)

    view = await look(network, job)
    assert view.job.state is JobState.STOPPED
    assert view.counts["cancelled"] >= 1


@pytest.mark.parametrize("dialect", [V201, V21], ids=str)
async def test_who_takes_none_of_the_values_has_not_accepted(
    network: World, dialect: Dialect
) -> None:
    place = {"component": {"name": "Kitchen"}, "variable": {"name": "Colour"}}
    body = {"setVariableData": [{**place, "attributeValue": "red"}]}

    stations = await fleet(network, 3, dialect)
    job = await begin(
        network, stations, Manner(pace=12, failures_max=1), Saying("SetVariables", body)
    )
    await network.pass_time(timedelta(minutes=1), SOON)

    view = await look(network, job)
    assert (view.job.state, view.counts["unsupported"]) == (JobState.STOPPED, 2)


async def test_a_cancelled_job_tells_nobody_else(network: World) -> None:
    job = await begin(network, await fleet(network, 3), Manner(pace=6))
    await network.pass_time(SOON, SOON)

    await network._soon(
        network.engine.post(DEFAULT_TENANT, lambda unit: bulk.cancel(unit, DEFAULT_TENANT, job))
    )
    await network.pass_time(timedelta(minutes=1), SOON)

    view = await look(network, job)
    assert view.job.state is JobState.CANCELLED
    assert view.counts == {"accepted": 1, "cancelled": 2}


async def test_a_job_goes_on_after_a_restart(network: World) -> None:
    stations = await fleet(network, 2)
    job = await begin(network, stations, Manner(pace=6))
    await network.pass_time(SOON, SOON)

    await network.restart_engine()
    for station in stations:
        await network.connect(station)
    await network.pass_time(timedelta(minutes=1), SOON)

    assert (await look(network, job)).counts == {"accepted": 2}


async def test_a_job_that_waited_for_its_server_goes_on_at_its_pace(network: World) -> None:
    job = await begin(network, await fleet(network, 6), Manner(pace=6))
    await network.pass_time(SOON, SOON)

    network.clock.pass_time(timedelta(hours=1))
    await network.pass_time(SOON * 2, SOON)

    assert (await look(network, job)).counts == {"accepted": 3, "waiting": 3}


async def test_a_job_for_nobody_is_refused(network: World) -> None:
    with pytest.raises(InvalidError, match="no station"):
        await begin(network, [], Manner())


async def test_who_was_being_told_when_the_server_died_is_not_told_twice(network: World) -> None:
    stations = await fleet(network, 2)
    job = await begin(network, stations, Manner(pace=600))

    async def die(unit: UnitOfWork) -> None:
        first = BULK_TARGETS.c.station == stations[0].identity
        unit.work.run(sa.update(BULK_TARGETS).where(first).values(state="sent"))

    await network._soon(network.engine.post(DEFAULT_TENANT, die))
    await network.pass_time(SOON * 2, SOON)

    assert (await look(network, job)).counts == {"accepted": 1, "unknown": 1}


async def test_a_clock_that_was_ahead_and_is_put_right_holds_no_job_up(network: World) -> None:
    stations = await fleet(network, 4)
    network.clock.pass_time(YEAR)
    job = await begin(network, stations, Manner(pace=6))
    await network.pass_time(SOON, SOON)

    network.clock.pass_time(-YEAR)
    await network.pass_time(timedelta(minutes=1), SOON)

    assert (await look(network, job)).counts == {"accepted": 4}


async def test_a_job_that_was_taken_by_a_clock_that_was_ahead_is_taken_again(
    network: World,
) -> None:
    job = await begin(network, await fleet(network, 1), Manner())

    async def take(unit: UnitOfWork) -> None:
        taken_until = unit.slices.now + YEAR
        unit.work.run(sa.update(BULK_JOBS).values(lease_until=taken_until, paced_at=taken_until))

    await network._soon(network.engine.post(DEFAULT_TENANT, take))
    await network.pass_time(SOON * 2, SOON)

    assert (await look(network, job)).counts == {"accepted": 1}


def torn(
    network: World, state: str, monkeypatch: pytest.MonkeyPatch, *, is_kept: bool = True
) -> list[Staged]:
    """The first commit that notes this of a station fails, as far as anybody hears of it."""
    commit, lost = network.database.commit, list[Staged]()

    def is_of_it(each: Staged) -> bool:
        if not isinstance(each, Run) or each.statement.table is not BULK_TARGETS:
            return False
        return state in each.statement.compile().params.values()

    async def unanswered(staged: Sequence[Staged], expected: Expect | None = None) -> None:
        fails = not lost and any(map(is_of_it, staged))
        if is_kept or not fails:
            await commit(staged, expected)
        if fails:
            lost.extend(staged)
            raise StorageUnavailableError("the line broke before the answer")

    monkeypatch.setattr(network.database, "commit", unanswered)
    monkeypatch.setattr(commands, "NOTED_AGAIN_AFTER_S", (0.0,))
    return lost


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("state", ["sent", "accepted"])
async def test_a_commit_that_fails_once_makes_no_answer_unknown(
    network: World, state: str, monkeypatch: pytest.MonkeyPatch, *, is_kept: bool
) -> None:
    stations = await fleet(network, 4)
    lost = torn(network, state, monkeypatch, is_kept=is_kept)

    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(timedelta(minutes=3), SOON)

    assert lost
    assert (await look(network, job)).counts == {"accepted": 4}


async def test_what_is_away_is_kept_once_though_a_commit_failed(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    [station] = await fleet(network, 1)
    await network.cut(station)
    lost = torn(network, "kept", monkeypatch)
    until = network.clock.now() + timedelta(hours=1)

    job = await begin(network, [station], Manner(pace=600, keep_until=until))
    await network.pass_time(SOON * 2, SOON)

    assert lost
    assert (await look(network, job)).counts == {"kept": 1}
    assert len(await KeptQueries(network.database).kept(key_of(station))) == 1


async def test_what_goes_wrong_at_one_station_does_not_end_a_round_before_the_others_answered(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stations = await fleet(network, 2)
    may_answer = asyncio.Event()

    async def say(key: StationKey, _saying: Saying, _by: str) -> Result:
        if key == key_of(stations[0]):
            raise NotFoundError("it was removed")
        await may_answer.wait()
        return Result(Outcome.ACCEPTED)

    around = replace(network.engine.bulk._around, say=say)
    monkeypatch.setattr(network.engine.bulk, "_around", around)
    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(SOON, SOON)
    was_resting = network.engine.bulk.is_resting
    may_answer.set()
    await network.settle()

    assert not was_resting
    assert network.engine.bulk.is_resting
    assert (await look(network, job)).counts == {"accepted": 1, "sent": 1}


async def test_who_is_not_back_yet_after_a_restart_is_waited_for(network: World) -> None:
    stations = await fleet(network, 3)
    await network.pass_time(HOUR, HOUR)
    job = await begin(network, stations, Manner(pace=600))

    await network.restart_engine()
    await network.pass_time(SOON * 3, SOON)
    before = (await look(network, job)).counts
    for station in stations[:2]:
        await network.connect(station)
    await network.pass_time(SOON * 2, SOON)
    back = (await look(network, job)).counts
    await network.pass_time(BACK_WITHIN)

    view = await look(network, job)
    assert before == {"waiting": 3}
    assert back == {"accepted": 2, "waiting": 1}
    assert (view.job.state, view.counts) == (JobState.DONE, {"accepted": 2, "skipped": 1})


async def test_who_is_away_for_a_moment_keeps_nobody_else_waiting(network: World) -> None:
    stations = await fleet(network, 3)
    await network.cut(stations[0])

    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(SOON, SOON)
    soon = (await look(network, job)).counts
    await network.pass_time(SOON * 3, SOON)

    assert soon == {"accepted": 2, "waiting": 1}
    assert (await look(network, job)).counts == {"accepted": 2, "skipped": 1}


async def test_who_never_came_is_not_waited_for(network: World) -> None:
    station = network.build("ROMA-1", V16)
    await network.carry_out(
        lambda slices: slices.stations.prepare(key_of(station), Preparation(), slices.now)
    )

    job = await begin(network, [station], Manner())
    await network.pass_time(SOON, SOON)

    assert (await look(network, job)).counts == {"skipped": 1}


async def test_a_server_that_stops_leaves_the_rest_of_a_job_to_the_next(
    network: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stations = await fleet(network, 5)
    monkeypatch.setattr(bulk, "AT_ONCE_MAX", 2)
    results = [Result(Outcome.ACCEPTED), Result(Outcome.UNREACHED, detail="sent off")]
    is_stopping = asyncio.Event()

    async def say(_key: StationKey, _saying: Saying, _by: str) -> Result:
        await is_stopping.wait()
        return results.pop()

    runner = network.engine.bulk
    monkeypatch.setattr(runner, "_around", replace(runner._around, say=say))
    job = await begin(network, stations, Manner(pace=600))
    await network.pass_time(SOON, SOON)

    draining = asyncio.ensure_future(runner.drain())
    await asyncio.sleep(0)
    is_stopping.set()
    await network._soon(draining)
    await network.pass_time(SOON * 2, SOON)

    assert (await look(network, job)).counts == {"accepted": 1, "waiting": 4}
    await network.restart_engine()
    for station in stations:
        await network.connect(station)
    await network.pass_time(SOON * 2, SOON)
    assert (await look(network, job)).counts == {"accepted": 5}
