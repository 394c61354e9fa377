from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.authorization.model import (
    NOBODYS,
    Judgement,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Verdict,
    judge,
)
from ricarica.kernel.ids import DEFAULT_TENANT

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
CARD = TokenRef("AbCd", TokenKind.ISO14443)
TOKEN = Token(DEFAULT_TENANT, "AbCd", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON, group="fleet")


def test_an_active_token_may_charge_and_belongs_to_its_group() -> None:
    assert judge(TOKEN, CARD, NOON) == Judgement(Verdict.ACCEPTED, "fleet")


@pytest.mark.parametrize("kind", [kind for kind in TokenKind if kind not in NOBODYS])
def test_nobody_knows_an_unknown_token(kind: TokenKind) -> None:
    assert judge(None, TokenRef("AbCd", kind), NOON) == Judgement(Verdict.UNKNOWN)


def test_a_token_whose_kind_was_not_told_is_no_start_button() -> None:
    assert judge(None, TokenRef("AbCd"), NOON).verdict is Verdict.UNKNOWN


def test_a_start_button_may_charge_without_a_token() -> None:
    button = TokenRef("", TokenKind.NO_AUTHORIZATION)

    assert judge(None, button, NOON).verdict is Verdict.ACCEPTED


def test_a_blocked_token_is_blocked_even_when_it_has_also_expired() -> None:
    blocked = replace(TOKEN, status=TokenStatus.BLOCKED, expires_at=NOON)

    assert judge(blocked, CARD, NOON) == Judgement(Verdict.BLOCKED, "fleet", NOON)


@pytest.mark.parametrize(
    "at,verdict",
    [
        (NOON - SECOND, Verdict.ACCEPTED),
        (NOON, Verdict.EXPIRED),
        (NOON + SECOND, Verdict.EXPIRED),
    ],
)
def test_a_token_expires_at_its_moment(at: datetime, verdict: Verdict) -> None:
    judgement = judge(replace(TOKEN, expires_at=NOON), CARD, at)

    assert judgement == Judgement(verdict, "fleet", NOON)


@pytest.mark.parametrize(
    "running,most,verdict",
    [
        (0, 1, Verdict.ACCEPTED),
        (1, 1, Verdict.CONCURRENT),
        (2, 1, Verdict.CONCURRENT),
        (1, 2, Verdict.ACCEPTED),
        (99, None, Verdict.ACCEPTED),
    ],
)
def test_a_token_charges_at_so_many_places_at_once(
    running: int, most: int | None, verdict: Verdict
) -> None:
    token = replace(TOKEN, concurrent_max=most)

    assert judge(token, CARD, NOON, running=running).verdict is verdict


@pytest.mark.parametrize("uid", ["AbCd", "abcd", " ABCD "])
def test_tokens_are_compared_without_case_and_margins(uid: str) -> None:
    assert TokenRef(uid).folded == TOKEN.folded == "abcd"
