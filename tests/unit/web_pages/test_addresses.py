import ast
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ricarica import web
from ricarica.kernel.slashes import name_in
from ricarica.web.addresses import path_to, safe_next, whole_names, with_query


@pytest.mark.parametrize(
    "asked", ["/", "/stations", "/stations/A%2FB?q=1", "/login?next=//evil.example"]
)
def test_one_goes_on_within_this_site(asked: str) -> None:
    assert safe_next(asked) == asked


@pytest.mark.parametrize(
    "asked",
    [
        "",
        "stations",
        "//evil.example",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/\t/evil.example",
    ],
)
def test_one_goes_on_to_no_other_site(asked: str) -> None:
    assert safe_next(asked) == "/"


async def routed(path: str) -> str:
    """What a server decodes, as the pages get to see it."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])

    scope = {"type": "http", "path": unquote(path), "raw_path": path.encode()}
    await whole_names(app)(scope, None, None)
    return seen[0]


@given(st.text(min_size=1))
async def test_any_name_survives_its_address(name: str) -> None:
    name = name.encode("utf-8", "replace").decode()

    path = await routed(path_to("tokens", name, "edit"))

    assert [name_in(part) for part in path.split("/")] == ["", "tokens", name, "edit"]


async def test_an_address_without_such_names_stays_as_it_is() -> None:
    assert await routed("/stations/CP%201") == "/stations/CP 1"


def test_a_query_leaves_out_what_is_empty() -> None:
    assert with_query("/tokens", {"q": "a b", "standing": ""}, after="x") == "/tokens?q=a+b&after=x"
    assert with_query("/tokens", {}) == "/tokens"


def test_names_are_encoded_with_nothing_spared() -> None:
    assert path_to("stations", "A/B ?") == f"/stations/{quote('A/B ?', safe='')}"


def test_one_goes_on_to_names_in_any_script() -> None:
    assert safe_next("/stations/桩 1?q=#%2F") == "/stations/%E6%A1%A9%201?q=#%2F"


def addresses_put_together(path: Path) -> list[str]:
    return [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.JoinedStr)
        and isinstance(first := node.values[0], ast.Constant)
        and str(first.value).startswith("/")
        and len(node.values) > 1
    ]


def test_addresses_with_names_are_made_by_path_to() -> None:
    """Names hold slashes, marks and letters that an address has to have encoded."""
    modules = sorted(Path(web.__path__[0]).rglob("*.py"))

    assert [each for path in modules for each in addresses_put_together(path)] == []
