"""Telling a station something, showing what it answered, and ending as that says."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import typer

from ricarica.cli.output import Exit, complain, named, show_facts, show_json
from ricarica.cli.remote import Server
from ricarica.kernel.errors import ConflictError

STATION_S = 90.0  # a station may think for a minute, and may have to be told in several parts

Answer = Mapping[str, Any]
ENDS = {
    "accepted": Exit.OK,
    "refused": Exit.REFUSED,
    "unsupported": Exit.REFUSED,
    "unreached": Exit.UNREACHED,
    "unknown": Exit.FAILED,
}


def show_answer(answer: Answer) -> None:
    """How it ended, and what the station told besides."""
    show_words(answer)
    told: dict[str, Any] = answer["answer"] or {}
    nested = {name: value for name, value in told.items() if isinstance(value, dict | list)}
    plain = {name: value for name, value in told.items() if name not in nested}
    if plain:
        show_facts(named(plain))
    if nested:
        show_json(nested)
    show_wait(answer)


def show_words(answer: Answer) -> None:
    typer.echo(" ".join(filter(None, (answer["outcome"], answer["status"], answer["detail"]))))


def show_wait(answer: Answer) -> None:
    """A station is asked one thing at a time: for what this one waited, if for anything."""
    if waited := answer.get("waited"):
        typer.echo(f"it waited {waited['ms'] / 1000:.1f} s behind {waited['behind']}")


def tell(
    server: Server,
    path: str,
    body: object = b"{}",
    *,
    as_json: bool = False,
    show: Callable[[Answer], None] = show_answer,
) -> NoReturn:
    """The exit code is that of how it ended."""
    end(lambda: server.post(path, body, timeout_s=STATION_S), as_json=as_json, show=show)


def end(
    ask: Callable[[], Any], *, as_json: bool = False, show: Callable[[Answer], None] = show_answer
) -> NoReturn:
    answer = reached(ask)
    if as_json:
        show_json(answer)
    else:
        show(answer)
    raise typer.Exit(exit_of(answer))


def reached(ask: Callable[[], Any]) -> Any:
    """What comes of asking, where the server says 409 for a station that is not connected."""
    try:
        return ask()
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error


def exit_of(answer: Answer) -> Exit:
    is_kept = answer.get("kept") or (answer.get("answer") or {}).get("kept")
    return Exit.OK if is_kept else ENDS[answer["outcome"]]
