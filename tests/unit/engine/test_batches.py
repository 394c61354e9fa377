import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.authorization.service import TokenChanges
from ricarica.authorization.sql import TOKENS
from ricarica.engine import batches
from ricarica.engine.jobs import UnexpectedError
from ricarica.engine.sql import OUTBOX, TIMERS
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.errors import ConflictError, NotFoundError, StorageUnavailableError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.storage.database import Run
from tests.unit.engine.conftest import Bench, Doing

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))


@dataclass(frozen=True)
class SomethingHappened:
    station: StationKey | None
    what: str


@dataclass(frozen=True)
class PassingNews:
    station: StationKey | None
    passing: bool = True


def writing(subject: str, *, fault: Exception | None = None) -> Doing:
    async def write(unit: UnitOfWork) -> str:
        unit.work.add(TIMERS, (DEFAULT_TENANT, "test", subject, NOON))
        unit.announce(SomethingHappened(KEY, subject))
        unit.tell(KEY, f"about {subject}")
        if fault is not None:
            raise fault
        return subject

    return write


async def test_all_that_waits_is_written_in_one_commit_and_answered(bench: Bench) -> None:
    errands = [bench.errand(writing(name)) for name in ("a", "b", "c")]

    await bench.batches.once()

    assert bench.database.commits == 1
    assert [await errand.done for errand in errands] == ["a", "b", "c"]
    assert await bench.timers() == ["a", "b", "c"]
    assert (bench.batches.counts.batches, bench.batches.counts.jobs) == (1, 3)


async def test_nothing_is_answered_or_published_before_the_commit(bench: Bench) -> None:
    errand = bench.errand(writing("a"))
    commit = bench.database.commit
    seen: list[tuple[bool, int]] = []

    async def look_and_commit(staged: Any, expected: Any = None) -> None:
        seen.append((errand.done.done(), len(bench.published)))
        await commit(staged, expected)

    bench.database.commit = look_and_commit  # type: ignore[method-assign]  # to look in between
    await bench.settle()

    assert seen == [(False, 0)]
    assert errand.done.done()
    assert [each.kind for each in bench.published] == ["SomethingHappened"]
    assert bench.told == [(KEY, "about a")]


async def test_a_batch_begins_although_each_turn_of_the_event_loop_brings_one_more(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn may take long, for others."""
    monkeypatch.setattr(batches, "GATHER_S", 0.0)
    came, came_until_first = 0, 0

    async def first(_unit: UnitOfWork) -> None:
        nonlocal came_until_first
        came_until_first = came

    async def another(_unit: UnitOfWork) -> None:
        pass

    running = asyncio.ensure_future(bench.batches.run())
    errand = bench.errand(first)
    while not errand.done.done():
        bench.errand(another)
        came += 1
        await asyncio.sleep(0)
    running.cancel()

    assert came_until_first < batches.BATCH_MAX / 10


@pytest.mark.parametrize("fault", [NotFoundError("gone"), ZeroDivisionError("a fault of ours")])
async def test_who_fails_leaves_the_others_writes_and_nothing_of_its_own(
    bench: Bench, fault: Exception
) -> None:
    before = bench.errand(writing("before"))
    failing = bench.errand(writing("failing", fault=fault))
    after = bench.errand(writing("after"))

    await bench.settle()

    assert (await before.done, await after.done) == ("before", "after")
    with pytest.raises(NotFoundError if isinstance(fault, NotFoundError) else UnexpectedError):
        await failing.done
    assert sorted(await bench.timers()) == ["after", "before"]
    assert [each.event.what for each in bench.published] == ["before", "after"]  # type: ignore[attr-defined]  # the event above
    assert bench.told == [(KEY, "about before"), (KEY, "about after")]


async def test_a_fault_of_ours_tells_nothing_of_our_insides(bench: Bench) -> None:
    failing = bench.errand(writing("x", fault=ZeroDivisionError("secret")))

    await bench.settle()

    with pytest.raises(UnexpectedError) as told:
        await failing.done
    assert "secret" not in str(told.value)


async def test_what_contradicts_the_database_fails_alone(bench: Bench) -> None:
    bench.errand(writing("taken"))
    await bench.settle()

    before = bench.errand(writing("before"))
    repeated = bench.errand(writing("taken"))
    after = bench.errand(writing("after"))
    await bench.settle()

    assert (await before.done, await after.done) == ("before", "after")
    with pytest.raises(ConflictError):
        await repeated.done
    assert sorted(await bench.timers()) == ["after", "before", "taken"]


async def test_most_share_their_commits_although_one_contradicts_the_database(bench: Bench) -> None:
    bench.errand(writing("taken"))
    await bench.settle()
    before = bench.database.commits

    errands = [bench.errand(writing("taken" if n == 37 else str(n))) for n in range(100)]
    await bench.batches.once()

    assert sum(errand.done.exception() is None for errand in errands) == 99
    assert bench.database.commits - before < 10


async def test_a_value_that_no_column_holds_fails_alone(bench: Bench) -> None:
    async def write_nonsense(unit: UnitOfWork) -> None:
        unit.work.add(TIMERS, (DEFAULT_TENANT, "test", "nonsense", "not a time"))

    nonsense = bench.errand(write_nonsense)
    other = bench.errand(writing("other"))

    await bench.settle()

    assert await other.done == "other"
    assert nonsense.done.exception() is not None
    assert await bench.timers() == ["other"]


async def test_what_another_process_outran_is_decided_again_on_what_it_wrote(bench: Bench) -> None:
    token = Token(DEFAULT_TENANT, "04AA", TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=NOON)
    bench.errand(lambda unit: unit.slices.authorization.add(token))
    await bench.settle()
    # Another process changes the row behind our back.
    elsewhere = sa.update(TOKENS).values(label="elsewhere", version=TOKENS.c.version + 1)
    await bench.database.commit([Run(elsewhere)])

    blocked = bench.errand(
        lambda unit: unit.slices.authorization.change(
            DEFAULT_TENANT, "04AA", TokenChanges(status=TokenStatus.BLOCKED)
        )
    )
    other = bench.errand(writing("other"))
    await bench.settle()

    assert (await blocked.done).label == "elsewhere"
    assert await other.done == "other"
    rows = await bench.database.fetch(sa.select(TOKENS.c.label, TOKENS.c.status))
    assert rows == [("elsewhere", "blocked")]


async def test_without_a_database_nobody_is_answered_and_afterwards_everybody(
    bench: Bench,
) -> None:
    bench.database.is_down = True
    lost = [bench.errand(writing(name)) for name in ("a", "b")]
    await bench.settle()
    for errand in lost:
        with pytest.raises(StorageUnavailableError):
            await errand.done
    assert bench.published == []
    assert bench.batches.counts.failed == {"unavailable": 1}

    bench.database.is_down = False
    again = bench.errand(writing("a"))
    await bench.settle()

    assert await again.done == "a"
    assert await bench.timers() == ["a"]


async def test_what_was_not_committed_is_not_remembered(bench: Bench) -> None:
    token = Token(DEFAULT_TENANT, "04AA", TokenKind.ISO14443, TokenStatus.ACTIVE, created_at=NOON)
    adding = bench.errand(lambda unit: unit.slices.authorization.add(token))
    commit = bench.database.commit

    async def refuse(staged: Any, expected: Any = None) -> None:
        raise StorageUnavailableError("in the middle of the commit")

    bench.database.commit = refuse  # type: ignore[method-assign]  # reading works, writing does not
    await bench.settle()
    bench.database.commit = commit  # type: ignore[method-assign]  # and back
    again = bench.errand(lambda unit: unit.slices.authorization.add(token))
    await bench.settle()

    assert isinstance(adding.done.exception(), StorageUnavailableError)
    assert (await again.done).uid == "04AA"  # no conflict with what never was


async def test_who_does_not_wait_any_more_stops_nobody(bench: Bench) -> None:
    gone = bench.errand(writing("gone"))
    gone.done.cancel()
    other = bench.errand(writing("other"))

    await bench.settle()

    assert await other.done == "other"
    assert sorted(await bench.timers()) == ["gone", "other"]


async def test_news_are_kept_for_who_comes_back_unless_they_are_passing(bench: Bench) -> None:
    async def announce(unit: UnitOfWork) -> None:
        unit.announce(SomethingHappened(KEY, "lasting"))
        unit.announce(PassingNews(KEY))

    bench.errand(announce)
    await bench.settle()

    assert [each.kind for each in bench.published] == ["SomethingHappened", "PassingNews"]
    rows = await bench.database.fetch(sa.select(OUTBOX.c.kind, OUTBOX.c.station))
    assert rows == [("SomethingHappened", "CP-1")]


async def test_one_stations_jobs_see_each_other_in_order(bench: Bench) -> None:
    seen: list[int] = []

    def noting(number: int) -> Doing:
        async def note(unit: UnitOfWork) -> None:
            await asyncio.sleep(0)
            seen.append(number)

        return note

    for number in range(5):
        bench.errand(noting(number), "CP-1")
    await bench.settle()

    assert seen == [0, 1, 2, 3, 4]
    assert bench.batches.counts.batches == 5
