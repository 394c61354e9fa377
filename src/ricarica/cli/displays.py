"""`ricarica display`: messages on the displays of stations."""

from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Payload, Url
from ricarica.cli.output import Row, members, show_list, show_made
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server, given, path_to
from ricarica.cli.telling import STATION_S, end, tell

app = typer.Typer(no_args_is_help=True, help="Messages on the displays of stations.")


@app.command("list")
def list_displays(
    identity: Annotated[str | None, typer.Argument(help="What this station shows.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the messages that shall be shown, or those that a station shows."""
    path = "/displays" if identity is None else path_to("stations", identity, "displays")
    names = ("id", "label", "site", "station") if identity is None else ("number", "state")

    def cells(row: Row) -> list[object]:
        text = row["contents"][0]["text"]
        return [*members(row, names), text, row["priority"], row["moment"]]

    headings = (*names, "text", "priority", "moment")
    show_list(Server(url, key).items(path), headings, cells, as_json=as_json)


@app.command("add")
def add_display(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have a message shown: JSON as POST /api/v1/displays takes it."""
    show_made(Server(url, key).post("/displays", payload_from(payload)))


@app.command("remove")
def remove_display(display: str, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have a message shown nowhere any more."""
    Server(url, key).delete(path_to("displays", display))


@app.command("show")
def show_message(
    identity: Identity,
    text: str,
    *,
    language: Annotated[str | None, typer.Option(help="E.g. en.")] = None,
    priority: Annotated[
        str, typer.Option(help="normal_cycle, in_front or always_front.")
    ] = "normal_cycle",
    transaction: Annotated[str | None, typer.Option(help="Its ref: while it runs.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Show a message at one station."""
    content = given(text=text, language=language)
    body = given(contents=[content], priority=priority, transaction=transaction)
    tell(Server(url, key), path_to("stations", identity, "displays"), body)


@app.command("clear")
def clear_message(identity: Identity, number: int, *, url: Url = LOCAL, key: Key = None) -> None:
    """Show a message no more."""
    path = path_to("stations", identity, "displays", number)
    end(lambda: Server(url, key).delete(path, STATION_S))
