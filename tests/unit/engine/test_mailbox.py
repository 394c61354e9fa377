from collections.abc import Hashable
from types import SimpleNamespace
from typing import Any

from ricarica.engine.mailbox import Mailboxes


def job(box: Hashable) -> Any:
    return SimpleNamespace(box=box)


async def test_boxes_take_turns_and_each_is_in_order() -> None:
    boxes = Mailboxes()
    jobs = [job("a"), job("a"), job("b")]
    for each in jobs:
        assert boxes.post(each)

    assert boxes.take(10) == [jobs[0], jobs[2]]
    assert boxes.take(10) == [jobs[1]]
    assert len(boxes) == 0


async def test_a_job_that_is_refused_leaves_nothing_behind() -> None:
    boxes = Mailboxes(per_box_max=5, total_max=1)
    assert boxes.post(job("a"))

    for number in range(100):
        assert not boxes.post(job(number))

    assert len(boxes._boxes) == 1


async def test_a_full_box_refuses_and_the_others_do_not() -> None:
    boxes = Mailboxes(per_box_max=1)

    assert boxes.post(job("a"))
    assert not boxes.post(job("a"))
    assert boxes.post(job("b"))
