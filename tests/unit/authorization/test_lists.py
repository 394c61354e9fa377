"""How a station's list is brought to what is wanted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica.authorization.book import AccessBook, ListDefinition
from ricarica.authorization.lists import (
    VERSION_MAX,
    Held,
    ListLimits,
    ListTrouble,
    LocalList,
    accepted,
    needs_asking,
    next_command,
    refused,
    told,
    wanted_of,
)
from ricarica.authorization.model import (
    Judgement,
    ListEntry,
    Token,
    TokenKind,
    TokenStatus,
    Verdict,
)
from ricarica.authorization.rules import Place
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.commands import BringInStep
from ricarica.stations.model import Acceptance, Station
from ricarica.testing.memory_tokens import Tokens

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = StationKey(DEFAULT_TENANT, StationId("CP-1"))
EMPTY = LocalList(KEY, told_version=0, told_at=NOON)
LIMITS = ListLimits(items=3)


def entry(uid: str, group: str | None = None) -> ListEntry:
    return ListEntry(uid, TokenKind.ISO14443, Judgement(Verdict.ACCEPTED, group))


def brought(known: LocalList, wanted: list[ListEntry], limits: ListLimits = LIMITS) -> LocalList:
    """The list after the station took all that it was told."""
    for _ in range(100):
        command = next_command(known, wanted, limits)
        if command is None:
            return known
        known = accepted(known, command, NOON)
    raise AssertionError("it never came to an end")


def uids(known: LocalList) -> list[str]:
    return sorted(held.uid for held in known.held)


def test_the_first_list_is_whole_and_has_version_1() -> None:
    command = next_command(EMPTY, [entry("A")], LIMITS)

    assert command is not None
    assert (command.is_full, command.version) == (True, 1)


def test_nothing_is_sent_where_nothing_is_and_nothing_is_wanted() -> None:
    assert next_command(EMPTY, [], LIMITS) is None


def test_a_list_that_is_as_wanted_is_left_alone() -> None:
    wanted = [entry("A"), entry("B")]

    assert next_command(brought(EMPTY, wanted), wanted, LIMITS) is None


def test_what_is_said_of_a_token_counts_too() -> None:
    known = brought(EMPTY, [entry("A")])

    command = next_command(known, [entry("a", group="FLEET")], LIMITS)

    assert command is not None
    assert not command.is_full
    assert [each.uid for each in command.entries] == ["a"]


def test_who_goes_makes_room_for_who_comes() -> None:
    known = brought(EMPTY, [entry("A"), entry("B"), entry("C")])

    command = next_command(known, [entry("C"), entry("D"), entry("E")], LIMITS)

    assert command is not None
    assert [ref.uid for ref in command.removed] == ["A", "B"]
    assert [each.uid for each in command.entries] == ["D"]


def test_the_last_of_all_versions_is_followed_by_the_first_in_full() -> None:
    known = replace(brought(EMPTY, [entry("A")]), version=VERSION_MAX, told_version=VERSION_MAX)

    command = next_command(known, [entry("B")], LIMITS)

    assert command is not None
    assert (command.is_full, command.version) == (True, 1)


def test_a_version_that_is_not_ours_has_the_list_sent_in_full() -> None:
    known = told(brought(EMPTY, [entry("A")]), 9, NOON)

    command = next_command(known, [entry("A")], LIMITS)

    assert command is not None
    assert (command.is_full, command.version) == (True, 10)


def test_an_empty_list_may_be_told_as_version_0() -> None:
    emptied = brought(brought(EMPTY, [entry("A")]), [])

    assert not told(emptied, 0, NOON).is_unsure


def test_minus_1_means_that_there_is_no_list() -> None:
    assert told(EMPTY, -1, NOON).trouble is ListTrouble.UNSUPPORTED
    assert told(told(EMPTY, -1, NOON), 0, NOON).trouble is None


def test_what_is_refused_as_a_change_is_sent_in_full_and_then_given_up() -> None:
    known = brought(EMPTY, [entry("A")])
    change = next_command(known, [entry("B")], LIMITS)
    assert change is not None

    after = refused(known, change, NOON)
    whole = next_command(after, [entry("B")], LIMITS)

    assert whole is not None
    assert whole.is_full
    assert after.trouble is None
    assert refused(after, whole, NOON).trouble is ListTrouble.FAILED


def test_a_message_is_no_longer_than_a_station_takes() -> None:
    many = [entry(f"TAG-{number:03}") for number in range(200)]

    short = next_command(EMPTY, many, ListLimits(items=200, bytes=1_000))
    one = next_command(EMPTY, many, ListLimits(items=200, bytes=1))

    assert short is not None
    assert one is not None
    assert (len(short.entries), len(one.entries)) == (4, 1)


@pytest.mark.parametrize(
    ("told_at", "booted_at", "expected"),
    [
        (None, None, True),
        (NOON, NOON - timedelta(hours=1), False),
        (NOON, NOON + timedelta(seconds=1), True),
        (NOON - timedelta(days=1), NOON - timedelta(days=2), True),
    ],
)
def test_its_version_is_asked_for_at_first_after_a_boot_and_daily(
    told_at: datetime | None, booted_at: datetime | None, expected: bool
) -> None:
    assert needs_asking(replace(EMPTY, told_at=told_at), booted_at, NOON) is expected


def test_only_what_a_reader_can_show_and_what_is_in_force_is_listed() -> None:
    card = Token(DEFAULT_TENANT, "A", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON, "Fleet")
    tokens = [
        card,
        replace(card, uid="B", status=TokenStatus.BLOCKED),
        replace(card, uid="C", expires_at=NOON),
        replace(card, uid="D", kind=TokenKind.KEY_CODE),
        replace(card, uid="E", group="other"),
    ]
    fleet = ListDefinition("f", group="FLEET")

    entries = wanted_of(tokens, [fleet], AccessBook(DEFAULT_TENANT), Place(KEY.station, None), NOON)

    assert [each.uid for each in entries] == ["A"]


sets = st.lists(st.sets(st.sampled_from("ABCDEFGHIJKL")), max_size=5)


@given(sets=sets, items=st.integers(1, 5))
def test_whatever_is_wanted_one_after_the_other_is_there_in_the_end(
    sets: list[set[str]], items: int
) -> None:
    known = EMPTY
    for wanted in sets:
        known = brought(known, [entry(uid) for uid in sorted(wanted)], ListLimits(items=items))
        assert uids(known) == sorted(wanted)


def test_what_is_held_is_remembered_by_its_uid_and_kind() -> None:
    [held] = brought(EMPTY, [entry("A")]).held

    assert (held.uid, held.kind) == ("A", TokenKind.ISO14443)
    assert isinstance(held, Held)


async def test_a_list_that_nobody_looked_at_for_a_day_is_looked_at() -> None:
    house = Tokens()
    house.stations.save(Station(KEY, Acceptance.ACCEPTED, NOON, connected=True))
    house.lists.save(replace(EMPTY, told_at=NOON))

    await house.local_lists.look_after(NOON + timedelta(hours=23))
    assert house.told.commands == []
    await house.local_lists.look_after(NOON + timedelta(hours=25))

    assert house.told.commands == [(KEY, BringInStep("local_list"))]


async def test_only_a_token_that_a_list_is_about_concerns_stations() -> None:
    house = Tokens()
    house.stations.save(Station(KEY, Acceptance.ACCEPTED, NOON, connected=True))
    await house.rules.put_list(DEFAULT_TENANT, ListDefinition("f", group="FLEET"))
    house.told.commands.clear()
    card = Token(DEFAULT_TENANT, "A", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON)

    await house.authorization.add(card)
    assert house.told.commands == []
    await house.authorization.add(replace(card, uid="B", group="fleet"))

    assert house.told.commands == [(KEY, BringInStep("local_list"))]


async def test_who_had_a_list_is_told_that_it_is_gone() -> None:
    house = Tokens()
    house.stations.save(Station(KEY, Acceptance.ACCEPTED, NOON, connected=True))
    await house.rules.put_list(DEFAULT_TENANT, ListDefinition("f", station=KEY.station))
    house.told.commands.clear()

    await house.rules.remove_list(DEFAULT_TENANT, "f")

    assert house.told.commands == [(KEY, BringInStep("local_list"))]
