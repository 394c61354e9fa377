"""How tokens lie in the database."""

import sqlalchemy as sa

from ricarica.authorization.model import Token, TokenKind, TokenStatus
from ricarica.kernel.ids import TenantId
from ricarica.storage.columns import Instant, Integer, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # for so long a token that was blocked on another node may still charge

TOKENS = sa.Table(
    "tokens",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("folded", Text(), primary_key=True),
    sa.Column("uid", Text(), nullable=False),
    sa.Column("kind", Text(), nullable=False),
    sa.Column("status", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("group_id", Text()),
    sa.Column("expires_at", Instant()),
    sa.Column("label", Text(), nullable=False),
    sa.Column("concurrent_max", Integer()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_tokens_created_at", "tenant", "created_at"),
    sa.Index("ix_tokens_group_id", "tenant", "group_id"),
)


def token_row(token: Token) -> Row:
    return (
        token.tenant,
        token.folded,
        token.uid,
        token.kind,
        token.status,
        token.created_at,
        token.group,
        token.expires_at,
        token.label,
        token.concurrent_max,
    )


def token_from(row: Row) -> Token:
    tenant, _, uid, kind, status, *rest = row
    return Token(tenant, uid, TokenKind(kind), TokenStatus(status), *rest)


TOKEN_SHELF = Shelf[Token](
    TOKENS, lambda token: (token.tenant, token.folded), token_row, token_from, FRESH_S
)


class SqlTokenStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def get(self, tenant: TenantId, folded_uid: str) -> Token | None:
        return await self._work.get(TOKEN_SHELF, (tenant, folded_uid))

    def save(self, token: Token) -> None:
        self._work.put(TOKEN_SHELF, token)

    def remove(self, token: Token) -> None:
        self._work.remove(TOKEN_SHELF, token)
