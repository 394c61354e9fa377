from datetime import UTC, datetime, timedelta

from ricarica.simulator.tokens import CACHE_MAX, TokenMemory, Verdict
from ricarica.simulator.transaction import Token

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCEPTED = Verdict("Accepted")
BLOCKED = Verdict("Blocked")


def test_the_list_goes_before_the_cache_and_case_does_not_matter() -> None:
    memory = TokenMemory()
    memory.remember(Token("abc"), ACCEPTED)
    memory.replace_list(1, {"ABC": BLOCKED})

    assert memory.recall(Token("aBc"), NOON) == BLOCKED


def test_an_update_adds_and_removes_but_a_full_list_replaces() -> None:
    memory = TokenMemory()
    memory.replace_list(1, {"A": ACCEPTED, "B": ACCEPTED})
    memory.update_list(2, {"A": None, "C": BLOCKED})
    assert set(memory.local_list) == {"b", "c"}
    assert memory.list_version == 2

    memory.replace_list(3, {"D": ACCEPTED})
    assert set(memory.local_list) == {"d"}


def test_what_has_expired_is_as_good_as_unknown() -> None:
    memory = TokenMemory()
    memory.remember(Token("A"), Verdict("Accepted", expires_at=NOON))

    assert memory.recall(Token("A"), NOON - timedelta(seconds=1)) is not None
    assert memory.recall(Token("A"), NOON) is None


def test_the_cache_can_be_left_out_and_is_bounded() -> None:
    memory = TokenMemory()
    for number in range(CACHE_MAX + 1):
        memory.remember(Token(f"T{number}"), ACCEPTED)

    assert memory.recall(Token("T0"), NOON) is None
    assert memory.recall(Token("T1"), NOON) == ACCEPTED
    assert memory.recall(Token("T1"), NOON, use_cache=False) is None
