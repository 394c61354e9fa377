"""Check that every catalogue translates every text of the pages.

The texts are taken from the Python modules and templates of `ricarica.web`, and from what other
parts of Ricarica say when something went wrong (see `said_in`). English is the language
of the texts themselves, so its catalogue must list each one but may leave the translation empty.
`python tools/check_translations.py --update` adds what is missing and drops what is no longer used.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir, extract_from_file
from babel.messages.pofile import read_po, write_po

WEB = Path(__file__).resolve().parent.parent / "src" / "ricarica" / "web"
# What the doctor says is also said by programs that know no pages.
BESIDE = (WEB.parent / "engine" / "diagnosis_texts.py",)
# What people never see on a page, or see in the words of OCPP.
SILENT = {"api", "app", "cli", "kernel", "link", "ocpp", "simulator", "station_gateway"}
SILENT |= {"storage", "testing", "quirks", "vault.py", "assets.py"}
SAYING = {"Ended", "Result", "Rule", "UnreachableError", "again", "get", "note", "noticed"}
SAYING |= {"refused", "replace", "rule", "turned_back"}
EXPLAINING = frozenset({"detail", "why"})
SAID = "said"  # where such texts come from, as the catalogues have it
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
    for path in sorted(web.parent.rglob("*.py")) if web == WEB else ():
        place = path.relative_to(web.parent)
        if SILENT.isdisjoint(place.parts):
            tree, is_page = ast.parse(path.read_text("utf-8")), place.parts[0] == "web"
            for text in said_in(tree, is_page=is_page):
                found.add(text, locations=[(f"{SAID}/{place.as_posix()}", 0)])
    return found


def said_in(tree: ast.AST, *, is_page: bool = False) -> Iterator[str]:
    """Sentences that tell what went wrong; values in them become placeholders.

    Errors raise them, rules yield or return them, and results and notes carry them. A page marks
    all that it says itself but its errors.
    """
    for node in ast.walk(tree):
        spoken = list(_raised(node)) if is_page else [*_raised(node), *_told(node)]
        for each in spoken:
            branches = (each.body, each.orelse) if isinstance(each, ast.IfExp) else (each,)
            yield from (text for text in map(_sentence, branches) if text)


def _raised(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[text, *_])):
            if name.endswith("Error"):
                yield text


def _told(node: ast.AST) -> Iterator[ast.expr]:
    match node:
        case ast.Return(value=ast.expr() as text) | ast.Yield(value=ast.expr() as text):
            yield text
        case ast.Assign(value=text):
            yield text
        case ast.keyword(arg=name, value=text) if name in EXPLAINING:
            yield text
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=texts):
            if name.lstrip("_") in SAYING:
                yield from texts


def _sentence(node: ast.expr) -> str | None:
    """What stands there with placeholders; None: it is no sentence of ours."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    names: list[str] = []
    text = "".join(_part(part, names) for part in parts)
    said = re.sub(r"%\(\w+\)s", "", text)
    return text if re.search(r"[a-z]{2,},? [a-z]", said) and "NULL" not in said else None


def _part(node: ast.expr, names: list[str]) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=value):
            words = [each for each in ast.walk(value) if isinstance(each, ast.Name | ast.Attribute)]
            name = words[0].attr if words and isinstance(words[0], ast.Attribute) else ""
            name = name or (words[0].id if words and isinstance(words[0], ast.Name) else "value")
            names.append(name.lower().strip("_"))
            count = names.count(names[-1])
            return f"%({names[-1]}{count if count > 1 else ''})s"
    return ""


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
