from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ricarica.authorization.model import (
    EnergyTransfer,
    Token,
    TokenKind,
    TokenStatus,
    Treatment,
)
from ricarica.kernel.ids import DEFAULT_TENANT, TenantId
from tests.contracts.slices.conftest import Desk

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
PLAIN = Token(DEFAULT_TENANT, "AbCd", TokenKind.ISO14443, TokenStatus.ACTIVE, NOON)
FULL = replace(
    PLAIN,
    kind=TokenKind.EMAID,
    status=TokenStatus.BLOCKED,
    group="fleet",
    expires_at=NOON,
    label="Ada's card",
    concurrent_max=2,
    treatment=Treatment("it", "en", "Ciao", -3, (EnergyTransfer.DC, EnergyTransfer.WPT)),
)


async def add(desk: Desk, token: Token) -> None:
    async with desk.unit() as stores:
        assert await stores.tokens.get(token.tenant, token.folded) is None
        stores.tokens.save(token)


@pytest.mark.parametrize("token", [PLAIN, FULL])
async def test_a_token_comes_back_as_it_was_saved(desk: Desk, token: Token) -> None:
    await add(desk, token)
    desk.restart()

    async with desk.unit() as stores:
        assert await stores.tokens.get(DEFAULT_TENANT, "abcd") == token
        assert await stores.tokens.get(DEFAULT_TENANT, "AbCd") is None
        assert await stores.tokens.get(TenantId("other"), "abcd") is None


async def test_a_token_changes_goes_and_comes_back(desk: Desk) -> None:
    await add(desk, PLAIN)
    async with desk.unit() as stores:
        assert await stores.tokens.get(DEFAULT_TENANT, "abcd") == PLAIN
        stores.tokens.save(FULL)
    async with desk.unit() as stores:
        assert await stores.tokens.get(DEFAULT_TENANT, "abcd") == FULL
        stores.tokens.remove(FULL)
    async with desk.unit() as stores:
        assert await stores.tokens.get(DEFAULT_TENANT, "abcd") is None

    await add(desk, PLAIN)

    async with desk.unit() as stores:
        assert await stores.tokens.get(DEFAULT_TENANT, "abcd") == PLAIN
