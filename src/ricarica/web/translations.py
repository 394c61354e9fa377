"""What the pages say, in the languages we have catalogues for."""

from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

LOCALE_DIR = Path(__file__).parent / "locale"
LANGUAGES = {"en": "English", "it": "Italiano"}
DEFAULT_LANGUAGE = "en"


def msgid(text: str) -> str:
    """Mark a text for translation that a template translates later, with `_(text)`."""
    return text


def load_translations(language: str) -> Translations:
    """Read a catalogue from its source, so that nothing has to be compiled beforehand."""
    source = LOCALE_DIR / language / "LC_MESSAGES" / "messages.po"
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def preferred_language(cookie: str | None, accept_language: str) -> str:
    """The language someone chose, else the first of the browser's that we speak."""
    if cookie in LANGUAGES:
        return cookie
    ranges = (part.split(";")[0].strip().lower() for part in accept_language.split(","))
    spoken = (found.split("-")[0] for found in ranges)
    return next((found for found in spoken if found in LANGUAGES), DEFAULT_LANGUAGE)
