"""`ricarica station logs`: what stations hand over about themselves."""

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.firmware import end
from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import show_json, show_table
from ricarica.cli.remote import Server
from ricarica.cli.stations import Identity

app = typer.Typer(no_args_is_help=True, help="Logs of a station: ask for them, and fetch them.")

Number = Annotated[int, typer.Argument(help="As `ricarica station logs list` shows it.")]


@app.command("list")
def list_logs(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show what was asked of a station, the latest first."""
    found = Server(url, key).get(_path(identity), {"limit": "100"})["items"]
    if as_json:
        show_json(found)
        return
    headings = ("number", "kind", "state", "status", "name", "size", "asked at")
    show_table(headings, map(_row, found))


@app.command("ask")
def ask_for_log(
    identity: Identity,
    *,
    kind: Annotated[
        str, typer.Option(help="diagnostics, security or data_collector.")
    ] = "diagnostics",
    since: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    until: Annotated[str | None, typer.Option(help="ISO 8601.")] = None,
    protocol: Annotated[str | None, typer.Option(help="http or ftp.")] = None,
    older_way: Annotated[
        bool | None,
        typer.Option(help="By GetDiagnostics, or by GetLog; as its version of OCPP suggests."),
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask a station for a log; the file comes later."""
    given = {"kind": kind, "since": since, "until": until, "protocol": protocol}
    body = {name: value for name, value in given.items() if value is not None}
    encoded = msgspec.json.encode({**body, "older_way": older_way})
    end(_path(identity), encoded, Server(url, key), as_json=as_json)


@app.command("get")
def get_log(
    identity: Identity,
    number: Number,
    *,
    to: Annotated[Path | None, typer.Option(help="A file; its own name by default.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Fetch a log that is here."""
    server = Server(url, key)
    known = server.get(f"{_path(identity)}/{number}")
    file = to or Path(Path(known["name"] or f"{known['station']}-{number}.log").name)
    with file.open("xb") as target:
        server.download(f"{_path(identity)}/{number}/file", {}, target)
    typer.echo(file)


@app.command("delete")
def delete_log(identity: Identity, number: Number, *, url: Url = LOCAL, key: Key = None) -> None:
    """Delete a log that is here."""
    Server(url, key).delete(f"{_path(identity)}/{number}")


def _path(identity: str) -> str:
    return f"/stations/{quote(identity, safe='')}/logs"


def _row(log: dict[str, Any]) -> tuple[object, ...]:
    names = ("number", "kind", "state", "status", "name", "size", "asked_at")
    return tuple(log[name] for name in names)
