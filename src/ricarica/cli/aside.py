"""`ricarica put-aside`: what stations told that nobody could read."""

from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, OfStation, Url
from ricarica.cli.output import Exit, complain, show_list
from ricarica.cli.remote import RefusedRequestError, Server, query_of

app = typer.Typer(no_args_is_help=True, help="What stations told that could not be read.")

PATH = "/put-aside"


@app.command("list")
def list_put_aside(
    *,
    station: OfStation = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what was put aside, the oldest first, and why."""
    messages = Server(url, key).items(PATH, query_of(station=station))
    show_list(messages, ("id", "station", "at", "action", "why"), as_json=as_json)


@app.command("replay")
def replay(
    number: Annotated[str | None, typer.Argument(help="Its id; all, if none is given.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Read it once more, after an upgrade that knows how. What still cannot be read stays."""
    server = Server(url, key)
    numbers = [number] if number else [each["id"] for each in server.items(PATH)]
    failed = 0
    for each in numbers:
        try:
            server.post(f"{PATH}/{each}/replay")
        except RefusedRequestError as error:
            failed += 1
            complain(f"{each}: {error}")
    typer.echo(f"{len(numbers) - failed} read, {failed} left")
    if failed:
        raise typer.Exit(Exit.FAILED)
