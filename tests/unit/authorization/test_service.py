from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ricarica.authorization.events import TokenChanged, TokenJudged
from ricarica.authorization.model import (
    Occasion,
    Token,
    TokenKind,
    TokenRef,
    TokenStatus,
    Verdict,
)
from ricarica.authorization.service import (
    DESK,
    UID_LENGTH_MAX,
    AuthorizationService,
    TokenChanges,
)
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.ids import DEFAULT_TENANT, StationId, StationKey, TenantId
from ricarica.testing.memory import Told
from ricarica.testing.memory_tokens import Tokens

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OTHER = TenantId("other")
STATION = StationKey(DEFAULT_TENANT, StationId("CP-1"))
TOKEN = Token(DEFAULT_TENANT, "AbCd", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON, label="Ada")


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def tokens(told: Told) -> AuthorizationService:
    return Tokens(told).authorization


def at_noon(running: int = 0) -> Occasion:
    return Occasion(STATION, NOON, running=running)


async def test_an_added_token_may_charge(tokens: AuthorizationService, told: Told) -> None:
    added = await tokens.add(replace(TOKEN, uid=" AbCd "))

    assert added == TOKEN
    judgement = await tokens.authorize(STATION, TokenRef("ABCD"), NOON)
    assert judgement.verdict is Verdict.ACCEPTED
    assert told.events == [
        TokenChanged("AbCd", TokenStatus.ACTIVE),
        TokenJudged(STATION, "ABCD", Verdict.ACCEPTED),
    ]


async def test_a_token_of_another_tenant_is_unknown(tokens: AuthorizationService) -> None:
    await tokens.add(replace(TOKEN, tenant=OTHER))

    judgement = await tokens.authorize(STATION, TokenRef("AbCd"), NOON)

    assert judgement.verdict is Verdict.UNKNOWN


async def test_to_judge_is_not_to_identify(tokens: AuthorizationService, told: Told) -> None:
    judgement = await tokens.judge(TokenRef("AbCd"), at_noon())

    assert judgement.verdict is Verdict.UNKNOWN
    assert told.events == []


async def test_what_runs_elsewhere_is_judged_too(tokens: AuthorizationService) -> None:
    await tokens.add(replace(TOKEN, concurrent_max=1))
    ref = TokenRef("AbCd")

    assert (await tokens.judge(ref, at_noon())).verdict is Verdict.ACCEPTED
    busy = await tokens.judge(ref, at_noon(running=1))
    assert busy.verdict is Verdict.CONCURRENT


async def test_a_token_is_not_added_twice_in_whatever_case(tokens: AuthorizationService) -> None:
    await tokens.add(TOKEN)

    with pytest.raises(ConflictError):
        await tokens.add(replace(TOKEN, uid="abcd"))


@pytest.mark.parametrize("uid", ["", "  ", "x" * (UID_LENGTH_MAX + 1)])
async def test_a_uid_has_something_in_it_and_an_end(tokens: AuthorizationService, uid: str) -> None:
    with pytest.raises(InvalidError):
        await tokens.add(replace(TOKEN, uid=uid))


async def test_the_longest_uid_is_accepted(tokens: AuthorizationService) -> None:
    await tokens.add(replace(TOKEN, uid="x" * UID_LENGTH_MAX))

    assert await tokens.find(DEFAULT_TENANT, TokenRef("X" * UID_LENGTH_MAX))


async def test_a_blocked_token_charges_no_more(tokens: AuthorizationService, told: Told) -> None:
    await tokens.add(TOKEN)

    changed = await tokens.change(DEFAULT_TENANT, "abcd", TokenChanges(status=TokenStatus.BLOCKED))

    assert changed == replace(TOKEN, status=TokenStatus.BLOCKED)
    assert told.events[-1] == TokenChanged("AbCd", TokenStatus.BLOCKED)
    judgement = await tokens.authorize(STATION, TokenRef("AbCd"), NOON)
    assert judgement.verdict is Verdict.BLOCKED


async def test_what_is_not_said_stays_and_what_is_emptied_goes(
    tokens: AuthorizationService,
) -> None:
    await tokens.add(TOKEN)
    later = NOON + timedelta(days=1)

    full = await tokens.change(
        DEFAULT_TENANT,
        "AbCd",
        TokenChanges(group="fleet", label="Bob", expires_at=later, concurrent_max=2),
    )
    same = await tokens.change(DEFAULT_TENANT, "AbCd", TokenChanges())
    emptied = await tokens.change(
        DEFAULT_TENANT, "AbCd", TokenChanges(group="", label="", never_expires=True)
    )

    assert (full.group, full.label, full.expires_at, full.concurrent_max) == (
        "fleet",
        "Bob",
        later,
        2,
    )
    assert same == full
    assert (emptied.group, emptied.label, emptied.expires_at) == (None, "", None)


async def test_a_removed_token_is_unknown(tokens: AuthorizationService, told: Told) -> None:
    await tokens.add(TOKEN)

    await tokens.remove(DEFAULT_TENANT, "abcd")

    assert await tokens.find(DEFAULT_TENANT, TokenRef("AbCd")) is None
    assert told.events[-1] == TokenChanged("AbCd", None)


async def test_what_is_not_there_cannot_be_changed(tokens: AuthorizationService) -> None:
    with pytest.raises(NotFoundError):
        await tokens.change(DEFAULT_TENANT, "AbCd", TokenChanges())
    with pytest.raises(NotFoundError):
        await tokens.remove(DEFAULT_TENANT, "AbCd")


async def test_the_desk_has_a_token_of_its_own_from_its_first_use(
    tokens: AuthorizationService,
) -> None:
    assert await tokens.desk(DEFAULT_TENANT, NOON) == DESK
    await tokens.desk(DEFAULT_TENANT, NOON + timedelta(days=1))

    token = await tokens.find(DEFAULT_TENANT, DESK)
    assert token is not None
    assert (token.kind, token.created_at) == (TokenKind.CENTRAL, NOON)
    assert (await tokens.authorize(STATION, DESK, NOON)).verdict is Verdict.ACCEPTED


async def test_a_desk_token_that_was_blocked_stays_blocked(tokens: AuthorizationService) -> None:
    await tokens.desk(DEFAULT_TENANT, NOON)
    await tokens.change(DEFAULT_TENANT, DESK.uid, TokenChanges(status=TokenStatus.BLOCKED))

    await tokens.desk(DEFAULT_TENANT, NOON)

    assert (await tokens.authorize(STATION, DESK, NOON)).verdict is Verdict.BLOCKED
