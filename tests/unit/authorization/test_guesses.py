"""Who tries many tokens at a station has to wait; nobody else does."""

from datetime import UTC, datetime, timedelta

from ricarica.authorization.guard import ONE_MORE, STRANGERS_AT_ONCE, Guesses
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HERE = StationKey(DEFAULT_TENANT, StationId("CP-1"))
THERE = StationKey(DEFAULT_TENANT, StationId("CP-2"))


def guessed(times: int, guesses: Guesses | None = None) -> Guesses:
    guesses = guesses or Guesses()
    for _ in range(times):
        guesses.count(HERE, "tokens", NOON)
    return guesses


def test_as_many_as_fit_into_a_hand_are_free() -> None:
    assert not guessed(STRANGERS_AT_ONCE - 1).is_shut(HERE, "tokens", NOON)
    assert guessed(STRANGERS_AT_ONCE).is_shut(HERE, "tokens", NOON)


def test_one_more_may_be_tried_after_each_while() -> None:
    guesses = guessed(1_000)  # what comes while it is shut does not make it longer

    assert guesses.is_shut(HERE, "tokens", NOON + ONE_MORE - timedelta(seconds=1))
    assert not guesses.is_shut(HERE, "tokens", NOON + ONE_MORE)


def test_other_stations_and_other_questions_are_not_shut() -> None:
    guesses = guessed(STRANGERS_AT_ONCE)

    assert not guesses.is_shut(THERE, "tokens", NOON)
    assert not guesses.is_shut(HERE, "vat_numbers", NOON)


def test_only_so_many_stations_are_remembered() -> None:
    guesses = guessed(STRANGERS_AT_ONCE, Guesses(most=1))

    guesses.count(THERE, "tokens", NOON)

    assert not guesses.is_shut(HERE, "tokens", NOON)


def test_a_clock_that_went_back_opens_nothing() -> None:
    assert guessed(STRANGERS_AT_ONCE).is_shut(HERE, "tokens", NOON - timedelta(days=1))
