"""Operators, sessions, API keys and the audit log."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from ricarica.access.events import ApiKeyChanged, OperatorChanged
from ricarica.access.model import (
    ABSOLUTE,
    ANSWERS_KEPT,
    IDLE,
    KEY_SIGN,
    PREFIX_LENGTH,
    Actor,
    ApiKey,
    AuditEntry,
    KeptAnswer,
    Operator,
    Role,
    Session,
    Tenant,
    checked_name,
    digest_of,
    folded,
)
from ricarica.access.ports import AccessStore
from ricarica.kernel.errors import ConflictError, InvalidError, NotFoundError
from ricarica.kernel.events import Announcer
from ricarica.kernel.ids import DEFAULT_TENANT, Ids, TenantId

USE_NOTED_EVERY = timedelta(minutes=1)  # a page that asks often costs no write each time


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a session was opened from."""

    remote: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class NewKey:
    name: str
    role: Role
    expires_at: datetime | None = None


class AccessService:
    def __init__(self, store: AccessStore, announcer: Announcer, ids: Ids) -> None:
        self._store = store
        self._announce = announcer.announce
        self._ids = ids

    # -- tenants

    async def found(self, at: datetime) -> Tenant:
        """The one tenant that every installation has, made when it is first needed."""
        known = await self._store.tenant(DEFAULT_TENANT)
        if known is not None:
            return known
        tenant = Tenant(DEFAULT_TENANT, "Default", at)
        self._store.save_tenant(tenant)
        return tenant

    async def has_tenant(self, tenant: TenantId) -> bool:
        """Tenants are made by people: whoever names one in an address makes none."""
        return tenant == DEFAULT_TENANT or await self._store.tenant(tenant) is not None

    # -- operators

    async def operator(self, tenant: TenantId, name: str) -> Operator:
        operator = await self.find_operator(tenant, name)
        if operator is None:
            raise NotFoundError(f"there is no operator {name}")
        return operator

    async def find_operator(self, tenant: TenantId, name: str) -> Operator | None:
        return await self._store.operator(tenant, folded(name))

    async def has_operators(self, tenant: TenantId) -> bool:
        return bool(await self._store.operators(tenant))

    async def add_operator(
        self, tenant: TenantId, name: str, role: Role, password_hash: str, at: datetime
    ) -> Operator:
        operator = Operator(tenant, checked_name(name), role, password_hash, at, at)
        if await self._store.operator(tenant, operator.folded):
            raise ConflictError(f"an operator {operator.name} is there already")
        self._store.save_operator(operator)
        self._announce(OperatorChanged(operator.name, role))
        return operator

    async def set_password(
        self, tenant: TenantId, name: str, password_hash: str, at: datetime
    ) -> Operator:
        """A new password ends every session that was opened with the old one."""
        operator = await self.operator(tenant, name)
        changed = replace(operator, password_hash=password_hash, password_changed_at=at)
        self._store.save_operator(changed)
        await self._close_sessions_of(changed)
        self._announce(OperatorChanged(changed.name, changed.role))
        return changed

    async def set_role(self, tenant: TenantId, name: str, role: Role) -> Operator:
        operator = await self.operator(tenant, name)
        if role is not Role.ADMIN:
            await self._leave_an_admin(operator)
        changed = replace(operator, role=role)
        self._store.save_operator(changed)
        self._announce(OperatorChanged(changed.name, role))
        return changed

    async def remove_operator(self, tenant: TenantId, name: str) -> None:
        operator = await self.operator(tenant, name)
        await self._leave_an_admin(operator)
        await self._close_sessions_of(operator)
        self._store.remove_operator(operator)
        self._announce(OperatorChanged(operator.name, None))

    # -- browser sessions

    async def open_session(self, operator: Operator, browser: Browser, at: datetime) -> str:
        """Returns the session's token, which is known to nobody but the browser."""
        token = self._ids.secret()
        self._store.save_session(
            Session(
                digest_of(token),
                operator.tenant,
                operator.folded,
                created_at=at,
                used_at=at,
                remote=browser.remote[:100],
                agent=browser.agent[:300],
            )
        )
        return token

    async def close_session(self, token: str) -> None:
        session = await self._store.session(digest_of(token))
        if session is not None:
            self._store.remove_session(session)

    async def actor_of_session(self, token: str, at: datetime) -> Actor | None:
        session = await self._store.session(digest_of(token))
        if session is None or session.is_over(at):
            return None
        operator = await self._store.operator(session.tenant, session.operator)
        if operator is None or operator.password_changed_at > session.created_at:
            return None
        if at - session.used_at >= USE_NOTED_EVERY:
            self._store.note_session_use(session, at)
        return operator.actor

    # -- API keys

    async def create_api_key(
        self, actor: Actor, wanted: NewKey, at: datetime
    ) -> tuple[ApiKey, str]:
        """The key and, this once, its secret."""
        if wanted.expires_at is not None and wanted.expires_at <= at:
            raise InvalidError("expires_at is in the past; name a later time or leave it out")
        secret = KEY_SIGN + self._ids.secret()
        key = ApiKey(
            digest_of(secret),
            actor.tenant,
            self._ids.new(),
            checked_name(wanted.name),
            secret[:PREFIX_LENGTH],
            wanted.role,
            created_at=at,
            created_by=actor.name,
            expires_at=wanted.expires_at,
        )
        self._store.save_api_key(key)
        self._announce(ApiKeyChanged(key.id, key.prefix, revoked=False))
        return key, secret

    async def revoke_api_key(self, tenant: TenantId, key_id: str, at: datetime) -> ApiKey:
        """For good; revoking it again changes nothing."""
        key = await self._store.api_key_by_id(tenant, key_id)
        if key is None:
            raise NotFoundError(f"there is no API key {key_id}")
        if key.revoked_at is not None:
            return key
        revoked = replace(key, revoked_at=at)
        self._store.save_api_key(revoked)
        self._announce(ApiKeyChanged(key.id, key.prefix, revoked=True))
        return revoked

    async def actor_of_api_key(self, secret: str, at: datetime) -> Actor | None:
        key = await self._store.api_key(digest_of(secret))
        if key is None or key.is_over(at):
            return None
        if key.used_at is None or at - key.used_at >= USE_NOTED_EVERY:
            self._store.note_api_key_use(key, at)
        return key.actor

    # -- what was done

    def audit(
        self,
        actor: Actor,
        action: str,
        subject: str,
        at: datetime,
        *,
        outcome: str = "done",
        detail: dict[str, object] | None = None,
    ) -> None:
        """Add a line to the audit log, in the same commit as what it tells about."""
        self._store.add_audit(
            AuditEntry(
                actor.tenant,
                self._ids.new(),
                at,
                actor.name,
                actor.kind,
                action,
                subject,
                outcome,
                detail or {},
            )
        )

    # -- requests that are repeated

    async def answer_kept(
        self, actor: Actor, key: str, request_digest: str, at: datetime
    ) -> KeptAnswer | None:
        """The first answer to a request with this key; None: it was never made.

        Raises:
            InvalidError: the key was used for another request.
        """
        kept = await self._store.answer(actor.tenant, _owner(actor), key)
        if kept is None or kept.is_over(at):
            return None
        if kept.request_digest != request_digest:
            raise InvalidError(
                "this idempotency key was used for another request; use a new one for each"
            )
        return kept

    async def keep_answer(self, actor: Actor, answer: KeptAnswer) -> None:
        """Two that keep an answer under one key at once cannot both commit."""
        place = replace(answer, tenant=actor.tenant, actor=_owner(actor))
        await self._store.answer(place.tenant, place.actor, place.key)
        self._store.save_answer(place)

    async def forget_answer(self, actor: Actor, key: str) -> None:
        """The request came to nothing, so that it may be made again."""
        kept = await self._store.answer(actor.tenant, _owner(actor), key)
        if kept is not None:
            self._store.remove_answer(kept)

    # -- what is over

    def tidy(self, at: datetime) -> None:
        """Throw away the sessions that are over and the answers that nobody asks for again."""
        self._store.remove_sessions_before(created=at - ABSOLUTE, used=at - IDLE)
        self._store.remove_answers_before(at - ANSWERS_KEPT)

    # -- what several of these need

    async def _close_sessions_of(self, operator: Operator) -> None:
        for session in await self._store.sessions_of(operator.tenant, operator.folded):
            self._store.remove_session(session)

    async def _leave_an_admin(self, leaving: Operator) -> None:
        others = [
            operator
            for operator in await self._store.operators(leaving.tenant)
            if operator.role is Role.ADMIN and operator.folded != leaving.folded
        ]
        if leaving.role is Role.ADMIN and not others:
            raise ConflictError(f"{leaving.name} is the last admin; make another one first")


def _owner(actor: Actor) -> str:
    return f"{actor.kind}:{actor.name}"
