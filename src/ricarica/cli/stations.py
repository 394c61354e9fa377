"""`ricarica station`: looking at stations and telling them things."""

import time
from typing import Annotated, Any

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, PayloadOrNone, Url
from ricarica.cli.output import Row, named, show_json, show_list, show_one
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server, given, path_to, query_of
from ricarica.cli.telling import exit_of, reached, show_wait

app = typer.Typer(no_args_is_help=True, help="Stations of a running server.")

WAIT_S = 1.0  # between looks at an answer that comes in parts
# What the server may need beyond the time that it gives the station: what was sent before has a
# third of a minute.
MARGIN_S = 30.0
NEUTRAL_S = 60.0  # the server knows how long a station may take for what


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
    query = query_of(q=search, status=status, connected=connected)
    headings = ("station", "status", "connected", "OCPP", "model", "site", "connectors")
    show_list(Server(url, key).items("/stations", query), headings, _cells, as_json=as_json)


@app.command("show")
def show_station(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show all that is known of a station."""
    _show_station(Server(url, key).get(path_to("stations", identity)), as_json=as_json)


@app.command("edit")
def edit_station(
    identity: Identity,
    *,
    status: Annotated[str | None, typer.Option(help="accepted, pending or blocked.")] = None,
    name: Annotated[str | None, typer.Option(help="For people.")] = None,
    site: Annotated[str | None, typer.Option(help="By its id; empty: without one.")] = None,
    tariff: Annotated[str | None, typer.Option(help="By its id; empty: as its site.")] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Instead of those that it has; repeat it. Empty: none.")
    ] = None,
    certificate_name: Annotated[
        str | None,
        typer.Option(help="The common name in its certificate; empty: its serial number."),
    ] = None,
    certificate_pin: Annotated[
        str | None,
        typer.Option(help="SHA-256 of the public key of its only certificate; empty: any."),
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Prepare a station before it connects, let one in that waits, or change it.

    What is not named stays as it is.
    """
    changes = given(
        status=status,
        name=name,
        site=site,
        tariff=tariff,
        labels=[each for each in label if each] if label else None,
        certificate_name=certificate_name,
        certificate_pin=certificate_pin,
    )
    if not changes:
        raise typer.BadParameter("say what to change")
    _show_station(Server(url, key).put(path_to("stations", identity), changes), as_json=as_json)


@app.command("call")
def call_station(
    identity: Identity,
    action: Annotated[
        str, typer.Argument(help="Of OCPP, e.g. Reset; or neutral, e.g. reset or clear-cache.")
    ],
    payload: PayloadOrNone = None,
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
    query = {} if is_neutral else query_of(raw=raw, timeout=timeout)
    if keep is not None:
        query |= {"when_away": "keep", "expires": keep}
    path = path_to("stations", identity, "commands", action)
    body = payload_from(payload or ())
    within_s = (NEUTRAL_S if is_neutral else timeout) + MARGIN_S
    server = Server(url, key)
    answer = reached(lambda: server.post(path, body, query, within_s))
    if wait and answer.get("report"):
        answer = {**answer, "parts": gathered(server, identity, answer["report"])}
    if as_json:
        show_json(answer)
    else:
        _show_answer(answer)
    raise typer.Exit(exit_of(answer))


@app.command("commands")
def list_commands(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List what a station can be told, and what not, and why."""
    path = path_to("stations", identity, "commands")
    known = Server(url, key).get(path, query_of(schemas=as_json))
    if as_json:
        show_json(known)
        return
    neutral = [{"action": name, "offered": True} for name in known["neutral"]]
    show_list(
        [*neutral, *known["actions"]],
        ("command", "offered", "why not"),
        lambda each: (each["action"], each["offered"], each.get("why_not")),
        as_json=False,
    )


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
    path = path_to("stations", identity, "reports")
    server = Server(url, key)
    if number is not None:
        show_json(server.get(f"{path}/{number}"))
        return
    headings = ("number", "action", "state", "pages", "asked_by", "asked_at")
    show_list(server.items(path), headings, as_json=as_json)


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
    server = Server(url, key)
    if cancel is not None:
        server.delete(path_to("stations", identity, "kept", cancel))
    headings = ("id", "name", "state", "outcome", "made_by", "expires_at")
    show_list(server.items(path_to("stations", identity, "kept")), headings, as_json=as_json)


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
    path = path_to("stations", identity, "upkeep")
    server = Server(url, key)
    if again:
        server.post(path)
    headings = ("kind", "state", "since", "detail", "tries", "next_at")
    show_list(server.get(path)["items"], headings, as_json=as_json)


def gathered(server: Server, identity: str, number: int) -> Any:
    """Once its parts have come, or none comes any more."""
    path = path_to("stations", identity, "reports", number)
    while (report := server.get(path))["state"] == "waiting":
        time.sleep(WAIT_S)
    return report


def _show_station(station: Row, *, as_json: bool) -> None:
    known = {**station, "site": _site(station), "evses": _connectors(station)}
    show_one(station, named(known), as_json=as_json)


def _show_answer(answer: Row) -> None:
    if answer.get("kept"):
        typer.echo(f"kept as {answer['kept']}")
        return
    typer.echo(answer["outcome"])
    content = answer.get("response", answer.get("error", answer.get("answer")))
    if answer.get("status"):
        typer.echo(answer["status"])
    if content:
        show_json(content)
    show_wait(answer)
    if "parts" in answer:
        typer.echo(f"{answer['parts']['state']}, {answer['parts']['pages']} parts")
        show_json(answer["parts"]["content"])
    elif answer.get("report"):
        typer.echo(f"its parts are gathered as report {answer['report']}")


def _cells(station: Row) -> tuple[object, ...]:
    return (
        station["id"],
        station["status"],
        station["connected"],
        station["dialect"],
        " ".join(filter(None, (station["vendor"], station["model"]))) or None,
        _site(station),
        _connectors(station),
    )


def _site(station: Row) -> str | None:
    return station["site"]["name"] if station["site"] else None


def _connectors(station: Row) -> str | None:
    states = (
        f"{evse['evse']}.{connector['connector']} {connector['status']}"
        for evse in station["evses"]
        for connector in evse["connectors"]
    )
    return ", ".join(states) or None
