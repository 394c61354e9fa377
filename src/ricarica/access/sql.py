"""How tenants, operators, sessions, keys and the audit log lie in the database.

The command line writes these tables while the server runs, so a remembered row serves for a few
seconds only, and that something is missing is never remembered.
"""

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from ricarica.access.model import (
    ActorKind,
    ApiKey,
    AuditEntry,
    KeptAnswer,
    Operator,
    Role,
    Session,
    Tenant,
)
from ricarica.kernel.ids import TenantId
from ricarica.storage.columns import Blob, Instant, Integer, Json, Text, metadata
from ricarica.storage.database import Row
from ricarica.storage.shelf import Shelf
from ricarica.storage.work import Work

FRESH_S = 10.0  # so long a key that was revoked elsewhere may still work
REMEMBERED_MAX = 10_000  # people and programs are few; answers are read once

TENANTS = sa.Table(
    "tenants",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

OPERATORS = sa.Table(
    "operators",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("folded", Text(), primary_key=True),
    sa.Column("name", Text(), nullable=False),
    sa.Column("role", Text(), nullable=False),
    sa.Column("password_hash", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("password_changed_at", Instant(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)

# Found by what a cookie carries, before anything else of it is known.
SESSIONS = sa.Table(
    "sessions",
    metadata,
    sa.Column("digest", Text(), primary_key=True),
    sa.Column("tenant", Text(), nullable=False),
    sa.Column("operator", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("used_at", Instant(), nullable=False),
    sa.Column("remote", Text(), nullable=False),
    sa.Column("agent", Text(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_sessions_operator", "tenant", "operator"),
)

API_KEYS = sa.Table(
    "api_keys",
    metadata,
    sa.Column("digest", Text(), primary_key=True),
    sa.Column("tenant", Text(), nullable=False),
    sa.Column("id", Text(), nullable=False),
    sa.Column("name", Text(), nullable=False),
    sa.Column("prefix", Text(), nullable=False),
    sa.Column("role", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False),
    sa.Column("created_by", Text(), nullable=False),
    sa.Column("expires_at", Instant()),
    sa.Column("used_at", Instant()),
    sa.Column("revoked_at", Instant()),
    sa.Column("version", Integer(), nullable=False),
    sa.Index("ix_api_keys_id", "tenant", "id", unique=True),
)

AUDIT = sa.Table(
    "audit",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("id", Text(), primary_key=True),  # in the order of time
    sa.Column("at", Instant(), nullable=False),
    sa.Column("actor", Text(), nullable=False),
    sa.Column("actor_kind", Text(), nullable=False),
    sa.Column("action", Text(), nullable=False),
    sa.Column("subject", Text(), nullable=False),
    sa.Column("outcome", Text(), nullable=False),
    sa.Column("detail", Json(), nullable=False),
    sa.Index("ix_audit_at", "tenant", "at"),
    sa.Index("ix_audit_subject", "tenant", "subject", "at"),
)

ANSWERS = sa.Table(
    "kept_answers",
    metadata,
    sa.Column("tenant", Text(), primary_key=True),
    sa.Column("actor", Text(), primary_key=True),
    sa.Column("key", Text(), primary_key=True),
    sa.Column("request_digest", Text(), nullable=False),
    sa.Column("created_at", Instant(), nullable=False, index=True),
    sa.Column("status", Integer()),
    sa.Column("body", Blob(), nullable=False),
    sa.Column("version", Integer(), nullable=False),
)


def _values(entity: Any) -> Row:
    """The fields in order, for tables whose columns are the fields."""
    return tuple(getattr(entity, field.name) for field in fields(entity))


def operator_row(operator: Operator) -> Row:
    return (
        operator.tenant,
        operator.folded,
        operator.name,
        operator.role,
        operator.password_hash,
        operator.created_at,
        operator.password_changed_at,
    )


def operator_from(row: Row) -> Operator:
    tenant, _, name, role, password_hash, created_at, password_changed_at = row
    return Operator(tenant, name, Role(role), password_hash, created_at, password_changed_at)


def api_key_from(row: Row) -> ApiKey:
    key = ApiKey(*row)
    return replace(key, role=Role(key.role))


def audit_from(row: Row) -> AuditEntry:
    tenant, entry, at, actor, kind, action, subject, outcome, detail = row
    return AuditEntry(tenant, entry, at, actor, ActorKind(kind), action, subject, outcome, detail)


TENANT_SHELF: Shelf[Tenant] = Shelf(
    TENANTS, lambda tenant: (tenant.id,), _values, lambda row: Tenant(*row), FRESH_S
)
OPERATOR_SHELF: Shelf[Operator] = Shelf(
    OPERATORS,
    lambda operator: (operator.tenant, operator.folded),
    operator_row,
    operator_from,
    FRESH_S,
    remembered_max=REMEMBERED_MAX,
)
SESSION_SHELF: Shelf[Session] = Shelf(
    SESSIONS,
    lambda session: (session.digest,),
    _values,
    lambda row: Session(*row),
    FRESH_S,
    remembered_max=REMEMBERED_MAX,
)
API_KEY_SHELF: Shelf[ApiKey] = Shelf(
    API_KEYS,
    lambda key: (key.digest,),
    _values,
    api_key_from,
    FRESH_S,
    remembered_max=REMEMBERED_MAX,
)
ANSWER_SHELF: Shelf[KeptAnswer] = Shelf(
    ANSWERS,
    lambda answer: (answer.tenant, answer.actor, answer.key),
    _values,
    lambda row: KeptAnswer(*row),
    FRESH_S,
    remembered_max=REMEMBERED_MAX,
)


class SqlAccessStore:
    def __init__(self, work: Work) -> None:
        self._work = work

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        return await self._work.get(TENANT_SHELF, (tenant,))

    def save_tenant(self, tenant: Tenant) -> None:
        self._work.put(TENANT_SHELF, tenant)

    async def operator(self, tenant: TenantId, folded_name: str) -> Operator | None:
        return await self._work.get(OPERATOR_SHELF, (tenant, folded_name))

    async def operators(self, tenant: TenantId) -> list[Operator]:
        return await self._work.find(OPERATOR_SHELF, OPERATORS.c.tenant == tenant)

    def save_operator(self, operator: Operator) -> None:
        self._work.put(OPERATOR_SHELF, operator)

    def remove_operator(self, operator: Operator) -> None:
        self._work.remove(OPERATOR_SHELF, operator)

    async def session(self, digest: str) -> Session | None:
        return await self._work.get(SESSION_SHELF, (digest,))

    async def sessions_of(self, tenant: TenantId, operator: str) -> list[Session]:
        return await self._work.find(
            SESSION_SHELF, SESSIONS.c.tenant == tenant, SESSIONS.c.operator == operator
        )

    def save_session(self, session: Session) -> None:
        self._work.put(SESSION_SHELF, session)

    def remove_session(self, session: Session) -> None:
        self._work.remove(SESSION_SHELF, session)

    def remove_sessions_before(self, *, created: datetime, used: datetime) -> None:
        over = sa.or_(SESSIONS.c.created_at < created, SESSIONS.c.used_at < used)
        self._work.run(sa.delete(SESSIONS).where(over))

    def note_session_use(self, session: Session, at: datetime) -> None:
        is_it = SESSIONS.c.digest == session.digest
        self._work.run(sa.update(SESSIONS).where(is_it).values(used_at=at))

    async def api_key(self, digest: str) -> ApiKey | None:
        return await self._work.get(API_KEY_SHELF, (digest,))

    async def api_key_by_id(self, tenant: TenantId, key_id: str) -> ApiKey | None:
        found = await self._work.find(
            API_KEY_SHELF, API_KEYS.c.tenant == tenant, API_KEYS.c.id == key_id
        )
        return found[0] if found else None

    def save_api_key(self, key: ApiKey) -> None:
        self._work.put(API_KEY_SHELF, key)

    def note_api_key_use(self, key: ApiKey, at: datetime) -> None:
        is_it = API_KEYS.c.digest == key.digest
        self._work.run(sa.update(API_KEYS).where(is_it).values(used_at=at))

    def add_audit(self, entry: AuditEntry) -> None:
        self._work.add(AUDIT, _values(entry))

    async def answer(self, tenant: TenantId, actor: str, key: str) -> KeptAnswer | None:
        return await self._work.get(ANSWER_SHELF, (tenant, actor, key))

    def save_answer(self, answer: KeptAnswer) -> None:
        self._work.put(ANSWER_SHELF, answer)

    def remove_answer(self, answer: KeptAnswer) -> None:
        self._work.remove(ANSWER_SHELF, answer)

    def remove_answers_before(self, created: datetime) -> None:
        self._work.run(sa.delete(ANSWERS).where(ANSWERS.c.created_at < created))
