"""How answers are shown: tables for people, JSON for programs."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]  # as the API gives it


class Exit(IntEnum):
    """Exit codes; the help lists them."""

    OK = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    UNREACHED = 4
    REFUSED = 5


def show_json(value: Any) -> None:
    print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))


def show_list(
    found: Iterable[Row],
    headings: Sequence[str],
    cells: Callable[[Row], Sequence[object]] | None = None,
    *,
    as_json: bool,
) -> None:
    """Without `cells`, the headings are the names of what is shown of each."""
    rows = list(found)
    if as_json:
        show_json(rows)
    else:
        show_table(headings, (cells(row) if cells else members(row, headings) for row in rows))


def show_one(
    found: Row, facts: Iterable[tuple[str, object]] | None = None, *, as_json: bool
) -> None:
    """Without `facts`, all that it has."""
    if as_json:
        show_json(found)
    else:
        show_facts(facts if facts is not None else named(found))


def show_made(made: Row) -> None:
    """What was added, without what nobody chose."""
    show_json({name: value for name, value in made.items() if value not in (None, [], "")})


def members(row: Row, names: Sequence[str]) -> list[object]:
    return [row[name] for name in names]


def named(found: Row) -> Iterable[tuple[str, object]]:
    """What it has, by names that people can read."""
    return ((name.replace("_", " "), _listed(value)) for name, value in found.items())


def _listed(value: object) -> object:
    match value:
        case list():
            return ", ".join(str(_listed(each)) for each in value) or None
        case dict():
            known = ((name, each) for name, each in value.items() if each is not None)
            return ", ".join(f"{name} {each}" for name, each in known) or None
        case _:
            return value


def show_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(each) for each in row))
    Console().print(table)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, _cell(value))
    Console().print(table)


def complain(text: str) -> None:
    Console(stderr=True).print(text, style="red", markup=False, highlight=False)


def _cell(value: object) -> str:
    """As plain text: what stations call themselves must not be taken for markup."""
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case _:
            return escape(_text(value))


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%SZ")
    return str(value)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
