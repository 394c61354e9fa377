"""`ricarica station logs`: what stations hand over about themselves."""

from pathlib import Path
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Url
from ricarica.cli.output import members, show_list
from ricarica.cli.remote import Server, given, path_to
from ricarica.cli.telling import tell

app = typer.Typer(no_args_is_help=True, help="Logs of a station: ask for them, and fetch them.")

Number = Annotated[int, typer.Argument(help="As `ricarica station logs list` shows it.")]


@app.command("list")
def list_logs(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show what was asked of a station, the latest first."""
    headings = ("number", "kind", "state", "status", "name", "size", "asked at")
    names = ("number", "kind", "state", "status", "name", "size", "asked_at")
    found = Server(url, key).get(_path(identity), {"limit": "100"})["items"]
    show_list(found, headings, lambda log: members(log, names), as_json=as_json)


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
    body = given(kind=kind, since=since, until=until, protocol=protocol, older_way=older_way)
    tell(Server(url, key), _path(identity), body, as_json=as_json)


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
    return path_to("stations", identity, "logs")
