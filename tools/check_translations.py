"""Check that every catalogue translates every text of the pages.

The texts are taken from the Python modules and templates of `ricarica.web`. English is the language
of the texts themselves, so its catalogue must list each one but may leave the translation empty.
`python tools/check_translations.py --update` adds what is missing and drops what is no longer used.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).resolve().parent.parent / "src" / "ricarica" / "web"
# What the doctor says is also said by programs that know no pages.
BESIDE = (WEB.parent / "engine" / "diagnosis_texts.py",)
SOURCES = [("templates/**.html", "jinja2"), ("templates/**.jinja", "jinja2"), ("**.py", "python")]
# `msgid` marks a text in a table of constants; `jinja2` has to find `_` inside expressions too.
KEYWORDS = {**DEFAULT_KEYWORDS, "msgid": None}
# As in ricarica.web.rendering, and an unreadable template is an error.
OPTIONS = {"templates/**": {"silent": "false", "extensions": "jinja2.ext.do"}}
SOURCE_LANGUAGE = "en"


def texts_of(web: Path) -> Catalog:
    """What the pages say, with the file that says it."""
    found = Catalog(project="Ricarica", fuzzy=False)
    said = extract_from_dir(web, SOURCES, OPTIONS, KEYWORDS, comment_tags=("Translators:",))
    for file, _line, text, comments, context in said:
        # Without line numbers, a catalogue changes only when a text does.
        found.add(text, locations=[(file, 0)], auto_comments=comments, context=context)
    for path in BESIDE if web == WEB else ():
        for _line, text, _comments, _context in extract_from_file("python", path, KEYWORDS):
            found.add(text, locations=[(path.name, 0)])
    return found


def catalogues(web: Path) -> dict[str, Path]:
    """The catalogue of each language, by the language's code."""
    return {path.parent.parent.name: path for path in sorted(web.glob("locale/*/LC_MESSAGES/*.po"))}


def read(path: Path, language: str) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=language)


def complaints(texts: Catalog, catalogue: Catalog, *, may_be_empty: bool) -> Iterator[str]:
    for text in texts:
        if not text.id:
            continue  # the header
        translated = catalogue.get(text.id, text.context)
        if translated is None:
            yield f"has no {shown(text)}"
        elif translated.fuzzy:
            yield f"is not sure about {shown(text)}: check it and remove the fuzzy mark"
        elif not may_be_empty and not is_complete(translated):
            yield f"does not translate {shown(text)}"
        else:
            yield from (f"{error} in {shown(text)}" for error in translated.check(catalogue))
    for message in catalogue:
        if message.id and texts.get(message.id, message.context) is None:
            yield f"translates {shown(message)}, which no page says"


def is_complete(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(strings)


def shown(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    place = f" ({message.locations[0][0]})" if message.locations else ""
    return f"{text!r}{place}"


def update(texts: Catalog, path: Path, language: str) -> None:
    catalogue = read(path, language)
    catalogue.update(texts, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, include_lineno=False, ignore_obsolete=True)


def main(arguments: list[str], web: Path = WEB) -> int:
    texts = texts_of(web)
    found: list[str] = []
    for language, path in catalogues(web).items():
        if "--update" in arguments:
            update(texts, path, language)
        catalogue = read(path, language)
        empty_too = language == SOURCE_LANGUAGE
        wrong = complaints(texts, catalogue, may_be_empty=empty_too)
        found += [f"{path.relative_to(web)}: {complaint}" for complaint in wrong]
    for line in found:
        print(line)
    print(f"translations: {len(found)} to mend" if found else f"translations: {len(texts)} texts")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
