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
from ricarica.storage.pages import FIRST, Order, Page, Wanted, page_of

OPERATORS_BY_NAME = Order(OPERATORS.c.folded, OPERATORS.c.folded)
NEWEST_KEY_FIRST = Order(API_KEYS.c.created_at, API_KEYS.c.id, descending=True, is_time=True)
NEWEST_ENTRY_FIRST = Order(AUDIT.c.at, AUDIT.c.id, descending=True, is_time=True)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """None: any."""

    subject: str | None = None
    actor: str | None = None
    action: str | None = None


EVERYTHING = AuditFilter()


class AccessQueries:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def operators(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[Operator]:
        query = sa.select(*OPERATORS.c[:-1]).where(OPERATORS.c.tenant == tenant)
        return await page_of(self._database, query, OPERATORS_BY_NAME, wanted, operator_from)

    async def api_keys(self, tenant: TenantId, wanted: Wanted = FIRST) -> Page[ApiKey]:
        query = sa.select(*API_KEYS.c[:-1]).where(API_KEYS.c.tenant == tenant)
        return await page_of(self._database, query, NEWEST_KEY_FIRST, wanted, api_key_from)

    async def audit(
        self, tenant: TenantId, which: AuditFilter = EVERYTHING, wanted: Wanted = FIRST
    ) -> Page[AuditEntry]:
        query = sa.select(*AUDIT.c).where(AUDIT.c.tenant == tenant)
        for column, value in (
            (AUDIT.c.subject, which.subject),
            (AUDIT.c.actor, which.actor),
            (AUDIT.c.action, which.action),
        ):
            if value is not None:
                query = query.where(column == value)
        return await page_of(self._database, query, NEWEST_ENTRY_FIRST, wanted, audit_from)
