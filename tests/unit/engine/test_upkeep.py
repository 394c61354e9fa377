"""When a station is told what is missing, and when it is left alone."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from ricarica.engine.upkeep import (
    LONGEST_PAUSE,
    LONGEST_REST,
    Anew,
    Standing,
    State,
    after_telling,
    begun,
    digest_of,
    is_worth_telling,
    pause_after,
)
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey
from ricarica.stations.commands import Outcome, Result
from ricarica.testing.clock import START

KEY = StationKey(DEFAULT_TENANT, StationId("ROMA-1"))
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Send:
    version: int
    number: int = 0


def after(result: Result, standing: Standing | None = None) -> Standing:
    started = begun(standing, KEY, "list", START)
    return after_telling(started, digest_of(Send(1)), result, START)


def test_the_number_of_an_answer_makes_no_other_command() -> None:
    assert digest_of(Send(1, number=7)) == digest_of(Send(1, number=8))
    assert digest_of(Send(1)) != digest_of(Send(2))


def test_what_was_refused_is_not_said_again_before_its_time() -> None:
    refused = after(Result(Outcome.REFUSED, "Rejected"))

    assert refused.state is State.REFUSED
    assert not is_worth_telling(refused, digest_of(Send(1)), START + MINUTE / 2)
    assert is_worth_telling(refused, digest_of(Send(1)), START + MINUTE)


def test_something_else_is_said_at_once() -> None:
    refused = after(Result(Outcome.REFUSED))

    assert is_worth_telling(refused, digest_of(Send(2)), START)


def test_what_was_accepted_is_not_repeated_at_once() -> None:
    accepted = after(Result(Outcome.ACCEPTED))

    assert accepted.state is State.MENDING
    assert not is_worth_telling(accepted, digest_of(Send(1)), START)


def test_what_is_unsupported_waits_for_the_next_boot() -> None:
    unsupported = after(Result(Outcome.UNSUPPORTED, "NotSupported"))

    assert not is_worth_telling(unsupported, digest_of(Send(2)), START + timedelta(days=9))
    assert is_worth_telling(unsupported, digest_of(Send(2)), START, anew=Anew.REFUSED)


def test_what_was_never_answered_waits_in_spite_of_a_boot() -> None:
    unanswered = after(Result(Outcome.UNKNOWN))

    assert not is_worth_telling(unanswered, digest_of(Send(1)), START, anew=Anew.REFUSED)
    assert is_worth_telling(unanswered, digest_of(Send(1)), START, anew=Anew.ALL)
    assert is_worth_telling(unanswered, digest_of(Send(1)), START + MINUTE, anew=Anew.REFUSED)


def test_nothing_else_of_the_kind_is_said_at_once_to_who_did_not_answer() -> None:
    unanswered = after(Result(Outcome.UNKNOWN))
    for _ in range(4):
        unanswered = after(Result(Outcome.UNKNOWN), unanswered)
    rest = LONGEST_REST

    assert unanswered.next_at == START + pause_after(5)
    assert not is_worth_telling(unanswered, digest_of(Send(2)), START + rest - MINUTE)
    assert is_worth_telling(unanswered, digest_of(Send(2)), START + rest)


def test_the_pauses_grow_up_to_a_day() -> None:
    assert [pause_after(tries) / MINUTE for tries in (1, 2, 3)] == [1, 4, 16]
    assert pause_after(50) == LONGEST_PAUSE


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.UNKNOWN])
def test_each_try_in_vain_is_counted(outcome: Outcome) -> None:
    once = after(Result(outcome))

    twice = after(Result(outcome), once)

    assert (once.tries, twice.tries) == (1, 2)


def test_what_never_left_counts_as_no_try() -> None:
    assert after(Result(Outcome.UNREACHED)).tries == 0
