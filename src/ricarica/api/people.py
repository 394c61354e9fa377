"""/operators, /api-keys, /audit: who may do what, and what they did."""

from datetime import datetime
from typing import Annotated, Any

from litestar import delete, get, patch, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from ricarica.access.model import (
    NAME_LENGTH_MAX,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    ActorKind,
    ApiKey,
    AuditEntry,
    Operator,
    Permission,
    Role,
)
from ricarica.access.queries import AccessQueries, AuditFilter
from ricarica.access.service import NewKey
from ricarica.api.caller import Asking
from ricarica.api.gate import needs
from ricarica.api.replies import Instant, Page, PageWanted, in_utc, page_from
from ricarica.slices import Slices

Name = Annotated[str, Meta(min_length=1, max_length=NAME_LENGTH_MAX)]
Password = Annotated[str, Meta(min_length=PASSWORD_LENGTH_MIN, max_length=PASSWORD_LENGTH_MAX)]


class MeReply(Struct, frozen=True):
    name: str
    kind: ActorKind
    role: Role
    permissions: list[Permission]


class OperatorReply(Struct, frozen=True):
    name: str
    role: Role
    created_at: datetime
    password_changed_at: datetime


class NewOperator(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    password: Password
    role: Role


class OperatorPatch(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out stays. A new password ends all sessions of the operator."""

    role: Role | UnsetType = UNSET
    password: Password | UnsetType = UNSET


class ApiKeyReply(Struct, frozen=True):
    """`key` is given once, when the key is made; of a repeated request it is null."""

    id: str
    name: str
    prefix: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None
    key: str | None = None


class NewApiKey(Struct, frozen=True, forbid_unknown_fields=True):
    name: Name
    role: Role
    expires_at: Instant | None = None


class AuditReply(Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    actor_kind: ActorKind
    action: str
    subject: str
    outcome: str
    detail: dict[str, Any]


@get("/me", opt=needs(Permission.READ), tags=["Access"])
async def who_am_i(caller: Asking) -> MeReply:
    """Who asks, and what they may do."""
    actor = caller.actor
    allowed = [permission for permission in Permission if actor.may(permission)]
    return MeReply(actor.name, actor.kind, actor.role, allowed)


# -- operators


@get("/operators", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def list_operators(caller: Asking, page: PageWanted) -> Page[OperatorReply]:
    """Operators by name."""
    rows = await AccessQueries(caller.database).operators(caller.tenant, page)
    return page_from(rows, operator_reply)


@post("/operators", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def add_operator(caller: Asking, data: JSONBody[NewOperator]) -> OperatorReply:
    """Let another person in."""

    async def add() -> OperatorReply:
        added = await caller.authentication.add_operator(
            caller.actor, data.name, data.password, data.role
        )
        return operator_reply(added)

    without_password = structs.replace(data, password="")
    return await caller.asking(without_password).once_outside(OperatorReply, add)


@patch("/operators/{name:str}", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def change_operator(
    caller: Asking, name: FromPath[str], data: JSONBody[OperatorPatch]
) -> OperatorReply:
    """Give an operator another role or a new password."""
    if data.password is not UNSET:
        await caller.authentication.set_password(caller.actor, name, data.password)

    async def change(slices: Slices) -> OperatorReply:
        if data.role is UNSET:
            return operator_reply(await slices.access.operator(caller.tenant, name))
        changed = await slices.access.set_role(caller.tenant, name, data.role)
        caller.audit(slices, "operator.role", f"operator:{changed.name}", role=data.role)
        return operator_reply(changed)

    return await caller.carry_out(change)


@delete("/operators/{name:str}", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def remove_operator(caller: Asking, name: FromPath[str]) -> None:
    """Ends their sessions too. The last admin cannot be removed."""

    async def remove(slices: Slices) -> None:
        await slices.access.remove_operator(caller.tenant, name)
        caller.audit(slices, "operator.remove", f"operator:{name}")

    await caller.carry_out(remove)


# -- API keys


@get("/api-keys", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def list_api_keys(caller: Asking, page: PageWanted) -> Page[ApiKeyReply]:
    """API keys, the newest first; also revoked ones."""
    rows = await AccessQueries(caller.database).api_keys(caller.tenant, page)
    return page_from(rows, api_key_reply)


@post("/api-keys", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def add_api_key(caller: Asking, data: JSONBody[NewApiKey]) -> ApiKeyReply:
    """Make a key for a program. The key itself is told in this answer and never again."""

    async def create(slices: Slices) -> ApiKeyReply:
        asked = NewKey(data.name, data.role, in_utc(data.expires_at))
        key, secret = await slices.access.create_api_key(caller.actor, asked, slices.now)
        caller.audit(slices, "api_key.create", f"api_key:{key.id}", name=key.name, role=key.role)
        return structs.replace(api_key_reply(key), key=secret)

    return await caller.once(
        ApiKeyReply, create, kept=lambda reply: structs.replace(reply, key=None)
    )


@delete("/api-keys/{key_id:str}", opt=needs(Permission.ADMINISTER), tags=["Access"])
async def revoke_api_key(caller: Asking, key_id: FromPath[str]) -> None:
    """From now on the key opens nothing; it stays in the list."""

    async def revoke(slices: Slices) -> None:
        key = await slices.access.revoke_api_key(caller.tenant, key_id, slices.now)
        caller.audit(slices, "api_key.revoke", f"api_key:{key.id}", name=key.name)

    await caller.carry_out(revoke)


# -- what was done


def audit_filter(
    subject: Annotated[str | None, QueryParameter(description="E.g. `station:CP-1`.")] = None,
    actor: FromQuery[str | None] = None,
    action: Annotated[str | None, QueryParameter(description="E.g. `token.add`.")] = None,
) -> AuditFilter:
    return AuditFilter(subject, actor, action)


@get(
    "/audit",
    opt=needs(Permission.ADMINISTER),
    tags=["Access"],
    dependencies={"which": Provide(audit_filter, sync_to_thread=False)},
)
async def list_audit(
    caller: Asking, which: NamedDependency[AuditFilter], page: PageWanted
) -> Page[AuditReply]:
    """What people and programs did, the latest first."""
    rows = await AccessQueries(caller.database).audit(caller.tenant, which, page)
    return page_from(rows, audit_reply)


HANDLERS = (
    who_am_i,
    list_operators,
    add_operator,
    change_operator,
    remove_operator,
    list_api_keys,
    add_api_key,
    revoke_api_key,
    list_audit,
)


def operator_reply(operator: Operator) -> OperatorReply:
    return OperatorReply(
        operator.name, operator.role, operator.created_at, operator.password_changed_at
    )


def api_key_reply(key: ApiKey) -> ApiKeyReply:
    return ApiKeyReply(
        key.id,
        key.name,
        key.prefix,
        key.role,
        key.created_at,
        key.created_by,
        key.expires_at,
        key.used_at,
        key.revoked_at,
    )


def audit_reply(entry: AuditEntry) -> AuditReply:
    return AuditReply(
        entry.id,
        entry.at,
        entry.actor,
        entry.actor_kind,
        entry.action,
        entry.subject,
        entry.outcome,
        entry.detail,
    )
