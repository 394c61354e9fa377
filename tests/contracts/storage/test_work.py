"""What a batch reads is what the database has, changed by what the batch itself has staged."""

from dataclasses import replace

import pytest
import sqlalchemy as sa

from ricarica.kernel.errors import ConflictError, LostUpdateError
from tests.contracts.storage.working import (
    CP1,
    CP1_KEY,
    CP2,
    CP2_KEY,
    FRESH_S,
    STATIONS,
    TOKENS,
    Node,
    Station,
    Token,
    notes,
    other,
    owned_by,
    put,
    put_token,
    stations,
    tokens,
    versions,
)


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

    expected = [replace(CP1, status="charging")]
    assert await work.find(STATIONS, stations.c.tenant == "default") == expected
    assert await work.under(STATIONS, "default") == expected


async def test_those_under_the_beginning_of_a_key_are_found_and_no_others(node: Node) -> None:
    for station in (CP1, CP2, Station("other", "CP1")):
        await put(node, station)

    assert sorted(s.id for s in await node.work().under(STATIONS, "default")) == ["CP1", "CP2"]
    assert await node.work().under(STATIONS, "default", "CP2") == [CP2]


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
