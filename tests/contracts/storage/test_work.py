"""What a batch reads is what the database has, changed by what the batch itself has staged."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import ConflictError, FencedError, LostUpdateError
from ricarica.storage import columns as c
from ricarica.storage.database import Expect, Row, Staged
from ricarica.storage.open import OpenDatabase, open_database
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Place, Remembered, Work

metadata = sa.MetaData()
stations = sa.Table(
    "stations",
    metadata,
    sa.Column("tenant", c.Text, primary_key=True),
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("status", c.Text, nullable=False),
    sa.Column("version", c.Integer, nullable=False),
)
tokens = sa.Table(
    "tokens",
    metadata,
    sa.Column("id", c.Text, primary_key=True),
    sa.Column("owner", c.Text, nullable=False),
    sa.Column("note", c.Text),
    sa.Column("version", c.Integer, nullable=False),
    sa.Index("ix_tokens_owner", "owner"),
)
notes = sa.Table("notes", metadata, sa.Column("text", c.Text, primary_key=True))


@dataclass(frozen=True, slots=True)
class Station:
    tenant: str
    id: str
    status: str = "new"


@dataclass(frozen=True, slots=True)
class Token:
    id: str
    owner: str
    note: str | None = None


STATIONS = Shelf[Station](
    stations,
    lambda s: (s.tenant, s.id),
    lambda s: (s.tenant, s.id, s.status),
    lambda r: Station(*r),
)
FRESH_S = 10.0
TOKENS = Shelf[Token](
    tokens, lambda t: (t.id,), lambda t: (t.id, t.owner, t.note), lambda r: Token(*r), FRESH_S
)

CP1, CP2 = Station("default", "CP1"), Station("default", "CP2")
CP1_KEY, CP2_KEY = ("default", "CP1"), ("default", "CP2")


class Node:
    """One process: its memory, its clock, and how often it asked the database."""

    def __init__(self, database: OpenDatabase, *, shared: bool = False) -> None:
        self._database = database
        self.seconds = 0.0
        self.asked = 0
        self.told: list[Place] = []
        self.remembered = Remembered(lambda: self.seconds, shared=shared, tell=self.told.extend)

    def work(self) -> Work:
        work = Work(self, self.remembered)
        work.begin()
        return work

    async def keep(self, work: Work) -> None:
        work.keep()
        await work.commit()

    async def commit(self, staged: Sequence[Staged], expected: Expect | None = None) -> None:
        await self._database.commit(staged, expected)

    async def fetch(
        self,
        query: sa.Select[Any] | sa.CompoundSelect[Any],
        values: Mapping[str, Any] | None = None,
    ) -> list[Row]:
        self.asked += 1
        return await self._database.fetch(query, values)

    async def take(self, change: sa.sql.dml.UpdateBase) -> list[Row]:
        return await self._database.take(change)

    async def migrate(self) -> None:
        await self._database.create_all()

    async def close(self) -> None:
        await self._database.close()


@pytest.fixture
async def node(database_url: str) -> AsyncIterator[Node]:
    node = Node(open_database(database_url, metadata))
    await node.migrate()
    yield node
    await node.close()


def other(node: Node) -> Node:
    """Another process on the same database, which remembers nothing yet."""
    return Node(node._database)


async def put(node: Node, station: Station) -> None:
    work = node.work()
    await work.get(STATIONS, (station.tenant, station.id))
    work.put(STATIONS, station)
    await node.keep(work)


async def put_token(node: Node, token: Token) -> None:
    work = node.work()
    await work.get(TOKENS, (token.id,))
    work.put(TOKENS, token)
    await node.keep(work)


async def versions(node: Node, table: sa.Table = stations) -> list[int]:
    rows = await node.fetch(sa.select(table.c.version).order_by(table.c.id))
    return [version for (version,) in rows]


async def owned_by(node: Node, owner: str) -> list[Row]:
    query = sa.select(tokens.c.id, tokens.c.note).where(tokens.c.owner == sa.bindparam("owner"))
    return await node.fetch(query, {"owner": owner})


async def test_a_row_is_found_by_what_it_was_changed_to(node: Node) -> None:
    await put_token(node, Token("A", "Ada"))
    await put_token(node, Token("A", "Ada", "her first"))
    await put_token(node, Token("A", "Bob", "lent"))

    assert await owned_by(node, "Ada") == []
    assert await owned_by(node, "Bob") == [("A", "lent")]


# -- within a batch


async def test_a_handler_reads_what_it_staged_itself(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)

    assert await work.get(STATIONS, CP1_KEY) == CP1


async def test_a_handler_reads_what_those_before_it_staged(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)
    work.keep()
    work.begin()

    assert await work.get(STATIONS, CP1_KEY) == CP1


async def test_a_handler_that_fails_loses_only_its_own_writes(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)
    work.add(notes, ("kept",))
    work.keep()
    work.begin()
    work.put(STATIONS, replace(CP1, status="lost"))
    work.put(STATIONS, CP2)
    work.add(notes, ("lost",))
    work.drop()

    assert await work.get(STATIONS, CP1_KEY) == CP1
    assert await work.get(STATIONS, CP2_KEY) is None
    await work.commit()
    assert await node.fetch(sa.select(notes)) == [("kept",)]
    assert await versions(node) == [1]


async def test_what_was_not_kept_is_not_written(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)

    await work.commit()

    assert await versions(node) == []


async def test_a_row_put_twice_in_a_batch_is_written_once(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)
    work.keep()
    work.begin()
    work.put(STATIONS, replace(CP1, status="charging"))
    await node.keep(work)

    assert await other(node).work().get(STATIONS, CP1_KEY) == replace(CP1, status="charging")
    assert await versions(node) == [1]


async def test_a_search_shows_the_found_as_the_batch_changed_them(node: Node) -> None:
    await put(node, CP1)
    await put(node, CP2)
    work = node.work()
    work.put(STATIONS, replace(CP1, status="charging"))
    work.keep()
    work.begin()
    work.remove(STATIONS, CP2)

    assert await work.find(STATIONS, stations.c.tenant == "default") == [
        replace(CP1, status="charging")
    ]


async def test_a_removed_row_is_gone_and_can_be_put_again(node: Node) -> None:
    await put(node, CP1)
    work = node.work()
    work.remove(STATIONS, CP1)
    assert await work.get(STATIONS, CP1_KEY) is None
    await node.keep(work)
    assert await versions(node) == []
    assert await node.work().get(STATIONS, CP1_KEY) is None

    await put(node, CP1)

    assert await versions(node) == [1]


async def test_a_row_removed_and_put_in_one_batch_stays(node: Node) -> None:
    await put(node, CP1)
    work = node.work()
    work.remove(STATIONS, CP1)
    work.put(STATIONS, replace(CP1, status="again"))
    await node.keep(work)

    assert await other(node).work().get(STATIONS, CP1_KEY) == replace(CP1, status="again")


# -- between batches


async def test_every_change_has_the_next_version(node: Node) -> None:
    for status in ("one", "two", "three"):
        await put(node, replace(CP1, status=status))

    assert await versions(node) == [3]


async def test_what_this_node_wrote_it_does_not_read_again(node: Node) -> None:
    work = node.work()
    work.put(STATIONS, CP1)
    await node.keep(work)

    assert await node.work().get(STATIONS, CP1_KEY) == CP1
    assert node.asked == 0


async def test_what_was_read_once_is_not_read_again(node: Node) -> None:
    await put(other(node), CP1)

    for _ in range(3):
        assert await node.work().get(STATIONS, CP1_KEY) == CP1
        assert await node.work().get(STATIONS, CP2_KEY) is None

    assert node.asked == 2


async def test_what_a_search_found_is_remembered(node: Node) -> None:
    await put(other(node), CP1)

    assert await node.work().find(STATIONS, stations.c.id == "CP1") == [CP1]
    assert await node.work().get(STATIONS, CP1_KEY) == CP1
    assert node.asked == 1


async def test_many_rows_are_loaded_with_one_query(node: Node) -> None:
    for number in range(7):
        await put(other(node), Station("default", f"CP{number}"))
    work = node.work()
    keys = [("default", f"CP{number}") for number in range(9)]

    await work.load(STATIONS, [*keys, keys[0]])

    for key in keys[:7]:
        assert await work.get(STATIONS, key) == Station(*key)
    for key in keys[7:]:
        assert await work.get(STATIONS, key) is None
    assert node.asked == 1


async def test_nothing_is_asked_for_rows_already_known(node: Node) -> None:
    await put(node, CP1)
    asked = node.asked

    await node.work().load(STATIONS, [CP1_KEY])
    await node.work().load(STATIONS, [])

    assert node.asked == asked


async def test_more_rows_than_one_query_takes_are_loaded_with_several(node: Node) -> None:
    work = node.work()
    for number in range(2_500):
        work.put(STATIONS, Station("default", f"CP{number:04}"))
    await node.keep(work)
    reader = other(node)
    work = reader.work()
    keys = [("default", f"CP{number:04}") for number in range(2_500)]

    await work.load(STATIONS, keys)

    for key in keys:
        assert await work.get(STATIONS, key) == Station(*key)
    assert reader.asked == 3


# -- when a commit fails


async def test_after_a_failed_commit_the_database_is_asked_again(node: Node) -> None:
    await put(node, CP1)
    work = node.work()
    work.put(STATIONS, replace(CP1, status="lost"))
    work.add(notes, ("twice",))
    work.add(notes, ("twice",))
    with pytest.raises(ConflictError):
        await node.keep(work)

    assert await node.work().get(STATIONS, CP1_KEY) == CP1
    await put(node, replace(CP1, status="next"))
    assert await versions(node) == [2]


async def test_after_a_lost_update_the_decision_can_be_made_again(node: Node) -> None:
    await put(node, CP1)
    await put(other(node), replace(CP1, status="theirs"))
    work = node.work()
    work.put(STATIONS, replace(CP1, status="ours"))
    with pytest.raises(LostUpdateError):
        await node.keep(work)

    assert await node.work().get(STATIONS, CP1_KEY) == replace(CP1, status="theirs")
    await put(node, replace(CP1, status="ours"))
    assert await versions(node) == [3]


async def test_a_decision_is_not_saved_over_a_change_that_the_batch_met_later(node: Node) -> None:
    await put_token(node, Token("T", "Ada"))
    work = node.work()
    decided_on = await work.get(TOKENS, ("T",))
    assert decided_on == Token("T", "Ada")
    await put_token(other(node), Token("T", "Bob"))
    node.seconds = FRESH_S + 1
    await work.find(TOKENS, tokens.c.id == "T")
    work.put(TOKENS, decided_on)

    with pytest.raises(LostUpdateError):
        await node.keep(work)

    assert await node.work().get(TOKENS, ("T",)) == Token("T", "Bob")


async def test_a_batch_larger_than_the_memory_keeps_its_versions(node: Node) -> None:
    shelf = replace(STATIONS, remembered_max=2)
    for version in (1, 2):
        work = node.work()
        for number in range(5):
            await work.get(shelf, ("default", f"CP{number}"))
            work.put(shelf, Station("default", f"CP{number}"))
        await node.keep(work)
        assert await versions(node) == [version] * 5


# -- what others may write


async def test_what_others_write_is_read_again_when_it_is_no_longer_fresh(node: Node) -> None:
    await put_token(node, Token("T", "Ada"))
    await put_token(other(node), Token("T", "Bob"))

    node.seconds = FRESH_S
    assert await node.work().get(TOKENS, ("T",)) == Token("T", "Ada")
    node.seconds = FRESH_S + 0.1
    assert await node.work().get(TOKENS, ("T",)) == Token("T", "Bob")


async def test_a_batch_sees_one_state_of_a_row(node: Node) -> None:
    await put_token(node, Token("T", "Ada"))
    work = node.work()
    assert await work.get(TOKENS, ("T",)) == Token("T", "Ada")
    await put_token(other(node), Token("T", "Bob"))

    node.seconds = FRESH_S + 1

    assert await work.get(TOKENS, ("T",)) == Token("T", "Ada")


async def test_that_others_have_not_written_yet_is_not_remembered(node: Node) -> None:
    assert await node.work().get(TOKENS, ("T",)) is None
    await put_token(other(node), Token("T", "Bob"))

    assert await node.work().get(TOKENS, ("T",)) == Token("T", "Bob")


async def test_what_another_removed_can_be_put_again(node: Node) -> None:
    await put_token(node, Token("T", "Ada"))
    remover = other(node)
    work = remover.work()
    work.remove(TOKENS, Token("T", "Ada"))
    await remover.keep(work)

    node.seconds = FRESH_S + 1
    await put_token(node, Token("T", "Bob"))

    assert await versions(node, tokens) == [1]


async def test_the_forgotten_is_read_again(node: Node) -> None:
    await put(node, CP1)
    await put(other(node), replace(CP1, status="theirs"))

    node.remembered.forget(stations, CP1_KEY)

    assert await node.work().get(STATIONS, CP1_KEY) == replace(CP1, status="theirs")


# -- among several nodes


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
