from typing import Any

import httpx
import pytest

from ricarica.kernel.errors import StorageUnavailableError
from tests.wire.api.house import Api


def assert_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    return problem


async def test_a_member_that_nobody_knows_is_refused_by_name(admin: httpx.AsyncClient) -> None:
    response = await admin.post("/tokens", json={"uid": "ABC", "groop": "x"})

    assert "groop" in assert_problem(response, 422)["detail"]


async def test_a_value_that_makes_no_sense_is_refused_by_name(admin: httpx.AsyncClient) -> None:
    response = await admin.post("/tokens", json={"uid": "ABC", "concurrent_max": 0})

    [error] = assert_problem(response, 422)["errors"]
    assert error["name"] == "concurrent_max"


@pytest.mark.parametrize("body", [b'{"uid": ', b'{"uid": "\xff"}', b"nonsense"])
async def test_a_body_that_is_no_json_is_refused(admin: httpx.AsyncClient, body: bytes) -> None:
    assert_problem(await admin.post("/tokens", content=body), 400)


async def test_a_body_that_is_nested_endlessly_is_refused(admin: httpx.AsyncClient) -> None:
    body = b'{"command": "reset", "body": {"a": ' + b"[" * 100_000

    assert_problem(await admin.post("/bulk", content=body), 400)


@pytest.mark.parametrize(
    "at", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2030-13-01T00:00:00Z"]
)
async def test_a_time_outside_of_time_is_refused(admin: httpx.AsyncClient, at: str) -> None:
    assert_problem(await admin.post("/tokens", json={"uid": "ABC", "expires_at": at}), 422)


async def test_a_number_that_nothing_can_hold_is_refused(admin: httpx.AsyncClient) -> None:
    body = {"uid": "ABC", "concurrent_max": 10**30}

    assert_problem(await admin.post("/tokens", json=body), 422)
    assert (await admin.post("/tokens", json={"uid": "ABC"})).status_code == 201


async def test_a_uid_that_cannot_be_shown_is_refused(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.post("/tokens", json={"uid": "A\0B"}), 422)


async def test_a_time_without_an_offset_is_refused(admin: httpx.AsyncClient) -> None:
    body = {"uid": "ABC", "expires_at": "2030-01-01T00:00:00"}

    assert "timezone" in assert_problem(await admin.post("/tokens", json=body), 422)["detail"]


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "cursor=nonsense"])
async def test_a_page_that_cannot_be_is_refused(admin: httpx.AsyncClient, query: str) -> None:
    assert_problem(await admin.get(f"/tokens?{query}"), 422)


async def test_what_is_not_there_is_told_so(admin: httpx.AsyncClient) -> None:
    problem = assert_problem(await admin.get("/tokens/none"), 404)

    assert problem["detail"] == "there is no token none"
    assert problem["type"] == "/api/docs#not-found"


async def test_an_address_that_is_not_there_is_a_problem_too(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.get("/nothing"), 404)
    assert_problem(await admin.put("/tokens"), 405)


async def test_a_body_that_is_too_large_is_refused(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.post("/tokens", content=b" " * (1024 * 1024 + 1)), 413)


async def test_without_a_database_programs_are_told_to_come_back(
    api: Api, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object) -> None:
        raise StorageUnavailableError("the disk is full")

    await admin.get("/me")  # so that the key is remembered
    monkeypatch.setattr(api.node.engine.database, "commit", unavailable)

    response = await admin.post("/tokens", json={"uid": "ABC"})

    assert_problem(response, 503)
    assert response.headers["Retry-After"] == "5"


async def test_a_fault_of_ours_tells_nothing_of_our_insides(
    api: Api, admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret place")

    monkeypatch.setattr("ricarica.api.tokens.token_reply", broken)

    first = await admin.get("/tokens/none")
    second = await admin.post("/tokens", json={"uid": "ABC"})

    assert_problem(first, 404)
    assert "secret" not in str(assert_problem(second, 500))


async def test_an_unexpected_fault_of_a_handler_is_a_problem_too(
    admin: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret place")

    await admin.post("/tokens", json={"uid": "ABC"})
    monkeypatch.setattr("ricarica.api.tokens.token_reply", broken)

    assert "secret" not in str(assert_problem(await admin.get("/tokens/abc"), 500))


async def test_a_change_that_another_writer_crossed_is_made_again(
    admin: httpx.AsyncClient,
) -> None:
    """Both are carried out one after the other, whoever wins."""
    import asyncio

    await admin.post("/tokens", json={"uid": "ABC"})

    async def label(text: str) -> int:
        return (await admin.patch("/tokens/ABC", json={"label": text})).status_code

    codes = await asyncio.gather(*(label(str(number)) for number in range(5)))

    assert codes == [200] * 5


async def test_a_body_of_another_kind_is_told_what_to_send(admin: httpx.AsyncClient) -> None:
    form = await admin.post("/tokens", data={"uid": "ABC"})
    packed = await admin.post(
        "/tokens", content=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"}
    )

    assert "application/json" in assert_problem(form, 415)["detail"]
    assert "gzip" in assert_problem(packed, 415)["detail"]


async def test_a_body_that_is_missing_is_asked_for(admin: httpx.AsyncClient) -> None:
    assert "JSON object" in assert_problem(await admin.post("/tokens"), 422)["detail"]


@pytest.mark.parametrize(
    ("member", "value"),
    [("expires_at", 0), ("expires_at", "1795383367"), ("concurrent_max", "3"), ("label", 5)],
)
async def test_a_value_of_another_type_is_refused(
    admin: httpx.AsyncClient, member: str, value: object
) -> None:
    """A program that sends 0 for *never* would otherwise block the token since 1970."""
    response = await admin.post("/tokens", json={"uid": "ABC", member: value})

    [error] = assert_problem(response, 422)["errors"]
    assert error["name"] == member


async def test_a_number_is_not_a_yes(admin: httpx.AsyncClient) -> None:
    response = await admin.put("/token-groups/staff", json={"label": "Staff", "is_master": 1})

    assert assert_problem(response, 422)["errors"][0]["name"] == "is_master"


async def test_a_value_deep_inside_is_refused_by_its_place(admin: httpx.AsyncClient) -> None:
    body = {"name": "Day", "prices": {"currency": "EUR", "per_kwh": []}}

    [error] = assert_problem(await admin.post("/tariffs", json=body), 422)["errors"]

    assert error["name"] == "prices.per_kwh"


@pytest.mark.parametrize("text", [r"a\u0000b", r"\\\u0000"])
async def test_a_character_that_no_text_has_is_refused(admin: httpx.AsyncClient, text: str) -> None:
    response = await admin.post("/sites", content=f'{{"name": "{text}"}}'.encode())

    assert "U+0000" in assert_problem(response, 422)["detail"]


async def test_a_backslash_before_digits_is_a_text(admin: httpx.AsyncClient) -> None:
    response = await admin.post("/sites", content=rb'{"name": "\\u0000"}')

    assert response.json()["name"] == r"\u0000"


async def test_half_a_character_is_told_so(admin: httpx.AsyncClient) -> None:
    response = await admin.post("/sites", content=rb'{"name": "a\ud800b"}')

    assert "two \\u escapes" in assert_problem(response, 400)["detail"]


@pytest.mark.parametrize("place", ["/tokens?q=%00", "/tokens/%00", "/stations/a%00b"])
async def test_an_address_with_a_character_that_no_text_has_is_refused(
    admin: httpx.AsyncClient, place: str
) -> None:
    assert "U+0000" in assert_problem(await admin.get(place), 422)["detail"]


async def test_an_endless_address_is_refused(admin: httpx.AsyncClient) -> None:
    assert_problem(await admin.get(f"/tokens?q={'x' * 60_000}"), 414)


@pytest.mark.parametrize(
    "place",
    [
        "/transactions?since=",
        "/messages?until=",
        "/messages/export?since=",
        "/certificates?expires_before=",
        "/transactions/none/readings?since=",
    ],
)
async def test_an_hour_of_nowhere_is_refused_in_an_address_too(
    admin: httpx.AsyncClient, place: str
) -> None:
    problem = assert_problem(await admin.get(f"{place}2030-01-01T00:00:00"), 422)

    assert "timezone" in problem["detail"]


async def test_who_asks_wrongly_is_told_what_there_is(admin: httpx.AsyncClient) -> None:
    assert "GET" in assert_problem(await admin.put("/tokens"), 405)["detail"]
    assert "/api/docs" in assert_problem(await admin.get("/nothing"), 404)["detail"]
