"""`ricarica monitor`, `ricarica event` and `ricarica alert`: what stations watch and tell of."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.cli.stations import ENDS, Identity
from ricarica.kernel.errors import ConflictError

monitors = typer.Typer(no_args_is_help=True, help="What a station watches by itself.")
events = typer.Typer(no_args_is_help=True, help="What stations noticed.")
alerts = typer.Typer(no_args_is_help=True, help="What somebody has to look at.")

Number = Annotated[int, typer.Argument(help="As the list shows it.")]
Note = Annotated[str, typer.Option(help="What there is to say about it.")]
OfStation = Annotated[str | None, typer.Option(help="Of this station.")]
TELL_S = 90.0


@monitors.command("list")
def list_monitors(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List a station's monitors, as it told them last."""
    found = list(Server(url, key).items(f"{_path(identity)}", {}))
    if as_json:
        show_json(found)
        return
    columns = ("number", "name", "type", "value", "severity", "origin")
    show_table(columns, (tuple(each[name] for name in columns) for each in found))


@monitors.command("set")
def set_monitor(
    identity: Identity,
    name: Annotated[str, typer.Argument(help="A variable, e.g. EVSE@1.Power.")],
    type_: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            help="upper, lower, delta, periodic, clock_aligned, target_delta or "
            "target_delta_relative.",
        ),
    ],
    value: Annotated[str, typer.Argument(help="A number; of seconds, if periodic.")],
    *,
    severity: Annotated[int, typer.Option(help="0 is danger, 9 is for programmers.")] = 8,
    during_transaction: Annotated[
        bool, typer.Option("--during-transaction", help="Only while somebody charges.")
    ] = False,
    replaces: Annotated[int | None, typer.Option(help="Number of the one to replace.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Have a station watch a variable."""
    monitor = {
        "name": name,
        "type": type_,
        "value": msgspec.Raw(value.encode()),
        "severity": severity,
        "during_transaction": during_transaction,
        "replaces": replaces,
    }
    _tell(Server(url, key), _path(identity), {"monitors": [monitor]}, as_json)


@monitors.command("clear")
def clear_monitors(
    identity: Identity,
    numbers: Annotated[list[int], typer.Argument(help="As `ricarica monitor list` shows them.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Clear monitors of a station."""
    _tell(Server(url, key), f"{_path(identity)}/clear", {"numbers": numbers}, as_json)


@monitors.command("report")
def report_monitors(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Ask a station which monitors it has."""
    _tell(Server(url, key), f"{_path(identity)}/report", {}, as_json)


@events.command("list")
def list_events(
    search: Annotated[str | None, typer.Argument(help="In the variable, value or code.")] = None,
    *,
    station: OfStation = None,
    severity: Annotated[int | None, typer.Option(help="At least as severe: 3 is 0 to 3.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what stations noticed, the latest first."""
    asked = {"q": search, "station": station, "severity": severity, "limit": limit}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    found = Server(url, key).get("/station-events", query)["items"]
    if as_json:
        show_json(found)
        return
    columns = ("id", "at", "station", "severity", "name", "value", "code", "acknowledged_by")
    show_table(columns, (tuple(each[name] for name in columns) for each in found))


@events.command("acknowledge")
def acknowledge_event(event: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody has seen it."""
    Server(url, key).post(f"/station-events/{event}/acknowledge", _note(note), {})


@alerts.command("list")
def list_alerts(
    *,
    state: Annotated[str | None, typer.Option(help="open, acknowledged or resolved.")] = None,
    station: OfStation = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List alerts, the latest first."""
    asked = {"status": state, "station": station}
    query = {name: value for name, value in asked.items() if value is not None}
    found = Server(url, key).get("/alerts", query)["items"]
    if as_json:
        show_json(found)
        return
    columns = ("id", "last_at", "level", "state", "station", "name", "text", "count", "by")
    show_table(columns, (tuple(each[name] for name in columns) for each in found))


@alerts.command("acknowledge")
def acknowledge_alert(alert: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody looks after it."""
    Server(url, key).post(f"/alerts/{alert}/acknowledge", _note(note), {})


@alerts.command("resolve")
def resolve_alert(alert: Number, *, note: Note = "", url: Url = LOCAL, key: Key = None) -> None:
    """Say that it is over."""
    Server(url, key).post(f"/alerts/{alert}/resolve", _note(note), {})


@alerts.command("rules")
def list_rules(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the rules that call somebody."""
    found = list(Server(url, key).items("/alert-rules", {}))
    if as_json:
        show_json(found)
        return
    columns = ("id", "name", "kind", "level", "threshold", "is_active", "is_default")
    show_table(columns, (tuple(each[name] for name in columns) for each in found))


def _tell(server: Server, path: str, body: dict[str, Any], as_json: bool) -> None:
    try:
        answer = server.post(path, msgspec.json.encode(body), {}, TELL_S)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error
    if as_json:
        show_json(answer)
    else:
        typer.echo(" ".join(filter(None, (answer["outcome"], answer["status"], answer["detail"]))))
    raise typer.Exit(ENDS.get(answer["outcome"], Exit.FAILED))


def _note(note: str) -> bytes:
    return msgspec.json.encode({"note": note})


def _path(identity: str) -> str:
    return f"/stations/{quote(identity, safe='')}/monitors"
