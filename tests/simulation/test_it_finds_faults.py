"""A simulation that finds nothing may be blind: it has to find faults that we put in."""

from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import structlog
from msgspec import structs

from ricarica.app.cluster import company_of
from ricarica.authorization import lists
from ricarica.energy.commands import ClearProfiles
from ricarica.energy.service import EnergyService
from ricarica.engine.batches import Batches
from ricarica.engine.company import Company
from ricarica.engine.dispatch import DeliveryJob
from ricarica.engine.mailbox import Job
from ricarica.engine.unit_of_work import Turns, UnitOfWork
from ricarica.kernel.ids import StationKey
from ricarica.link.bus import Bus
from ricarica.ocpp.session import Session, _OwnCall
from ricarica.reservations.commands import Reserve
from ricarica.reservations.service import ReservationService
from ricarica.stations.sql import STATIONS
from ricarica.storage.database import Expect
from ricarica.storage.work import Remembered, Work
from ricarica.tariffs import model
from ricarica.tariffs.model import Cost, Prices, Usage
from ricarica.transactions import counting, recognition, service
from ricarica.transactions.facts import Ended
from ricarica.transactions.model import EnergyTally, RegisterPoint
from tests.simulation import servers
from tests.simulation.lines import Manners
from tests.simulation.plan import Plan, plan_for
from tests.simulation.simulation import Outcome, simulate

WITHIN = 40  # seeds


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.configure(**before)


def first_failure(plan: Callable[[int], Plan] = plan_for) -> Outcome:
    for seed in range(1, WITHIN + 1):
        outcome = simulate(plan(seed))
        if outcome.failure is not None:
            return outcome
    raise AssertionError(f"{WITHIN} seeds did not find the fault")


def test_an_answer_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Batches._decide

    async def hasty(self: Batches, job: Job, work: Work, turns: Turns) -> Any:
        done = await decide(self, job, work, turns)
        if isinstance(job, DeliveryJob):
            job.release(done.result)
            job._reply = lambda _: None
        return done

    monkeypatch.setattr(Batches, "_decide", hasty)

    assert first_failure().invariant == "I1"


def test_the_message_id_taken_for_what_tells_a_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    current = ContextVar("current", default="")
    run = DeliveryJob.run

    async def with_id(self: DeliveryJob, unit: UnitOfWork) -> Any:
        current.set(self.delivered.message_id)
        return await run(self, unit)

    monkeypatch.setattr(DeliveryJob, "run", with_id)
    monkeypatch.setattr(service, "repeat_key", lambda _: current.get())

    assert first_failure().invariant in {"I1", "I2", "I3", "I8"}


def test_a_boot_taken_for_the_end_of_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    handle = DeliveryJob._handle

    async def tidying(self: DeliveryJob, *given: Any) -> Any:
        key, at = self.delivered.key, self.delivered.at
        unit = next(each for each in given if isinstance(each, UnitOfWork))
        if self.delivered.action == "BootNotification":
            for running in await unit.slices.transactions.running_at(key):
                ended = Ended(station=key, at=at, received_at=at, ref=running.ref, reason="Reboot")
                await unit.slices.transactions.record(ended)
        return await handle(self, *given)

    monkeypatch.setattr(DeliveryJob, "_handle", tidying)

    assert first_failure().invariant in {"I1", "I2", "I7"}


def test_a_memory_that_outlives_a_failed_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Remembered, "forget", lambda *_: None)

    def with_failing_commits(seed: int) -> Plan:
        return replace(plan_for(seed), flaky_commits=0.1)

    assert first_failure(with_failing_commits).invariant == "I1"


def test_a_node_that_writes_for_stations_that_left_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_fence(bus: Bus) -> Company:
        return replace(company_of(bus), expect=lambda _: Expect(STATIONS, "epoch", []))

    def with_two_nodes(seed: int) -> Plan:
        plan = plan_for(seed, nodes=2)
        stations = tuple(
            replace(each, identity=f"{each.identity}-{number}", stays_s=10.0)
            for each in plan.stations
            for number in range(4)
        )
        manners = Manners(latency_s=0.3, spread_s=2.0, late=0.9)
        return replace(plan, stations=stations, manners=manners, outages=300.0)

    monkeypatch.setattr(servers, "company_of", without_fence)

    assert first_failure(with_two_nodes).invariant in {"I1", "I10"}


def test_a_repeat_that_counts_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recognition, "may_be_repeat", lambda *_: False)

    assert first_failure().invariant in {"I1", "I3"}


def test_a_silence_towards_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    release = DeliveryJob.release
    answered = 0

    def forgetful(self: DeliveryJob, result: Any) -> None:
        nonlocal answered
        answered += 1
        if answered % 10:
            release(self, result)

    monkeypatch.setattr(DeliveryJob, "release", forgetful)

    assert first_failure().invariant in {"I14", "I24"}


def test_an_event_that_leaves_before_its_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Batches._decide

    async def hasty(self: Batches, job: Job, work: Work, turns: Turns) -> Any:
        done = await decide(self, job, work, turns)
        self._publish(done.unit.announced, [])
        return done

    monkeypatch.setattr(Batches, "_decide", hasty)

    assert first_failure().invariant == "I2"


def test_a_stranger_who_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DeliveryJob, "_may_not_speak", lambda *_: None)

    assert first_failure().invariant == "I11"


def test_a_second_call_before_the_first_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def at_once(  # as `Session.call`
        self: Session,
        action: str,
        payload: bytes,
        now: float,
        timeout_s: float,
        tag: Any,
        *,
        is_urgent: bool = False,
    ) -> None:
        call = _OwnCall(self._new_id(), action, payload, timeout_s, tag, is_urgent)
        self._send_call(call, now)

    monkeypatch.setattr(Session, "call", at_once)

    assert first_failure().invariant == "I9"


def test_energy_that_is_counted_again_with_each_message(monkeypatch: pytest.MonkeyPatch) -> None:
    step = EnergyTally.step

    def greedy(self: EnergyTally, point: RegisterPoint) -> EnergyTally:
        stepped = step(self, point)
        return structs.replace(stepped, energy_wh=stepped.energy_wh + stepped.energy_wh)

    monkeypatch.setattr(EnergyTally, "step", greedy)

    assert first_failure().invariant in {"I4", "I5"}


def test_a_cost_that_forgets_what_is_charged_for_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cost_of = model.cost_of

    def generous(prices: Prices, usage: Usage) -> Cost:
        return cost_of(replace(prices, per_session=Decimal(0)), usage)

    monkeypatch.setattr(counting, "cost_of", generous)

    assert first_failure().invariant == "I4"


def with_wishes(seed: int) -> Plan:
    return replace(plan_for(seed), wishes=300.0, lists=True, clock_jumps=0.0)


def test_a_reservation_that_is_held_whatever_the_station_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = ReservationService.answered

    async def hopeful(
        self: ReservationService, key: StationKey, command: Reserve, _status: str, at: datetime
    ) -> None:
        await answered(self, key, command, "Accepted", at)

    monkeypatch.setattr(ReservationService, "answered", hopeful)

    assert first_failure(with_wishes).invariant == "I19"


def test_a_profile_that_is_forgotten_before_the_station_has_heard(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def hasty(self: EnergyService, station: StationKey, id: int) -> ClearProfiles:
        await self.cleared(station, ClearProfiles(id))
        return ClearProfiles(id)

    monkeypatch.setattr(EnergyService, "unwant", hasty)

    assert first_failure(with_wishes).invariant == "I20"


def test_a_list_whose_version_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "accepted", lambda known, *_: known)

    assert first_failure(with_wishes).invariant == "I21"
