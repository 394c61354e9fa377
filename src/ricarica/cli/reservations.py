"""`ricarica reservation`: EVSEs that stations hold for drivers."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, OfStation, Url
from ricarica.cli.output import show_list
from ricarica.cli.remote import Server, given, path_to, query_of
from ricarica.cli.telling import STATION_S, end, tell

app = typer.Typer(no_args_is_help=True, help="EVSEs that stations hold for drivers.")


@app.command("list")
def list_reservations(
    *,
    station: OfStation = None,
    is_open: Annotated[bool, typer.Option("--open", help="Those that still hold.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List reservations, those that end last first."""
    found = Server(url, key).items("/reservations", query_of(is_open=is_open, station=station))
    show_list(found, ("number", "station", "evse", "token", "state", "expires_at"), as_json=as_json)


@app.command("make")
def make_reservation(
    identity: Identity,
    token: Annotated[str, typer.Argument(help="For whom.")],
    *,
    evse: Annotated[int | None, typer.Option(help="Any, if none is named.", min=1)] = None,
    connector: Annotated[str | None, typer.Option(help="A type, e.g. cCCS2; not 1.6.")] = None,
    minutes: Annotated[int, typer.Option(help="How long.", min=1, max=10_080)] = 30,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Hold an EVSE for a token."""
    expires_at = datetime.now(UTC) + timedelta(minutes=minutes)
    body = given(token=token, expires_at=expires_at, evse=evse, connector_type=connector)
    tell(Server(url, key), path_to("stations", identity, "reservations"), body)


@app.command("cancel")
def cancel_reservation(
    identity: Identity, number: int, *, url: Url = LOCAL, key: Key = None
) -> None:
    """Hold it no longer."""
    path = path_to("stations", identity, "reservations", number)
    end(lambda: Server(url, key).delete(path, STATION_S))
