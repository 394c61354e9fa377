"""`ricarica station`: looking at stations and telling them things."""

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.kernel.errors import ConflictError

app = typer.Typer(no_args_is_help=True, help="Stations of a running server.")

Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
MARGIN_S = 10.0  # what the server may need beyond the time that it gives the station

ENDS = {
    "accepted": Exit.OK,
    "refused": Exit.REFUSED,
    "unsupported": Exit.REFUSED,
    "unknown": Exit.FAILED,
}


@app.command("list")
def list_stations(
    *,
    search: Annotated[str | None, typer.Argument(help="In identity, name or model.")] = None,
    status: Annotated[str | None, typer.Option(help="accepted, pending or blocked.")] = None,
    connected: Annotated[bool | None, typer.Option(help="Only those that are, or are not.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List stations by identity."""
    given = {"q": search, "status": status, "connected": _word(connected)}
    query = {name: value for name, value in given.items() if value is not None}
    stations = list(Server(url, key).items("/stations", query))
    if as_json:
        show_json(stations)
        return
    headings = ("station", "status", "connected", "OCPP", "model", "site", "connectors")
    show_table(headings, map(_row, stations))


@app.command("show")
def show_station(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show all that is known of a station."""
    station = Server(url, key).get(f"/stations/{quote(identity, safe='')}")
    if as_json:
        show_json(station)
        return
    show_facts((name.replace("_", " "), _fact(value)) for name, value in station.items())


@app.command("call")
def call_station(
    identity: Identity,
    action: Annotated[
        str, typer.Argument(help="Of OCPP, e.g. Reset; or neutral, e.g. reset or clear-cache.")
    ],
    payload: Annotated[str, typer.Argument(help="JSON; - reads standard input.")] = "{}",
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Send it unchecked.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for the station to answer.")] = 30,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send a request to a station and show its answer."""
    body = sys.stdin.read() if payload == "-" else payload
    is_neutral = action[:1].islower()
    query = {} if is_neutral else {"raw": _word(raw) or "", "timeout": str(timeout)}
    path = f"/stations/{quote(identity, safe='')}/commands/{quote(action, safe='')}"
    try:
        answer = Server(url, key).post(path, body.encode(), query, timeout + MARGIN_S)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error
    if as_json:
        show_json(answer)
    else:
        _show_answer(answer)
    raise typer.Exit(ENDS.get(answer["outcome"], Exit.FAILED))


def _show_answer(answer: dict[str, Any]) -> None:
    typer.echo(answer["outcome"])
    content = answer.get("response", answer.get("error", answer.get("answer")))
    if answer.get("status"):
        typer.echo(answer["status"])
    if content:
        show_json(content)


def _row(station: dict[str, Any]) -> tuple[object, ...]:
    model = " ".join(filter(None, (station["vendor"], station["model"])))
    site = station["site"]["name"] if station["site"] else None
    return (
        station["id"],
        station["status"],
        station["connected"],
        station["dialect"],
        model or None,
        site,
        _connectors(station["evses"]),
    )


def _fact(value: Any) -> object:
    match value:
        case {"name": name, "id": _}:
            return name
        case [{"evse": _}, *_]:
            return _connectors(value)
        case list():
            return ", ".join(map(str, value)) or None
        case _:
            return value


def _connectors(evses: list[dict[str, Any]]) -> str | None:
    return (
        ", ".join(
            f"{evse['evse']}.{connector['connector']} {connector['status']}"
            for evse in evses
            for connector in evse["connectors"]
        )
        or None
    )


def _word(flag: bool | None) -> str | None:
    return None if flag is None else str(flag).lower()
