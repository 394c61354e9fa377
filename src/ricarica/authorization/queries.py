"""Reading tokens for screens."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from ricarica.authorization.model import Token, TokenKind, TokenRef, TokenStatus
from ricarica.authorization.sql import TOKENS, token_from
from ricarica.kernel.ids import TenantId
from ricarica.storage.database import Database
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

BY_UID = Order(TOKENS.c.folded, TOKENS.c.folded)


@dataclass(frozen=True, slots=True)
class TokenFilter:
    """None: any. `text` is looked for in uid, label and group, in any case."""

    text: str | None = None
    status: TokenStatus | None = None
    kind: TokenKind | None = None
    group: str | None = None
    expired_at: datetime | None = None  # those that have expired by then


ANY = TokenFilter()


class TokenQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def tokens(
        self, tenant: TenantId, filter_: TokenFilter = ANY, wanted: Wanted = FIRST
    ) -> Page[Token]:
        """By uid."""
        query = sa.select(*TOKENS.c[:-1]).where(TOKENS.c.tenant == tenant, *_wheres(filter_))
        return await page_of(self._database, query, BY_UID, wanted, token_from)

    async def token(self, tenant: TenantId, uid: str) -> Token | None:
        rows = await self._database.fetch(
            sa.select(*TOKENS.c[:-1]).where(
                TOKENS.c.tenant == tenant, TOKENS.c.folded == TokenRef(uid).folded
            )
        )
        return token_from(rows[0]) if rows else None


def _wheres(filter_: TokenFilter) -> Iterator[sa.ColumnElement[bool]]:
    columns = TOKENS.c
    if filter_.text:
        text = filter_.text.strip().casefold()
        yield sa.or_(
            columns.folded.contains(text, autoescape=True),
            sa.func.lower(columns.label).contains(text, autoescape=True),
            sa.func.lower(columns.group_id).contains(text, autoescape=True),
        )
    if filter_.status is not None:
        yield columns.status == filter_.status
    if filter_.kind is not None:
        yield columns.kind == filter_.kind
    if filter_.group is not None:
        yield columns.group_id == filter_.group
    if filter_.expired_at is not None:
        yield columns.expires_at <= filter_.expired_at
