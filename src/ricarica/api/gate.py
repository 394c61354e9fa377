"""Who asks, and whether they may: decided before any handler runs."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler

from ricarica.access.authentication import Authentication
from ricarica.access.model import (
    KEY_SIGN,
    SESSION_COOKIE,
    Actor,
    NotAuthenticatedError,
    Permission,
    is_csrf_token,
)
from ricarica.api.sent import check_address
from ricarica.kernel.errors import ForbiddenError
from ricarica.kernel.slashes import name_in

CSRF_HEADER = "X-CSRF-Token"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
HOW = "send `Authorization: Bearer KEY` with an API key, or log in"

Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


def needs(permission: Permission) -> dict[str, Permission]:
    """The `opt` of a handler: what whoever calls it has to be allowed."""
    return {"permission": permission}


def gate(authentication: Authentication) -> Guard:
    """Lets pass who is known and allowed; handlers find them as `request.user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        if connection.scope.get("method") == "OPTIONS":
            return  # it tells which methods there are, and so does the documentation
        check_address(connection)
        _restore_slashes(connection)
        actor = await _actor(authentication, connection)
        actor.must(handler.opt["permission"])
        connection.scope["user"] = actor

    return guard


def _restore_slashes(connection: Connection) -> None:
    """Of names within the address. What the router found is its own, and stays as it is."""
    found = connection.path_params.items()
    connection.scope["path_params"] = {
        key: name_in(value) if isinstance(value, str) else value for key, value in found
    }


async def _actor(authentication: Authentication, connection: Connection) -> Actor:
    header = connection.headers.get("Authorization")
    if header is not None:
        return await _by_key(authentication, header)
    token = connection.cookies.get(SESSION_COOKIE)
    if token is None:
        raise NotAuthenticatedError(f"nobody is logged in; {HOW}")
    actor = await authentication.by_session(token)
    if actor is None:
        raise NotAuthenticatedError(f"the session is over; {HOW}")
    if not isinstance(connection, Request) or connection.method not in READING:
        _check_csrf(token, connection.headers.get(CSRF_HEADER, ""))
    return actor


async def _by_key(authentication: Authentication, header: str) -> Actor:
    scheme, _, key = header.partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key.startswith(KEY_SIGN):
        raise NotAuthenticatedError(f"that is no API key of ours; {HOW}")
    actor = await authentication.by_api_key(key)
    if actor is None:
        raise NotAuthenticatedError(f"the API key is unknown, revoked or expired; {HOW}")
    return actor


def _check_csrf(session_token: str, given: str) -> None:
    if not is_csrf_token(session_token, given):
        raise ForbiddenError(f"a change from a browser carries its session's {CSRF_HEADER}")
