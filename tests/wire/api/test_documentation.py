import re
from itertools import chain
from typing import Any

import httpx
import pytest

from ricarica.api.documentation import marked, operations
from tests.wire.api.house import Api


@pytest.fixture
async def document(api: Api) -> dict[str, Any]:
    async with api.client() as anyone:
        response = await anyone.get("http://test/api/openapi.json")
    parsed: dict[str, Any] = response.json()
    return parsed


async def test_the_document_is_openapi_3_1_and_has_every_route(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert {
        "/api/v1/stations/{identity}/commands/{action}",
        "/api/v1/stations/{identity}/commands/start",
        "/api/v1/stations/{identity}/messages",
        "/api/v1/transactions/{transaction}",
        "/api/v1/events",
        "/health/ready",
    } <= set(document["paths"])
    assert "/metrics" not in document["paths"]


async def test_every_operation_is_explained(document: dict[str, Any]) -> None:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation.get("description"), (method, path)


async def test_exact_numbers_are_numbers_in_the_document(document: dict[str, Any]) -> None:
    members = document["components"]["schemas"]["TransactionReply"]["properties"]

    assert members["energy_wh"] == {"type": "number"}


async def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    names = set(re.findall(r"'#/components/schemas/([^']+)'", str(document)))

    assert names <= set(document["components"]["schemas"])


async def test_every_operation_tells_how_problems_look(document: dict[str, Any]) -> None:
    problem = document["components"]["schemas"]["Problem"]

    assert {"title", "status", "detail", "errors"} <= set(problem["properties"])
    for path, item in document["paths"].items():
        for method, operation in item.items():
            content = operation["responses"]["default"]["content"]
            assert list(content) == ["application/problem+json"], (method, path)
            assert "400" not in operation["responses"], (method, path)


async def test_what_is_sent_and_answered_has_a_name_of_its_own(document: dict[str, Any]) -> None:
    bodies = [
        name for name in document["components"]["schemas"] if name.endswith(("Body", "Reply"))
    ]

    # Of two with the same name, Litestar names the module too.
    assert [name for name in bodies if "_" in name] == []


async def test_the_page_shows_every_operation_without_script_or_network(
    api: Api, document: dict[str, Any]
) -> None:
    async with api.client() as anyone:
        page = (await anyone.get("http://test/api/docs")).text
        style = await anyone.get("http://test/api/docs.css")

    for operation in chain.from_iterable(operations(document).values()):
        assert f'id="{operation.anchor}"' in page
    assert "<script" not in page
    assert "style=" not in page
    assert not re.findall(r'(?:src|href)="(?!/|#)', page)
    assert style.headers["Content-Type"].startswith("text/css")


async def test_every_problem_is_explained_where_its_type_leads(api: Api) -> None:
    async with api.client() as anyone:
        page = (await anyone.get("http://test/api/docs")).text
        problem = (await anyone.get("/nothing")).json()

    assert f'id="{problem["type"].partition("#")[2]}"' in page


def test_what_stands_between_backticks_is_code_and_all_is_escaped() -> None:
    assert marked("a `b<c` d") == "a <code>b&lt;c</code> d"
    assert marked("<i>") == "&lt;i&gt;"


async def test_the_page_can_be_asked_for_with_a_key_too(admin: httpx.AsyncClient) -> None:
    assert (await admin.get("http://test/api/docs")).status_code == 200
