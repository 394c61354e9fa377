"""`ricarica station forward`: a second back end that hears a station."""

from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Url
from ricarica.cli.output import show_one
from ricarica.cli.ports import UsageError
from ricarica.cli.remote import Server, path_to

app = typer.Typer()


@app.command("forward")
def forward_station(
    identity: Identity,
    *,
    to: Annotated[
        str | None, typer.Option(help="As a station gets it, without its identity.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="A command of the other's; repeatable; * is all.")
    ] = None,
    identity_there: Annotated[str | None, typer.Option(help="By default the same.")] = None,
    password: Annotated[
        str | None,
        typer.Option(envvar="RICARICA_FORWARD_PASSWORD", help="Of the station there."),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Keep it, and do not connect.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Mirror it no longer.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show or change where a station is mirrored to."""
    server, path = Server(url, key), path_to("stations", identity, "forward")
    if remove:
        server.delete(path)
        return
    if to is None:
        if allow or identity_there or password or off:
            raise UsageError("say where to, with --to")
        known = server.get(path)
    else:
        body = {
            "url": to,
            "mode": "second" if allow else "copy",
            "allowed": allow or [],
            "identity": identity_there,
            "password": password,
            "is_on": not off,
        }
        known = server.put(path, body)
    show_one(known, as_json=as_json)
