"""Who visits, and whether they may: decided before any page is made."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from ricarica.access.model import (
    ABSOLUTE,
    SESSION_COOKIE,
    Actor,
    NotAuthenticatedError,
    Permission,
    csrf_token_of,
    is_csrf_token,
)
from ricarica.kernel.errors import InvalidError, RicaricaError
from ricarica.web.house import House

CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
PREFERENCE_AGE_S = 365 * 24 * 3600  # so long a language stays chosen on this machine
QUERY_MAX = 8192  # characters: what proxies let pass; no filter of ours comes near it
OUR_SITES = frozenset({"same-origin", "none"})  # none: typed into the address bar

Anyone = Request[Any, Any, Any]
Connection = ASGIConnection[Any, Any, Any, Any]
Guard = Callable[[Connection, BaseRouteHandler], Awaitable[None]]


class ForeignFormError(RicaricaError):
    """A form that does not come from a page of this session."""


def needs(permission: Permission) -> dict[str, Permission]:
    """The `opt` of a handler: what whoever visits has to be allowed. Without: anyone may."""
    return {"permission": permission}


def gate(house: House) -> Guard:
    """Lets pass who is known and allowed; handlers find them in the scope, as `user`."""

    async def guard(connection: Connection, handler: BaseRouteHandler) -> None:
        _check_address(connection)
        token = connection.cookies.get(SESSION_COOKIE)
        actor = await house.authentication.by_session(token) if token else None
        connection.scope["user"] = actor
        permission = handler.opt.get("permission")
        if permission is not None and actor is None:
            raise NotAuthenticatedError("nobody is logged in")
        if isinstance(connection, Request) and connection.method == "POST":
            await _check_origin(connection, token if actor else None)
        if permission is not None and actor is not None:
            actor.must(permission)

    return guard


def actor_of(request: Anyone) -> Actor | None:
    """Who visits, as far as the gate got to know."""
    actor: Actor | None = request.scope.get("user")
    return actor


def csrf_token_for(request: Anyone) -> str:
    """What the forms of a page carry; empty before the login, where there is nothing to forge."""
    token = request.cookies.get(SESSION_COOKIE)
    return csrf_token_of(token) if token and actor_of(request) else ""


async def form_of(request: Anyone) -> Mapping[str, str]:
    """The fields of a form; files and repeated fields have no place in ours."""
    if request.method != "POST" or request.content_type[0] == "multipart/form-data":
        return {}  # a form with a file is read by whoever takes the file
    form = (await request.form()).items()
    typed = {name: value for name, value in form if isinstance(value, str)}
    if any("\0" in value for value in typed.values()):
        raise InvalidError("the form holds the character U+0000, which no text has")
    return typed


def _check_address(connection: Connection) -> None:
    """What no search may be made of, and no name.

    Raises:
        InvalidError: it is too long, or holds a character that no text has.
    """
    query = connection.scope.get("query_string", b"")
    if len(query) > QUERY_MAX:
        raise InvalidError(f"an address has at most {QUERY_MAX} characters; search for less")
    if "\0" in connection.scope["path"] or b"%00" in query:
        raise InvalidError("the address holds the character U+0000, which no text has")


async def _check_origin(request: Anyone, session_token: str | None) -> None:
    """A form of another site is refused, also before the login.

    Raises:
        ForeignFormError: it is one.
    """
    if not _is_of_our_site(request):
        raise ForeignFormError("this form was sent by another site")
    if session_token is not None:
        given = request.headers.get(CSRF_HEADER) or (await form_of(request)).get(CSRF_FIELD, "")
        if not is_csrf_token(session_token, given):
            raise ForeignFormError(
                "this form is older than your session; open its page again and send it from there"
            )


def _is_of_our_site(request: Anyone) -> bool:
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in OUR_SITES
    # Browsers leave that out on plain HTTP, but they do tell where a form comes from.
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("Host")


def session_cookie(house: House, request: Anyone, token: str) -> Cookie:
    return _cookie(house, request, SESSION_COOKIE, token, int(ABSOLUTE.total_seconds()))


def ended_cookie(house: House, request: Anyone) -> Cookie:
    """Makes the browser forget its session."""
    return _cookie(house, request, SESSION_COOKIE, "", 0)


def preference_cookie(house: House, request: Anyone, name: str, value: str) -> Cookie:
    return _cookie(house, request, name, value, PREFERENCE_AGE_S)


def _cookie(house: House, request: Anyone, name: str, value: str, age_s: int) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        max_age=age_s,
        path="/",
        httponly=True,
        samesite="lax",
        secure=house.choices.are_cookies_secure or request.url.scheme == "https",
    )
