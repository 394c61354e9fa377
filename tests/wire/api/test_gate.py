from typing import Any

import httpx
import pytest
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

from ricarica.access.authentication import Login
from ricarica.access.model import SESSION_COOKIE, Permission, Role, csrf_token_of
from ricarica.access.service import Browser
from ricarica.kernel.ids import DEFAULT_TENANT
from tests.wire.api.house import SYSTEM, Api

EXAMPLES = {"timeout": "1"}


def handlers(app: Litestar) -> list[tuple[str, str, HTTPRouteHandler]]:
    """Method, path and handler of everything below /api/v1."""
    return [
        (str(method), route.path, handler)
        for route in app.routes
        if route.path.startswith("/api/v1")
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if str(method) != "OPTIONS"
    ]


def filled(path: str) -> str:
    import re

    return re.sub(r"\{\w+:?\w*\}", "x", re.sub(r"\{\w+:int\}", "1", path))


async def log_in(api: Api, role: Role) -> Login:
    await api.authentication.add_operator(SYSTEM, "Ada", "correct horse", role)
    return await api.authentication.log_in(DEFAULT_TENANT, "ada", "correct horse", Browser())


async def test_every_handler_says_what_whoever_calls_it_has_to_be_allowed(api: Api) -> None:
    found = handlers(api.app)

    assert len(found) > 30
    for _, path, handler in found:
        assert isinstance(handler.opt.get("permission"), Permission), path


async def test_nothing_is_told_to_who_has_no_key(api: Api) -> None:
    async with api.client() as nobody:
        for method, path, _ in handlers(api.app):
            response = await nobody.request(method, f"http://test{filled(path)}")

            assert response.status_code == 401, (method, path)
            assert response.headers["WWW-Authenticate"] == "Bearer"
            assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_viewer_changes_nothing(api: Api, viewer: httpx.AsyncClient) -> None:
    for method, path, _ in handlers(api.app):
        if method not in ("GET", "HEAD"):
            response = await viewer.request(method, f"http://test{filled(path)}", json={})

            assert response.status_code == 403, (method, path)


async def test_an_operator_gives_commands_and_edits_tokens_but_no_people(api: Api) -> None:
    async with await api.client_as(Role.OPERATOR) as operator:
        token = await operator.post("/tokens", json={"uid": "ABC"})
        command = await operator.post("/stations/none/commands/reset", json={})
        people = await operator.get("/operators")
        station = await operator.put("/stations/CP-1", json={})

    assert token.status_code == 201
    assert command.status_code == 404
    assert people.status_code == 403
    assert station.status_code == 403


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer ric_wrong", "Bearer wrong", "Basic YTpi", "ric_wrong"]
)
async def test_a_key_that_is_none_opens_nothing(api: Api, header: str) -> None:
    async with api.client(Authorization=header) as nobody:
        response = await nobody.get("/tokens")

    assert response.status_code == 401


async def test_a_revoked_key_opens_nothing(api: Api, admin: httpx.AsyncClient) -> None:
    made: dict[str, Any] = (
        await admin.post("/api-keys", json={"name": "ci", "role": "admin"})
    ).json()
    async with api.client(Authorization=f"Bearer {made['key']}") as program:
        assert (await program.get("/tokens")).status_code == 200

        await admin.delete(f"/api-keys/{made['id']}")

        assert (await program.get("/tokens")).status_code == 401


async def test_a_browser_reads_with_its_session_and_writes_with_its_csrf_token(api: Api) -> None:
    login = await log_in(api, Role.ADMIN)
    async with api.client(Cookie=f"{SESSION_COOKIE}={login.token}") as browser:
        me = await browser.get("/me")
        without = await browser.post("/tokens", json={"uid": "A"})
        wrong = await browser.post("/tokens", json={"uid": "A"}, headers={"X-CSRF-Token": "x"})
        token = {"X-CSRF-Token": csrf_token_of(login.token)}
        right = await browser.post("/tokens", json={"uid": "A"}, headers=token)

    assert me.json()["name"] == "Ada"
    assert (without.status_code, wrong.status_code, right.status_code) == (403, 403, 201)


async def test_a_session_is_over_after_logging_out(api: Api) -> None:
    login = await log_in(api, Role.ADMIN)
    async with api.client(Cookie=f"{SESSION_COOKIE}={login.token}") as browser:
        await api.authentication.log_out(login.token)

        response = await browser.get("/me")

    assert response.status_code == 401


async def test_who_asks_is_told_what_they_may_do(viewer: httpx.AsyncClient) -> None:
    me = (await viewer.get("/me")).json()

    assert (me["kind"], me["role"], me["permissions"]) == ("api_key", "viewer", ["read"])
