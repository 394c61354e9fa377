"""`ricarica event` and `ricarica alert`: what stations noticed, and what somebody has to see to."""

from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, OfStation, Url
from ricarica.cli.output import show_list
from ricarica.cli.remote import Server, path_to, query_of

events = typer.Typer(no_args_is_help=True, help="What stations noticed.")
alerts = typer.Typer(no_args_is_help=True, help="What somebody has to look at.")

Number = Annotated[int, typer.Argument(help="As the list shows it.")]
Note = Annotated[str, typer.Option(help="What there is to say about it.")]
Limit = Annotated[int, typer.Option(help="The latest so many.", min=1, max=500)]


@events.command("list")
def list_events(
    search: Annotated[str | None, typer.Argument(help="In the variable, value or code.")] = None,
    *,
    station: OfStation = None,
    severity: Annotated[int | None, typer.Option(help="At least as severe: 3 is 0 to 3.")] = None,
    limit: Limit = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what stations noticed, the latest first."""
    query = query_of(q=search, station=station, severity=severity, limit=limit)
    found = Server(url, key).get("/station-events", query)["items"]
    names = ("id", "at", "station", "severity", "name", "value", "code", "acknowledged_by")
    show_list(found, names, as_json=as_json)


@events.command("acknowledge")
def acknowledge_event(event: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody has seen it."""
    Server(url, key).post(path_to("station-events", event, "acknowledge"), {"note": note})


@alerts.command("list")
def list_alerts(
    *,
    state: Annotated[str | None, typer.Option(help="open, acknowledged or resolved.")] = None,
    station: OfStation = None,
    limit: Limit = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the latest first."""
    query = query_of(status=state, station=station, limit=limit)
    found = Server(url, key).get("/alerts", query)["items"]
    names = ("id", "last_at", "level", "state", "station", "name", "text", "count", "by")
    show_list(found, names, as_json=as_json)


@alerts.command("acknowledge")
def acknowledge_alert(alert: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody looks after it."""
    Server(url, key).post(path_to("alerts", alert, "acknowledge"), {"note": note})


@alerts.command("resolve")
def resolve_alert(alert: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that it is over."""
    Server(url, key).post(path_to("alerts", alert, "resolve"), {"note": note})


@alerts.command("rules")
def list_rules(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the rules that call somebody."""
    names = ("id", "name", "kind", "level", "threshold", "is_active", "is_default")
    show_list(Server(url, key).items("/alert-rules"), names, as_json=as_json)
