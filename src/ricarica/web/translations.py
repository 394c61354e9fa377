"""What the pages say, in the languages we have catalogues for."""

import re
from collections.abc import Iterable
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALE_DIR = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "it": "Italiano"}
DEFAULT_LANGUAGE = "en"
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
SAID = "said/"  # how catalogues mark what other parts say when something went wrong


def msgid(text: str) -> str:
    """Mark a text for translation that a template translates later, with `_(text)`."""
    return text


def load_translations(language: str) -> Translations:
    """Read a catalogue from its source, so that nothing has to be compiled beforehand."""
    compiled = BytesIO()
    write_mo(compiled, _catalogue(language))
    compiled.seek(0)
    return Translations(compiled)


@cache
def _catalogue(language: str) -> Catalog:
    source = LOCALE_DIR / language / "LC_MESSAGES" / "messages.po"
    with source.open("rb") as file:
        return read_po(file, locale=language)


class Words:
    """Any text in a page's language: one of the pages, or what another part said in English.

    Errors and outcomes are sentences with values in them, so the sentence is found by its pattern:
    "there is no tariff X" by "there is no tariff %(name)s".
    """

    def __init__(self, language: str) -> None:
        self._translations = load_translations(language)
        self._patterns = list(_patterns(_catalogue(language)))

    def of(self, text: str) -> str:
        if not text:
            return ""  # the catalogue's header answers to that
        known: str = self._translations.ugettext(text)
        return self._said(text) if known == text and " " in text else known

    def _said(self, text: str) -> str:
        for pattern, translated in self._patterns:
            if found := pattern.fullmatch(text):
                values = found.groupdict().items()
                return translated % {name: self.of(value) for name, value in values}
        if "; " in text:
            return "; ".join(map(self.of, text.split("; ")))
        word, _, rest = text.partition(" ")
        # OCPP's own word for an outcome may stand before ours.
        return f"{word} {self.of(rest)}" if word[:1].isupper() and " " in rest else text


def _patterns(catalogue: Iterable[Message]) -> Iterable[tuple[re.Pattern[str], str]]:
    """Those with the longest text first: they are the most particular."""
    said = [
        (message.id, message.string)
        for message in catalogue
        if isinstance(message.id, str)
        and isinstance(message.string, str)
        and message.string
        and PLACEHOLDER.search(message.id)
        and any(place.startswith(SAID) for place, _ in message.locations)
    ]
    for text, translated in sorted(said, key=lambda one: -len(PLACEHOLDER.sub("", one[0]))):
        *parts, last = PLACEHOLDER.split(text)
        pairs = zip(parts[::2], parts[1::2], strict=True)
        before = "".join(f"{re.escape(said)}(?P<{name}>.*?)" for said, name in pairs)
        yield re.compile(before + re.escape(last), re.DOTALL), translated


def preferred_language(cookie: str | None, accept_language: str) -> str:
    """The language someone chose, else the first of the browser's that we speak."""
    if cookie in LANGUAGES:
        return cookie
    ranges = (part.split(";")[0].strip().lower() for part in accept_language.split(","))
    spoken = (found.split("-")[0] for found in ranges)
    return next((found for found in spoken if found in LANGUAGES), DEFAULT_LANGUAGE)
