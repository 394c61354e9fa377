"""Coming in, going out, and how it looks to you."""

from litestar import get, post
from litestar.params import FromPath

from ricarica.access.authentication import Login
from ricarica.access.model import SESSION_COOKIE, NotAuthenticatedError, TooManyAttemptsError
from ricarica.access.service import Browser
from ricarica.kernel.errors import NotFoundError
from ricarica.kernel.ids import DEFAULT_TENANT
from ricarica.slices import Slices
from ricarica.web.addresses import safe_next
from ricarica.web.sessions import Anyone, actor_of, ended_cookie, preference_cookie, session_cookie
from ricarica.web.translations import LANGUAGES
from ricarica.web.views.entry import (
    SESSION_EXPIRED,
    TOO_MANY_ATTEMPTS,
    WRONG_PASSWORD,
    LoginPage,
)
from ricarica.web.views.visit import Notice, Theme
from ricarica.web.visitor import Html, Visiting, Visitor

PREFERENCES = {"lang": frozenset(LANGUAGES), "theme": frozenset(theme.value for theme in Theme)}


@get("/login")
async def login_page(visitor: Visiting) -> Html:
    wanted = safe_next(visitor.query.get("next", "/"))
    if actor_of(visitor.request) is not None:
        return visitor.lead_to(wanted)
    error = SESSION_EXPIRED if "ended" in visitor.query else None
    return await visitor.show(LoginPage(next=wanted, error=error))


@post("/login")
async def log_in(visitor: Visiting) -> Html:
    name, password = visitor.form.get("name", ""), visitor.form.get("password", "")
    wanted = safe_next(visitor.form.get("next", "/"))
    try:
        login = await proven(visitor, name, password)
    except NotAuthenticatedError:
        return await visitor.show(LoginPage(name, wanted, WRONG_PASSWORD), 422)
    except TooManyAttemptsError:
        return await visitor.show(LoginPage(name, wanted, TOO_MANY_ATTEMPTS), 429)
    cookie = session_cookie(visitor.house, visitor.request, login.token)
    return visitor.lead_to(wanted, cookies=(cookie,))


@post("/logout")
async def log_out(visitor: Visiting) -> Html:
    token = visitor.request.cookies.get(SESSION_COOKIE)
    if token and actor_of(visitor.request) is not None:
        await visitor.carry_out(lambda slices: _noted_logout(visitor, slices))
        await visitor.house.authentication.log_out(token)
    cookie = ended_cookie(visitor.house, visitor.request)
    return visitor.lead_to("/login", Notice.LOGGED_OUT, (cookie,))


@post("/preferences")
async def prefer(visitor: Visiting) -> Html:
    cookies = tuple(
        preference_cookie(visitor.house, visitor.request, name, visitor.form[name])
        for name, choices in PREFERENCES.items()
        if visitor.form.get(name) in choices
    )
    return visitor.lead_to(safe_next(visitor.form.get("next", "/")), cookies=cookies)


@get("/{unknown:path}")
async def nothing_there(unknown: FromPath[str]) -> Html:
    """Any address that is no page, so that whoever is logged in keeps the navigation."""
    raise NotFoundError(f"there is no page {unknown}")


HANDLERS = (login_page, log_in, log_out, prefer, nothing_there)


async def proven(visitor: Visitor, name: str, password: str) -> Login:
    """A new session for whoever knows the password.

    Raises:
        NotAuthenticatedError: name or password is wrong.
        TooManyAttemptsError: too many were.
    """
    browser = Browser(_remote(visitor.request), visitor.request.headers.get("User-Agent", ""))
    return await visitor.house.authentication.log_in(DEFAULT_TENANT, name, password, browser)


async def _noted_logout(visitor: Visitor, slices: Slices) -> None:
    visitor.audit(slices, "logout", f"operator:{visitor.actor.name}")


def _remote(request: Anyone) -> str:
    return request.client.host if request.client else ""
