import asyncio
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any

import httpx
import pytest
from litestar.handlers import HTTPRouteHandler

from ricarica.access.model import Role
from ricarica.api import caller
from ricarica.api.application import HANDLERS
from ricarica.link.letters import Ask, Told
from ricarica.ocpp.dialects import V16
from tests.wire.api.house import Api

ONCE = {"Idempotency-Key": "once"}


async def test_a_repeat_has_no_effect_and_gets_the_first_answer(admin: httpx.AsyncClient) -> None:
    first = await admin.post("/sites", json={"name": "Parco"}, headers=ONCE)
    second = await admin.post("/sites", json={"name": "Parco"}, headers=ONCE)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await admin.get("/sites")).json()["items"]) == 1


async def test_the_same_key_for_another_request_is_refused(admin: httpx.AsyncClient) -> None:
    await admin.post("/sites", json={"name": "Parco"}, headers=ONCE)

    other_body = await admin.post("/sites", json={"name": "Porto"}, headers=ONCE)
    other_path = await admin.post("/tokens", json={"uid": "ABC"}, headers=ONCE)

    assert (other_body.status_code, other_path.status_code) == (422, 422)
    assert "another request" in other_body.json()["detail"]


async def test_two_programs_may_choose_the_same_key(api: Api, admin: httpx.AsyncClient) -> None:
    await admin.post("/sites", json={"name": "Parco"}, headers=ONCE)

    async with await api.client_as(Role.ADMIN) as other:
        response = await other.post("/sites", json={"name": "Porto"}, headers=ONCE)

    assert response.status_code == 201


async def test_what_failed_may_be_tried_again(admin: httpx.AsyncClient) -> None:
    body = {"name": "Parco", "tariff": "none"}

    first = await admin.post("/sites", json=body, headers=ONCE)
    second = await admin.post("/sites", json={"name": "Parco"}, headers=ONCE)

    assert (first.status_code, second.status_code) == (422, 201)


async def test_repeats_at_the_same_moment_have_one_effect(admin: httpx.AsyncClient) -> None:
    responses = await asyncio.gather(
        *(admin.post("/sites", json={"name": "Parco"}, headers=ONCE) for _ in range(8))
    )

    assert {response.status_code for response in responses} == {201}
    assert len({response.json()["id"] for response in responses}) == 1


async def test_a_repeat_is_not_told_the_secret_again(admin: httpx.AsyncClient) -> None:
    body = {"name": "ci", "role": "viewer"}

    first = (await admin.post("/api-keys", json=body, headers=ONCE)).json()
    second = (await admin.post("/api-keys", json=body, headers=ONCE)).json()

    assert first["key"]
    assert second == {**first, "key": None}


async def test_a_repeated_command_reaches_the_station_once(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer("Reset", b'{"status":"Accepted"}')

    responses = [
        await admin.post("/stations/CP-1/commands/Reset", json={"type": "Soft"}, headers=ONCE)
        for _ in range(2)
    ]

    assert [response.json()["response"] for response in responses] == [{"status": "Accepted"}] * 2
    assert len(api.sockets.asked) == 1


async def test_a_command_under_way_is_not_sent_again(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)
    asked, answered = asyncio.Event(), asyncio.Event()
    answer = api.sockets.ask
    api.sockets.will_answer("Reset", b'{"status":"Accepted"}')

    async def slowly(ask: Ask) -> Told:
        asked.set()
        await answered.wait()
        return await answer(ask)

    api.sockets.ask = slowly  # type: ignore[method-assign]  # a station that takes its time
    post = admin.post("/stations/CP-1/commands/reset", json={}, headers=ONCE)
    first = asyncio.ensure_future(post)
    await asked.wait()

    second = await admin.post("/stations/CP-1/commands/reset", json={}, headers=ONCE)
    answered.set()

    assert second.status_code == 409
    assert (await first).json()["outcome"] == "accepted"
    assert len(api.sockets.asked) == 1


async def test_a_command_that_never_left_may_be_tried_again(
    api: Api, admin: httpx.AsyncClient
) -> None:
    await admin.put("/stations/CP-1", json={})
    path = "/stations/CP-1/commands/reset"

    before = await admin.post(path, json={}, headers=ONCE)
    await api.connect("CP-1", V16)
    api.sockets.will_answer("Reset", b'{"status":"Accepted"}')
    after = await admin.post(path, json={}, headers=ONCE)

    assert (before.status_code, after.status_code) == (409, 200)


async def test_a_key_that_cannot_be_is_refused(admin: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "x" * 256}

    assert (await admin.post("/tokens", json={"uid": "A"}, headers=headers)).status_code == 422


# -- none forgotten

POSTS = [each for each in HANDLERS if "POST" in each.http_methods]


def _names_in(code: CodeType) -> set[str]:
    inner = [each for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*map(_names_in, inner))


def _sees_to_repeats(function: Callable[..., Any]) -> bool:
    """By itself, or through what it calls."""
    names = _names_in(function.__code__)
    called = (vars(inspect.getmodule(function)).get(name) for name in names)
    return bool(names & {"once", "once_outside"}) or any(
        _sees_to_repeats(each)
        for each in called
        if inspect.isfunction(each)
        and each.__module__.startswith("ricarica.api")
        and each.__module__ != caller.__name__
    )


@pytest.mark.parametrize("handler", POSTS, ids=lambda handler: handler.fn.__name__)
def test_every_post_sees_to_repeats(handler: HTTPRouteHandler) -> None:
    assert _sees_to_repeats(handler.fn), "say `once_only`, or answer by `caller.once`"


async def test_a_station_is_given_one_new_password(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)
    api.sockets.will_answer("ChangeConfiguration", b'{"status":"Accepted"}')

    responses = [await admin.post("/stations/CP-1/password", headers=ONCE) for _ in range(2)]

    assert [each.status_code for each in responses] == [200, 200]
    assert responses[0].json() == responses[1].json()
    assert len(api.sockets.asked) == 1


async def test_what_answers_nothing_is_done_once_too(api: Api, admin: httpx.AsyncClient) -> None:
    await api.connect("CP-1", V16)
    path = "/stations/CP-1/upkeep"

    responses = [await admin.post(path, headers=ONCE) for _ in range(2)]

    assert [each.status_code for each in responses] == [202, 202]
    done = (await admin.get("/audit")).json()["items"]
    assert [each["action"] for each in done].count("station.upkeep") == 1


async def test_an_operator_is_added_once(admin: httpx.AsyncClient) -> None:
    body = {"name": "ada", "password": "a password of hers", "role": "viewer"}

    first = await admin.post("/operators", json=body, headers=ONCE)
    second = await admin.post("/operators", json=body, headers=ONCE)
    another = await admin.post("/operators", json={**body, "name": "bob"}, headers=ONCE)

    assert (first.status_code, second.status_code, another.status_code) == (201, 201, 422)
    assert first.json() == second.json()


async def test_nothing_that_is_kept_tells_a_password(api: Api, admin: httpx.AsyncClient) -> None:
    body = {"name": "ada", "password": "a password of hers", "role": "viewer"}
    other = {**body, "password": "and a password of somebody else's"}

    await admin.post("/operators", json=body, headers=ONCE)
    second = await admin.post("/operators", json=other, headers=ONCE)

    assert second.status_code == 201, "by no digest could one password be told from another"
