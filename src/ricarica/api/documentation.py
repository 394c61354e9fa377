"""/api/docs: the OpenAPI document as a page of its own, which needs no script and no network."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from markupsafe import Markup

from ricarica.api.errors import PROBLEM_JSON, Problem

TEMPLATES = Path(__file__).parent / "templates"
METHODS = ("get", "post", "put", "patch", "delete")
EXAMPLE_DEPTH_MAX = 6  # schemas may contain themselves
EXAMPLES = {"string": "…", "integer": 1, "number": 1.5, "boolean": True, "null": None}
FORMATS = {"date-time": "2026-05-04T12:00:00Z"}

Json = dict[str, Any]
SCHEMAS = "#/components/schemas/"
A_PROBLEM: Json = {
    "description": "It was not done. `detail` says why, `errors` what is wrong with each member.",
    "content": {PROBLEM_JSON: {"schema": {"$ref": f"{SCHEMAS}Problem"}}},
}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    text: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    anchor: str
    method: str
    path: str
    summary: str
    text: str
    parameters: list[Parameter]
    body: str | None
    answers: dict[str, tuple[str, str | None]]  # by status: description, example


class ExactNumbers(OpenAPISchemaPlugin):
    """Decimals are JSON numbers."""

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return value is Decimal

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        return Schema(type=OpenAPIType.NUMBER)


class DocumentationPage(OpenAPIRenderPlugin):
    def __init__(self) -> None:
        super().__init__(path="/docs")
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["marked"] = marked
        self._template = environment.get_template("docs.html")
        self._page: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        if self._page is None:
            # By way of JSON, because the document holds enums and records of the framework.
            document = msgspec.json.decode(self.render_json(request, openapi_schema))
            groups = operations(document)
            self._page = self._template.render(info=document["info"], groups=groups).encode()
        return self._page


def marked(text: str) -> Markup:
    """What stands between backticks is code."""
    code = Markup("<code>{}</code>")
    parts = enumerate(text.split("`"))
    return Markup().join(code.format(part) if place % 2 else part for place, part in parts)


class DocumentationJson(JsonRenderPlugin):
    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._text: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: Json) -> bytes:
        if self._text is None:
            document = msgspec.json.decode(self.render_json(request, openapi_schema))
            self._text = msgspec.json.encode(with_problems(document))
        return self._text


def with_problems(document: Json) -> Json:
    """What every operation answers when something is wrong; the framework knows of 400 only."""
    _, schemas = msgspec.json.schema_components((Problem,), ref_template=f"{SCHEMAS}{{name}}")
    document["components"]["schemas"] |= schemas
    for item in document["paths"].values():
        for method in item.keys() & set(METHODS):
            answers = item[method]["responses"]
            answers.pop("400", None)
            answers["default"] = A_PROBLEM
    return document


def render_plugins() -> list[OpenAPIRenderPlugin]:
    return [DocumentationPage(), DocumentationJson()]


def operations(document: Json) -> dict[str, list[Operation]]:
    """All operations by the tag they carry, in the order of the document."""
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                tag = item[method].get("tags", ["Other"])[0]
                groups.setdefault(tag, []).append(_operation(document, path, method, item[method]))
    return groups


def _operation(document: Json, path: str, method: str, described: Json) -> Operation:
    return Operation(
        anchor=f"{method}-{path.strip('/').replace('/', '-')}",
        method=method.upper(),
        path=path,
        summary=described.get("summary", ""),
        text=described.get("description", ""),
        parameters=[_parameter(each) for each in described.get("parameters", [])],
        body=_content_example(document, described.get("requestBody", {})),
        answers={
            status: (answer.get("description", ""), _content_example(document, answer))
            for status, answer in described.get("responses", {}).items()
        },
    )


def _parameter(described: Json) -> Parameter:
    text = described.get("description") or described.get("schema", {}).get("description", "")
    required = described.get("required", False)
    return Parameter(described["name"], described["in"], text, required)


def _content_example(document: Json, holder: Json) -> str | None:
    for media_type, content in holder.get("content", {}).items():
        if "json" in media_type and content.get("schema"):
            example = _example(document, content["schema"], EXAMPLE_DEPTH_MAX)
            return msgspec.json.format(msgspec.json.encode(example), indent=2).decode()
    return None


def _example(document: Json, schema: Json, depth: int) -> Any:
    if depth == 0:
        return "…"
    if "$ref" in schema:
        return _example(document, _referred(document, schema["$ref"]), depth)
    if "enum" in schema:
        return schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for choice in ("oneOf", "anyOf", "allOf"):
        if choice in schema:
            return _example(document, _first_real(schema[choice]), depth)
    return _plain_example(document, schema, depth)


def _plain_example(document: Json, schema: Json, depth: int) -> Any:
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind == "array":
        return [_example(document, schema.get("items", {}), depth - 1)]
    if kind == "object":
        members = schema.get("properties", {})
        return {name: _example(document, each, depth - 1) for name, each in members.items()}
    return FORMATS.get(schema.get("format", ""), EXAMPLES.get(kind, "…"))


def _first_real(choices: list[Json]) -> Json:
    return next((each for each in choices if each.get("type") != "null"), choices[0])


def _referred(document: Json, reference: str) -> Json:
    found: Any = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part.replace("~1", "/").replace("~0", "~")]
    assert isinstance(found, dict), "a reference leads to a schema"
    return found
