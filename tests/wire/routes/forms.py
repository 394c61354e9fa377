"""Somebody who opens a page, fills in one of its forms and sends it, some time later."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

Attributes = list[tuple[str, str | None]]


@dataclass
class Form:
    """`fields`: what a browser sends when nobody touches anything."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._select = self._textarea = ""
        self._is_open = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: Attributes) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", "")))
            self._is_open = True
        elif tag == "select":
            self._select = given.get("name", "")
        elif self._is_open:
            self._field(tag, given)

    def handle_endtag(self, tag: str) -> None:
        self._is_open &= tag != "form"
        self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self.found[-1].fields[self._textarea] = data

    def _field(self, tag: str, given: dict[str, str]) -> None:
        fields = self.found[-1].fields
        if tag == "option" and self._select and ("selected" in given or self._select not in fields):
            fields[self._select] = given.get("value", "")
        if tag == "textarea":
            self._textarea = given.get("name", "")
            fields[self._textarea] = ""
        is_box = given.get("type") in ("checkbox", "radio")
        if tag == "input" and given.get("name") and (not is_box or "checked" in given):
            fields[given["name"]] = given.get("value", "")


async def opened(person: httpx.AsyncClient, page: str, action: str | None = None) -> Form:
    """The form on a page that leads to `action`, or back to the page."""
    return form_in((await person.get(page)).text, action or page)


def form_in(html: str, action: str) -> Form:
    return next(form for form in Forms(html).found if form.action == action)


async def sent(person: httpx.AsyncClient, form: Form, **typed: str) -> httpx.Response:
    return await person.post(form.action, data={**form.fields, **typed})
