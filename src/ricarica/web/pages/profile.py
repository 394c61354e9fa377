"""/settings: one's own password, and for administrators keys and people."""

from collections.abc import Mapping

from litestar import get, post
from litestar.params import FromPath

import ricarica
from ricarica.access.model import (
    NAME_LENGTH_MAX,
    PASSWORD_LENGTH_MAX,
    PASSWORD_LENGTH_MIN,
    ApiKey,
    NotAuthenticatedError,
    Operator,
    Permission,
    Role,
    TooManyAttemptsError,
    folded,
)
from ricarica.access.queries import AccessQueries
from ricarica.access.service import NewKey
from ricarica.kernel.errors import ConflictError
from ricarica.kernel.slashes import name_in
from ricarica.slices import Slices
from ricarica.storage.pages import LIMIT_MAX, Wanted
from ricarica.web.builders.forms import (
    NAME_MISSING,
    NAME_TAKEN,
    PASSWORD_TOO_SHORT,
    PASSWORD_WRONG,
    UNKNOWN_CHOICE,
)
from ricarica.web.pages.entry import proven
from ricarica.web.sessions import needs, session_cookie
from ricarica.web.views.entry import TOO_MANY_ATTEMPTS
from ricarica.web.views.settings import ApiKeyRow, NewApiKey, OperatorRow, ProfilePage
from ricarica.web.views.visit import Notice
from ricarica.web.visitor import Html, Visiting, Visitor

EVERYTHING = Wanted(LIMIT_MAX)

Errors = Mapping[str, str]


@get("/settings", opt=needs(Permission.READ))
async def profile_page(visitor: Visiting) -> Html:
    return await _shown(visitor)


@post("/settings/password", opt=needs(Permission.READ))
async def change_password(visitor: Visiting) -> Html:
    """Ends every session of the operator, and begins a new one here."""
    name, password = visitor.actor.name, visitor.form.get("password", "")
    if not _is_password(password):
        return await _shown(visitor, {"password": PASSWORD_TOO_SHORT})
    try:
        await proven(visitor, name, visitor.form.get("current", ""))
    except NotAuthenticatedError:
        return await _shown(visitor, {"current": PASSWORD_WRONG})
    except TooManyAttemptsError:
        return await _shown(visitor, {"current": TOO_MANY_ATTEMPTS})
    await visitor.house.authentication.set_password(visitor.actor, name, password)
    login = await proven(visitor, name, password)
    cookie = session_cookie(visitor.house, visitor.request, login.token)
    return visitor.lead_to("/settings", Notice.PASSWORD_CHANGED, (cookie,))


# -- API keys


@post("/settings/api-keys", opt=needs(Permission.ADMINISTER))
async def add_key(visitor: Visiting) -> Html:
    """The key is in this answer and nowhere else."""
    name, role = visitor.form.get("key_name", "").strip(), visitor.form.get("key_role", "")
    errors = _named("key_name", name) | _one_of_roles("key_role", role)
    if errors:
        return await _shown(visitor, errors)

    async def create(slices: Slices) -> NewApiKey:
        wanted = NewKey(name, Role(role))
        key, secret = await slices.access.create_api_key(visitor.actor, wanted, slices.now)
        visitor.audit(slices, "api_key.create", f"api_key:{key.id}", name=key.name, role=key.role)
        return NewApiKey(key.name, secret)

    return await _shown(visitor, new_key=await visitor.carry_out(create))


@post("/settings/api-keys/{key:str}/revoke", opt=needs(Permission.ADMINISTER))
async def revoke_key(visitor: Visiting, key: FromPath[str]) -> Html:
    async def revoke(slices: Slices) -> None:
        revoked = await slices.access.revoke_api_key(visitor.tenant, name_in(key), slices.now)
        visitor.audit(slices, "api_key.revoke", f"api_key:{revoked.id}", name=revoked.name)

    await visitor.carry_out(revoke)
    return visitor.lead_to("/settings", Notice.KEY_REVOKED)


# -- operators


@post("/settings/operators", opt=needs(Permission.ADMINISTER))
async def add_operator(visitor: Visiting) -> Html:
    form = visitor.form
    name, password = form.get("operator_name", "").strip(), form.get("operator_password", "")
    role = form.get("operator_role", "")
    errors = _named("operator_name", name) | _one_of_roles("operator_role", role)
    if not _is_password(password):
        errors["operator_password"] = PASSWORD_TOO_SHORT
    if errors:
        return await _shown(visitor, errors)
    try:
        await visitor.house.authentication.add_operator(visitor.actor, name, password, Role(role))
    except ConflictError:
        return await _shown(visitor, {"operator_name": NAME_TAKEN})
    return visitor.lead_to("/settings", Notice.OPERATOR_SAVED)


@post("/settings/operators/remove", opt=needs(Permission.ADMINISTER))
async def remove_operator(visitor: Visiting) -> Html:
    """Of oneself nobody is rid by a slip; another administrator can do that."""
    name = visitor.form.get("name", "")
    if folded(name) == folded(visitor.actor.name):
        raise ConflictError("another administrator can remove you")

    async def remove(slices: Slices) -> None:
        await slices.access.remove_operator(visitor.tenant, name)
        visitor.audit(slices, "operator.remove", f"operator:{name}")

    await visitor.carry_out(remove)
    return visitor.lead_to("/settings", Notice.OPERATOR_REMOVED)


HANDLERS = (profile_page, change_password, add_key, revoke_key, add_operator, remove_operator)


async def _shown(
    visitor: Visitor, errors: Errors | None = None, new_key: NewApiKey | None = None
) -> Html:
    keys: tuple[ApiKeyRow, ...] = ()
    operators: tuple[OperatorRow, ...] = ()
    if visitor.may(Permission.ADMINISTER):
        queries = AccessQueries(visitor.database)
        known = await queries.api_keys(visitor.tenant, EVERYTHING)
        keys = tuple(_key_row(key) for key in known.items if not key.is_over(visitor.now))
        people = await queries.operators(visitor.tenant, EVERYTHING)
        operators = tuple(_operator_row(each, visitor.actor.name) for each in people.items)
    page = ProfilePage(keys, operators, new_key, ricarica.__version__, errors or {})
    return await visitor.show(page, 422 if errors else 200)


def _key_row(key: ApiKey) -> ApiKeyRow:
    return ApiKeyRow(
        key.id, key.name, key.prefix, key.role, key.created_at, key.used_at, key.created_by
    )


def _operator_row(operator: Operator, self_name: str) -> OperatorRow:
    is_self = operator.folded == folded(self_name)
    return OperatorRow(operator.name, operator.role, operator.created_at, is_self)


def _named(field: str, name: str) -> dict[str, str]:
    is_name = 0 < len(name) <= NAME_LENGTH_MAX and name.isprintable()
    return {} if is_name else {field: NAME_MISSING}


def _one_of_roles(field: str, role: str) -> dict[str, str]:
    return {} if role in set(Role) else {field: UNKNOWN_CHOICE}


def _is_password(password: str) -> bool:
    return PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX
