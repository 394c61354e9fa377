"""Reading operators, keys and the audit log for screens."""

from dataclasses import dataclass

import sqlalchemy as sa

from ricarica.access.model import ApiKey, AuditEntry, Operator
from ricarica.access.sql import (
    API_KEYS,
    AUDIT,
    OPERATORS,
    api_key_from,
    audit_from,
    operator_from,
)
from ricarica.kernel.ids import TenantId
from ricarica.storage.database import Database


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None: any."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None


class AccessQueries:
    """Every page is bounded by `limit` and goes on after the last id or name of the one before."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def operators(
        self, tenant: TenantId, limit: int, after: str | None = None
    ) -> list[Operator]:
        """By name."""
        query = sa.select(*OPERATORS.c[:-1]).where(OPERATORS.c.tenant == tenant)
        if after is not None:
            query = query.where(OPERATORS.c.folded > after)
        rows = await self._database.fetch(query.order_by(OPERATORS.c.folded).limit(limit))
        return [operator_from(row) for row in rows]

    async def api_keys(
        self, tenant: TenantId, limit: int, after: str | None = None
    ) -> list[ApiKey]:
        """The newest first."""
        query = sa.select(*API_KEYS.c[:-1]).where(API_KEYS.c.tenant == tenant)
        if after is not None:
            query = query.where(API_KEYS.c.id < after)
        rows = await self._database.fetch(query.order_by(API_KEYS.c.id.desc()).limit(limit))
        return [api_key_from(row) for row in rows]

    async def audit(
        self,
        tenant: TenantId,
        limit: int,
        wanted: AuditFilter = AuditFilter(),
        after: str | None = None,
    ) -> list[AuditEntry]:
        """The newest first."""
        query = sa.select(AUDIT).where(AUDIT.c.tenant == tenant)
        for column, value in (
            (AUDIT.c.subject, wanted.subject),
            (AUDIT.c.actor, wanted.actor),
            (AUDIT.c.action, wanted.action),
        ):
            if value is not None:
                query = query.where(column == value)
        if after is not None:
            query = query.where(AUDIT.c.id < after)
        rows = await self._database.fetch(query.order_by(AUDIT.c.id.desc()).limit(limit))
        return [audit_from(row) for row in rows]
