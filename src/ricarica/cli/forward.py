"""`ricarica station forward`: a second back end that hears a station."""

from typing import Annotated
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import show_facts, show_json
from ricarica.cli.remote import Server
from ricarica.cli.stations import Identity
from ricarica.kernel.errors import InvalidError

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
    server = Server(url, key)
    path = f"/stations/{quote(identity, safe='')}/forward"
    if remove:
        server.delete(path)
        return
    if to is None:
        if allow or identity_there or password or off:
            raise InvalidError("say where to, with --to")
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
        known = server.put(path, msgspec.json.encode(body))
    if as_json:
        show_json(known)
    else:
        show_facts(known.items())
