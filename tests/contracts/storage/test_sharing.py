"""What several nodes remember, and write, of one database."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import FencedError
from ricarica.storage.database import Expect
from tests.contracts.storage.working import CP1, CP1_KEY, CP2, CP2_KEY, STATIONS, Node, other, put


async def write(node: Node, status: str) -> None:
    work = node.work()
    station = await work.get(STATIONS, CP1_KEY)
    work.put(STATIONS, replace(station or CP1, status=status))
    await node.keep(work)


async def status_of(node: Node) -> str | None:
    station = await node.work().get(STATIONS, CP1_KEY)
    return station.status if station else None


async def test_of_a_station_that_is_not_ours_nothing_is_believed(node: Node) -> None:
    here, there = Node(node._database, shared=True), Node(node._database, shared=True)
    await write(here, "a")

    await write(there, "b")

    assert await status_of(here) == "b"


async def test_of_a_station_that_is_ours_all_that_was_read_since_is_believed(node: Node) -> None:
    here, there = Node(node._database, shared=True), Node(node._database, shared=True)
    await write(here, "a")
    here.remembered.own(CP1_KEY)
    assert await status_of(here) == "a"
    asked = here.asked

    assert await status_of(here) == "a"
    assert here.asked == asked

    await write(there, "b")  # which it should not do without telling
    assert await status_of(here) == "a"


async def test_what_was_remembered_before_a_station_became_ours_is_not_believed(
    node: Node,
) -> None:
    here, there = Node(node._database, shared=True), Node(node._database, shared=True)
    here.remembered.own(CP1_KEY)
    await write(here, "a")
    here.remembered.disown(CP1_KEY)
    await write(there, "b")

    here.remembered.own(CP1_KEY)

    assert await status_of(here) == "b"


async def test_what_others_wrote_is_forgotten_when_they_tell(node: Node) -> None:
    here, there = Node(node._database, shared=True), Node(node._database, shared=True)
    here.remembered.own(CP1_KEY)
    await write(here, "a")
    await write(there, "b")
    assert there.told == [("stations", CP1_KEY)]

    here.remembered.forget_places(there.told)

    assert await status_of(here) == "b"


async def test_nobody_is_told_what_nobody_else_remembers(node: Node) -> None:
    here = Node(node._database, shared=True)
    here.remembered.own(CP1_KEY)

    await write(here, "a")

    assert here.told == []


# -- fences


async def test_a_commit_that_does_not_find_what_it_expects_writes_nothing(node: Node) -> None:
    await put(node, CP1)
    await put(node, CP2)
    expected = Expect(STATIONS.table, "version", [(*CP1_KEY, 1), (*CP2_KEY, 2)])
    work = node.work()
    await work.get(STATIONS, CP1_KEY)
    work.put(STATIONS, replace(CP1, status="changed"))
    work.keep()

    with pytest.raises(FencedError) as fenced:
        await work.commit(expected)

    assert fenced.value.rows == [CP2_KEY]
    assert await status_of(other(node)) == CP1.status


async def test_a_commit_that_finds_what_it_expects_writes(node: Node) -> None:
    await put(node, CP1)
    work = node.work()
    await work.get(STATIONS, CP1_KEY)
    work.put(STATIONS, replace(CP1, status="changed"))
    work.keep()

    await work.commit(Expect(STATIONS.table, "version", [(*CP1_KEY, 1)]))

    assert await status_of(other(node)) == "changed"


async def test_a_row_is_taken_once(node: Node) -> None:
    await put(node, CP1)
    mine = (
        sa.update(STATIONS.table)
        .where(STATIONS.table.c.status.is_distinct_from("taken"))
        .values(status="taken")
        .returning(STATIONS.table.c.id)
    )

    assert await node.take(mine) == [(CP1.id,)]
    assert await node.take(mine) == []
