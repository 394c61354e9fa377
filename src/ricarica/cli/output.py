"""How answers are shown: tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import Any

from rich.console import Console
from rich.table import Table


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
    from rich.markup import escape

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
