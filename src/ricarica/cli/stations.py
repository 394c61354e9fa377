"""`ricarica station`: looking at stations and telling them things."""

import time
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server
from ricarica.kernel.errors import ConflictError

app = typer.Typer(no_args_is_help=True, help="Stations of a running server.")

Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
WAIT_S = 1.0  # between looks at an answer that comes in parts
# What the server may need beyond the time that it gives the station: what was sent before has a
# third of a minute.
MARGIN_S = 30.0
NEUTRAL_S = 60.0  # the server knows how long a station may take for what

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
    payload: Annotated[
        list[str] | None,
        typer.Argument(help="JSON; @FILE; - for standard input; or members as name=value."),
    ] = None,
    *,
    raw: Annotated[bool, typer.Option("--raw", help="Send it unchecked.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds for the station to answer.")] = 30,
    keep: Annotated[
        str | None, typer.Option(help="If it is away, for how long to keep it, e.g. PT2H.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until all parts of an answer have come.")
    ] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Send a request to a station and show its answer.

    name=value gives a member of the payload; a.b=value one of an object in it. Values are read as
    JSON where they can be, else as text.
    """
    is_neutral = action[:1].islower()
    query = {} if is_neutral else {"raw": _word(raw) or "", "timeout": str(timeout)}
    if keep is not None:
        query |= {"when_away": "keep", "expires": keep}
    path = f"/stations/{quote(identity, safe='')}/commands/{quote(action, safe='')}"
    server = Server(url, key)
    try:
        within_s = (NEUTRAL_S if is_neutral else timeout) + MARGIN_S
        answer = server.post(path, payload_from(payload or ()), query, within_s)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error
    if wait and answer.get("report"):
        answer = {**answer, "parts": gathered(server, identity, answer["report"])}
    if as_json:
        show_json(answer)
    else:
        _show_answer(answer)
    raise typer.Exit(ends(answer))


@app.command("commands")
def list_commands(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List what a station can be told, and what not, and why."""
    path = f"/stations/{quote(identity, safe='')}/commands"
    commands = Server(url, key).get(path, {"schemas": _word(as_json) or ""})
    if as_json:
        show_json(commands)
        return
    neutral = [(name, True, None) for name in commands["neutral"]]
    actions = [
        (each["action"], each["offered"], each.get("why_not")) for each in commands["actions"]
    ]
    show_table(("command", "offered", "why not"), [*neutral, *actions])


@app.command("reports")
def list_reports(
    identity: Identity,
    number: Annotated[int | None, typer.Argument(help="Show this one, with its content.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what a station answered in parts."""
    path = f"/stations/{quote(identity, safe='')}/reports"
    server = Server(url, key)
    if number is not None:
        show_json(server.get(f"{path}/{number}"))
        return
    reports = list(server.items(path, {}))
    if as_json:
        show_json(reports)
        return
    headings = ("number", "action", "state", "pages", "asked_by", "asked_at")
    show_table(headings, ([report[name] for name in headings] for report in reports))


@app.command("kept")
def list_kept(
    identity: Identity,
    cancel: Annotated[str | None, typer.Option(help="Do not say this one any more.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show commands that wait until the station is back."""
    path = f"/stations/{quote(identity, safe='')}/kept"
    server = Server(url, key)
    if cancel is not None:
        server.delete(f"{path}/{quote(cancel, safe='')}")
    kept = list(server.items(path, {}))
    if as_json:
        show_json(kept)
        return
    headings = ("id", "name", "state", "outcome", "made_by", "expires_at")
    show_table(headings, ([each[name] for name in headings] for each in kept))


@app.command("upkeep")
def show_upkeep(
    identity: Identity,
    again: Annotated[bool, typer.Option("--again", help="Tell it now what is missing.")] = False,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what is wanted of a station, and what is missing."""
    path = f"/stations/{quote(identity, safe='')}/upkeep"
    server = Server(url, key)
    if again:
        server.post(path, b"", {})
    standings = server.get(path)["items"]
    if as_json:
        show_json(standings)
        return
    headings = ("kind", "state", "since", "detail", "tries", "next_at")
    show_table(headings, ([each[name] for name in headings] for each in standings))


def ends(answer: dict[str, Any]) -> Exit:
    is_kept = answer.get("kept") or (answer.get("answer") or {}).get("kept")
    return Exit.OK if is_kept else ENDS.get(answer["outcome"], Exit.FAILED)


def gathered(server: Server, identity: str, number: int) -> Any:
    """Once its parts have come, or none comes any more."""
    path = f"/stations/{quote(identity, safe='')}/reports/{number}"
    while (report := server.get(path))["state"] == "waiting":
        time.sleep(WAIT_S)
    return report


def _show_answer(answer: dict[str, Any]) -> None:
    if answer.get("kept"):
        typer.echo(f"kept as {answer['kept']}")
        return
    typer.echo(answer["outcome"])
    content = answer.get("response", answer.get("error", answer.get("answer")))
    if answer.get("status"):
        typer.echo(answer["status"])
    if content:
        show_json(content)
    if waited := answer.get("waited"):
        typer.echo(f"it waited {waited['ms'] / 1000:.1f} s behind {waited['behind']}")
    if "parts" in answer:
        typer.echo(f"{answer['parts']['state']}, {answer['parts']['pages']} parts")
        show_json(answer["parts"]["content"])
    elif answer.get("report"):
        typer.echo(f"its parts are gathered as report {answer['report']}")


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
