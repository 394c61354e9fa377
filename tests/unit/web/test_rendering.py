"""Every page and every live part, with rich and hostile contents, in every language."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from html.parser import HTMLParser

import pytest

from ricarica.access.model import Role
from ricarica.web.assets import Assets
from ricarica.web.rendering import LABELS, TEMPLATES, Pages
from ricarica.web.translations import LANGUAGES
from ricarica.web.views.entry import ErrorPage
from ricarica.web.views.status import Status
from tools.preview_pages import Scene, fragment_of, scenes_of, visit_of
from tools.preview_samples import Network
from tools.preview_texts import HOSTILE

NOW = datetime(2026, 11, 22, 9, 41, tzinfo=UTC)
FONT = "atkinson-hyperlegible-next-latin-wght-normal.woff2"
BUILT = ("app.css", "app.js", "symbols.svg", "mark.svg", "land.json", FONT)
PAGES = Pages(Assets({name: name for name in BUILT}))
SYMBOLS = (TEMPLATES.parent / "assets" / "symbols.svg").read_text("utf-8")
NET = Network(NOW)
SCENES = scenes_of(NET)
FRAGMENTS = (
    "/fragments/overview/figures",
    "/fragments/overview/power",
    "/fragments/overview/network",
    "/fragments/overview/attention",
    "/fragments/overview/running",
    "/fragments/stations/rows",
    "/fragments/transactions/rows",
    "/fragments/transactions/x",
    "/fragments/stations/x/head",
    "/fragments/stations/x/evses",
    "/fragments/stations/x/messages",
)

every_page = pytest.mark.parametrize("name", list(SCENES))
every_language = pytest.mark.parametrize("language", list(LANGUAGES))


@cache
def html_of(name: str, language: str = "en") -> str:
    scene = SCENES[name]
    return PAGES.render(scene.view, visit_of(scene, NOW, language))


class Elements(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def of(self, *tags: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.found if tag in tags)


@every_language
@every_page
def test_what_stations_send_stays_text(name: str, language: str) -> None:
    html = html_of(name, language)

    assert HOSTILE not in html
    assert not list(Elements(html).of("img"))


@every_page
def test_the_policy_against_inline_code_is_kept(name: str) -> None:
    elements = Elements(html_of(name))

    assert all(script.get("src") for script in elements.of("script"))
    assert not list(elements.of("style"))
    assert not [
        (tag, attribute)
        for tag, attributes in elements.found
        for attribute in attributes
        if attribute == "style" or attribute.startswith(("on", "hx-on"))
    ]


@every_page
def test_every_form_that_changes_something_carries_the_csrf_token(name: str) -> None:
    html = html_of(name)
    forms = [form for form in re.findall(r"<form.*?</form>", html, re.DOTALL) if "post" in form]

    assert all('name="csrf_token" value="csrf-of-the-preview"' in form for form in forms)


@every_page
def test_every_id_is_there_once(name: str) -> None:
    elements = Elements(html_of(name)).found
    ids = [found for _, attributes in elements if (found := attributes.get("id"))]

    assert sorted(ids) == sorted(set(ids))


@every_page
def test_every_field_has_a_label(name: str) -> None:
    html = html_of(name)
    labelled = {label.get("for") for label in Elements(html).of("label")}
    inside_labels = "".join(re.findall(r"<label.*?</label>", html, re.DOTALL))
    fields = [
        field
        for field in Elements(html).of("input", "select", "textarea")
        if field.get("type") != "hidden" and not field.get("aria-label")
    ]

    assert not [
        field
        for field in fields
        if field.get("id") not in labelled and f'name="{field["name"]}"' not in inside_labels
    ]


@every_page
def test_every_symbol_is_in_the_sprite(name: str) -> None:
    used = set(re.findall(r"symbols\.svg#([\w-]+)", html_of(name)))

    assert used <= set(re.findall(r'<symbol id="([\w-]+)"', SYMBOLS))


def test_every_status_has_a_shape_of_its_own() -> None:
    shapes = dict(re.findall(r'<symbol id="([\w-]+)"[^>]*>(.*?)</symbol>', SYMBOLS))
    drawn = [shapes[symbol] for symbol in {status.symbol for status in Status}]

    assert len(drawn) == len(set(drawn))


@pytest.mark.parametrize("kind", list(LABELS))
def test_every_value_has_a_word(kind: type[StrEnum]) -> None:
    assert set(LABELS[kind]) == set(kind)


@every_language
@pytest.mark.parametrize("path", FRAGMENTS)
def test_a_live_part_is_rendered_alone_just_as_in_its_page(path: str, language: str) -> None:
    ids = [NET.stations[5].id, NET.running[0].id]
    scene = Scene("/", fragment_of(NET, path, ids))

    html = PAGES.render(scene.view, visit_of(scene, NOW, language))

    assert html.lstrip().startswith("<")
    assert "<html" not in html
    assert HOSTILE not in html


@pytest.mark.parametrize("path", [path for path in FRAGMENTS if not path.endswith("/rows")])
def test_a_live_part_asks_for_itself_again(path: str) -> None:
    scene = Scene("/", fragment_of(NET, path, []))
    first = Elements(PAGES.render(scene.view, visit_of(scene, NOW))).found[0][1]

    assert first["id"]
    assert first["data-live"]
    assert (first["hx-get"] or "").startswith(path.split("/x", maxsplit=1)[0])


def test_a_viewer_is_offered_no_command() -> None:
    html = html_of("station-viewer")

    assert "/commands/" not in html
    assert "/edit" not in html


def test_only_administrators_see_keys_and_operators() -> None:
    scene = Scene("/settings", SCENES["settings"].view, Role.OPERATOR)
    html = PAGES.render(scene.view, visit_of(scene, NOW))

    assert "api-keys" not in html
    assert "/settings/password" in html


def test_an_error_before_login_shows_no_navigation() -> None:
    scene = Scene("/", ErrorPage(500), role=None)
    html = PAGES.render(scene.view, visit_of(scene, NOW))

    assert "<nav" not in html
    assert "Our fault" in html


def test_an_unheard_of_error_still_has_words() -> None:
    scene = Scene("/", ErrorPage(418))

    assert "That did not work" in PAGES.render(scene.view, visit_of(scene, NOW))


@pytest.mark.parametrize("theme,attribute", [("auto", ""), ("dark", ' data-theme="dark"')])
def test_the_chosen_colours_are_there_before_any_script(theme: str, attribute: str) -> None:
    scene = SCENES["overview"]
    html = PAGES.render(scene.view, visit_of(scene, NOW, "it", theme))

    assert f'<html lang="it"{attribute}>' in html
