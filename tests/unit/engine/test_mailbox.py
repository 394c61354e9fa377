import asyncio
from collections.abc import Hashable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.engine.mailbox import Mailboxes, Wanted
from ricarica.engine.unit_of_work import UnitOfWork
from ricarica.kernel.ids import DEFAULT_TENANT, StationKey, TenantId


class Letter:
    def __init__(self, box: Hashable, number: int = 0, *, hurries: bool = True) -> None:
        self.box = box
        self.number = number
        self.hurries = hurries

    @property
    def tenant(self) -> TenantId:
        return DEFAULT_TENANT

    @property
    def connection(self) -> tuple[StationKey, int] | None:
        raise NotImplementedError

    def prepare(self, wanted: Wanted) -> None:
        raise NotImplementedError

    async def run(self, unit: UnitOfWork) -> Any:
        raise NotImplementedError

    def put_aside(self, unit: UnitOfWork, error: Exception) -> Any:
        raise NotImplementedError

    def release(self, result: Any) -> None:
        raise NotImplementedError

    def fail(self, error: BaseException) -> None:
        raise NotImplementedError


def names(taken: list[Any]) -> list[tuple[Hashable, int]]:
    return [(letter.box, letter.number) for letter in taken]


@pytest.fixture
def mailboxes() -> Mailboxes:
    return Mailboxes()


async def test_a_batch_has_one_letter_of_each_box(mailboxes: Mailboxes) -> None:
    for letter in (Letter("A", 1), Letter("A", 2), Letter("B", 1)):
        assert mailboxes.post(letter)

    assert names(mailboxes.take(10)) == [("A", 1), ("B", 1)]
    assert names(mailboxes.take(10)) == [("A", 2)]
    assert mailboxes.take(10) == []


async def test_who_waits_longest_is_served_first(mailboxes: Mailboxes) -> None:
    for letter in (Letter("A", 1), Letter("A", 2), Letter("B", 1), Letter("C", 1)):
        mailboxes.post(letter)

    assert names(mailboxes.take(2)) == [("A", 1), ("B", 1)]
    assert names(mailboxes.take(2)) == [("C", 1), ("A", 2)]


async def test_a_flood_of_one_box_delays_the_others_by_one_batch_only(
    mailboxes: Mailboxes,
) -> None:
    for number in range(500):
        mailboxes.post(Letter("FLOOD", number))
    mailboxes.take(200)
    mailboxes.post(Letter("QUIET", 1))

    assert ("QUIET", 1) in names(mailboxes.take(200))


async def test_a_box_takes_no_more_than_its_bound() -> None:
    mailboxes = Mailboxes(per_box_max=2)

    taken = [mailboxes.post(Letter("A")), mailboxes.post(Letter("A")), mailboxes.post(Letter("A"))]

    assert taken == [True, True, False]
    assert mailboxes.post(Letter("B"))
    assert len(mailboxes) == 3


async def test_all_boxes_together_take_no_more_than_their_bound() -> None:
    mailboxes = Mailboxes(total_max=2)

    taken = [mailboxes.post(Letter(name)) for name in "ABC"]

    assert taken == [True, True, False]
    mailboxes.take(1)
    assert mailboxes.post(Letter("C"))


async def test_a_letter_that_is_not_taken_leaves_nothing_behind() -> None:
    mailboxes = Mailboxes(total_max=1)
    mailboxes.post(Letter("A"))

    for number in range(100):
        mailboxes.post(Letter(f"X{number}"))

    assert len(mailboxes._next) == 1
    assert not mailboxes._later


async def test_waiting_ends_when_something_arrives(mailboxes: Mailboxes) -> None:
    waiting = asyncio.ensure_future(mailboxes.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    mailboxes.post(Letter("A"))

    await asyncio.wait_for(waiting, 1)


async def test_what_does_not_hurry_waits_for_company(mailboxes: Mailboxes) -> None:
    mailboxes.post(Letter("A", hurries=False))
    waiting = asyncio.ensure_future(mailboxes.wait())
    await asyncio.sleep(0)
    assert not waiting.done()

    mailboxes.post(Letter("B"))

    await asyncio.wait_for(waiting, 1)
    assert names(mailboxes.take(5)) == [("A", 0), ("B", 0)]


async def test_what_does_not_hurry_is_not_forgotten(mailboxes: Mailboxes) -> None:
    mailboxes.post(Letter("A", hurries=False))

    await asyncio.wait_for(mailboxes.wait(), 1)

    assert names(mailboxes.take(5)) == [("A", 0)]


async def test_there_is_something_to_wait_for_again_when_all_is_taken(
    mailboxes: Mailboxes,
) -> None:
    mailboxes.post(Letter("A"))
    mailboxes.post(Letter("A"))
    mailboxes.take(5)
    await asyncio.wait_for(mailboxes.wait(), 1)  # the second one is there

    mailboxes.take(5)

    waiting = asyncio.ensure_future(mailboxes.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


@given(st.lists(st.tuples(st.sampled_from("ABCD"), st.booleans()), max_size=60))
def test_each_box_is_emptied_in_the_order_of_arrival(steps: list[tuple[str, bool]]) -> None:
    mailboxes = Mailboxes()
    posted: list[tuple[Hashable, int]] = []
    taken: list[tuple[Hashable, int]] = []
    for number, (box, takes) in enumerate(steps):
        mailboxes.post(Letter(box, number))
        posted.append((box, number))
        if takes:
            taken += names(mailboxes.take(2))
    while batch := mailboxes.take(2):
        taken += names(batch)

    for box in "ABCD":
        assert [each for each in taken if each[0] == box] == [p for p in posted if p[0] == box]
    assert len(mailboxes) == 0
