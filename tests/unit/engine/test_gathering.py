"""Which pages of an answer have come, and what they tell together."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ricarica.engine.gathering import SILENCE, Report, State, is_seen, merged, with_seen
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.testing.clock import START

KEY = StationKey(DEFAULT_TENANT, StationId("ROMA-1"))
ASKED = Report(KEY, 7, "GetReport", "{}", "", START, answer="Accepted")


@pytest.mark.parametrize(
    ("numbers", "seen"),
    [((0,), "0"), ((0, 1, 2), "0-2"), ((2, 0), "0,2"), ((0, 2, 1), "0-2"), ((5, 5), "5")],
)
def test_numbers_that_came_are_written_as_ranges(numbers: tuple[int, ...], seen: str) -> None:
    text = ""
    for number in numbers:
        text = with_seen(text, number)

    assert text == seen
    assert all(is_seen(text, number) for number in numbers)


@pytest.mark.parametrize(
    ("seen", "last", "missing"),
    [
        ("0-2", 2, ()),
        ("0,2", 2, ("1",)),
        ("3", 3, ("0-2",)),
        ("0", 4, ("1-4",)),
        ("0,4", None, ("1-3",)),
        ("", None, ()),
    ],
)
def test_gaps_between_pages_are_named(seen: str, last: int | None, missing: tuple[str]) -> None:
    assert replace(ASKED, seen=seen, last=last).missing == missing


def test_an_answer_is_complete_with_its_last_page_and_all_before() -> None:
    assert replace(ASKED, seen="0-1", last=1).state(START) is State.COMPLETE


def test_silence_makes_what_there_is_partial() -> None:
    half = replace(ASKED, seen="0", heard_at=START + timedelta(minutes=1))

    assert half.state(START + timedelta(minutes=1) + SILENCE / 2) is State.WAITING
    assert half.state(START + timedelta(minutes=1) + SILENCE) is State.PARTIAL


@pytest.mark.parametrize(
    ("answer", "state"), [("Rejected", State.REFUSED), ("EmptyResultSet", State.EMPTY)]
)
def test_who_says_no_sends_no_pages(answer: str, state: State) -> None:
    assert replace(ASKED, answer=answer).state(START) is state


def test_lists_follow_one_another_in_the_order_of_pages() -> None:
    pages = ['{"requestId":7,"seqNo":0,"tbc":true,"reportData":[1]}', '{"reportData":[2,3]}']

    assert merged(pages) == {"reportData": [1, 2, 3]}


def test_what_a_page_says_of_its_list_is_said_of_each_item() -> None:
    pages = [
        '{"evseId":1,"chargingProfile":[{"id":4}]}',
        '{"evseId":2,"chargingProfile":[{"id":5}]}',
    ]

    assert merged(pages) == {"chargingProfile": [{"evseId": 1, "id": 4}, {"evseId": 2, "id": 5}]}


def test_a_text_that_was_cut_is_whole_again() -> None:
    assert merged(['{"data":"Anna "}', '{"data":"Rossi"}']) == {"data": "Anna Rossi"}
