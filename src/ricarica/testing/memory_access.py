from dataclasses import replace
from datetime import datetime

from ricarica.access.model import ApiKey, AuditEntry, KeptAnswer, Operator, Session, Tenant
from ricarica.kernel.ids import TenantId


class MemoryAccessStore:
    """What is saved is there at once; nothing is ever rolled back."""

    def __init__(self) -> None:
        self.tenants: dict[TenantId, Tenant] = {}
        self.all_operators: dict[tuple[TenantId, str], Operator] = {}
        self.sessions: dict[str, Session] = {}
        self.api_keys: dict[str, ApiKey] = {}
        self.audit: list[AuditEntry] = []
        self.answers: dict[tuple[TenantId, str, str], KeptAnswer] = {}

    async def tenant(self, tenant: TenantId) -> Tenant | None:
        return self.tenants.get(tenant)

    def save_tenant(self, tenant: Tenant) -> None:
        self.tenants[tenant.id] = tenant

    async def operator(self, tenant: TenantId, folded_name: str) -> Operator | None:
        return self.all_operators.get((tenant, folded_name))

    async def operators(self, tenant: TenantId) -> list[Operator]:
        return [each for each in self.all_operators.values() if each.tenant == tenant]

    def save_operator(self, operator: Operator) -> None:
        self.all_operators[(operator.tenant, operator.folded)] = operator

    def remove_operator(self, operator: Operator) -> None:
        del self.all_operators[(operator.tenant, operator.folded)]

    async def session(self, digest: str) -> Session | None:
        return self.sessions.get(digest)

    async def sessions_of(self, tenant: TenantId, operator: str) -> list[Session]:
        return [
            session
            for session in self.sessions.values()
            if (session.tenant, session.operator) == (tenant, operator)
        ]

    def save_session(self, session: Session) -> None:
        self.sessions[session.digest] = session

    def remove_session(self, session: Session) -> None:
        del self.sessions[session.digest]

    def remove_sessions_before(self, *, created: datetime, used: datetime) -> None:
        self.sessions = {
            digest: session
            for digest, session in self.sessions.items()
            if session.created_at >= created and session.used_at >= used
        }

    def note_session_use(self, session: Session, at: datetime) -> None:
        self.sessions[session.digest] = replace(session, used_at=at)

    async def api_key(self, digest: str) -> ApiKey | None:
        return self.api_keys.get(digest)

    async def api_key_by_id(self, tenant: TenantId, key_id: str) -> ApiKey | None:
        found = (key for key in self.api_keys.values() if (key.tenant, key.id) == (tenant, key_id))
        return next(found, None)

    def save_api_key(self, key: ApiKey) -> None:
        self.api_keys[key.digest] = key

    def note_api_key_use(self, key: ApiKey, at: datetime) -> None:
        self.api_keys[key.digest] = replace(key, used_at=at)

    def add_audit(self, entry: AuditEntry) -> None:
        self.audit.append(entry)

    async def answer(self, tenant: TenantId, actor: str, key: str) -> KeptAnswer | None:
        return self.answers.get((tenant, actor, key))

    def save_answer(self, answer: KeptAnswer) -> None:
        self.answers[(answer.tenant, answer.actor, answer.key)] = answer

    def remove_answer(self, answer: KeptAnswer) -> None:
        del self.answers[(answer.tenant, answer.actor, answer.key)]

    def remove_answers_before(self, created: datetime) -> None:
        self.answers = {
            place: answer for place, answer in self.answers.items() if answer.created_at >= created
        }
