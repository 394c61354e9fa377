"""`ricarica token`, `reservation`, `display`: who may charge, what is held, what is shown."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server
from ricarica.cli.stations import ends
from ricarica.kernel.errors import ConflictError

tokens = typer.Typer(no_args_is_help=True, help="Who may charge, where and when.")
reservations = typer.Typer(no_args_is_help=True, help="EVSEs that stations hold for drivers.")
displays = typer.Typer(no_args_is_help=True, help="Messages on the displays of stations.")

Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
Payload = Annotated[
    list[str], typer.Argument(help="JSON; @FILE; - for standard input; or members as name=value.")
]
STATION_S = 40.0  # a station has half a minute to answer


@tokens.command("list")
def list_tokens(
    *,
    search: Annotated[str | None, typer.Argument(help="In number, label or group.")] = None,
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List tokens by number."""
    given = {"q": search, "group": group}
    query = {name: value for name, value in given.items() if value is not None}
    found = list(Server(url, key).items("/tokens", query))
    _show(found, ("uid", "kind", "status", "group", "label", "expires_at"), as_json=as_json)


@tokens.command("add")
def add_token(
    uid: Annotated[str, typer.Argument(help="As the reader sends it.")],
    members: Annotated[
        list[str] | None, typer.Argument(help="kind=, group=, label=, expires_at= …")
    ] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Add a token."""
    body = {**json.loads(payload_from(members or [])), "uid": uid}
    _show_one(Server(url, key).post("/tokens", json.dumps(body).encode(), {}))


@tokens.command("attempts")
def list_attempts(
    *,
    station: Annotated[str | None, typer.Option(help="At this station only.")] = None,
    refused: Annotated[bool, typer.Option("--refused", help="All but the accepted.")] = False,
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=500)] = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List who identified at which station, and what was said; the latest first."""
    query = {"limit": str(limit), "refused": str(refused).lower()}
    if station is not None:
        query["station"] = station
    found = Server(url, key).get("/authorization-attempts", query)["items"]
    _show(found, ("at", "station", "uid", "kind", "verdict"), as_json=as_json)


@tokens.command("rules")
def list_rules(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the rules about who may charge where and when."""
    found = Server(url, key).get("/access-rules")["items"]
    names = ("id", "label", "token", "group", "effect", "site", "station", "begins", "ends")
    _show(found, names, as_json=as_json)


@tokens.command("rule")
def add_rule(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Add a rule, e.g. group=FLEET station=CP-1 begins=08:00:00 ends=18:00:00."""
    _show_one(Server(url, key).post("/access-rules", payload_from(payload), {}))


@tokens.command("remove-rule")
def remove_rule(rule: str, *, url: Url = LOCAL, key: Key = None) -> None:
    """Remove a rule."""
    Server(url, key).delete(f"/access-rules/{quote(rule, safe='')}")


@tokens.command("lists")
def list_lists(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List which tokens shall be on the local lists of which stations."""
    found = Server(url, key).get("/local-lists")["items"]
    _show(found, ("id", "label", "group", "kind", "site", "station", "is_on"), as_json=as_json)


@tokens.command("add-list")
def add_list(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have tokens on local lists, e.g. group=FLEET site=depot."""
    _show_one(Server(url, key).post("/local-lists", payload_from(payload), {}))


@tokens.command("local-list")
def show_local_list(
    identity: Identity,
    *,
    send: Annotated[bool, typer.Option("--send", help="Send the whole list anew.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what the local list of a station has."""
    server, path = Server(url, key), f"{_station(identity)}/local-list"
    if send:
        server.post(f"{path}/send", b"{}", {})
    found = server.get(path)
    if as_json:
        show_json(found)
    else:
        show_facts((name.replace("_", " "), _word(value)) for name, value in found.items())


@reservations.command("list")
def list_reservations(
    *,
    station: Annotated[str | None, typer.Option(help="At this station only.")] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Those that still hold.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List reservations, those that end last first."""
    query = {"is_open": str(is_open).lower(), **({"station": station} if station else {})}
    found = Server(url, key).get("/reservations", query)["items"]
    names = ("number", "station", "evse", "token", "state", "expires_at")
    _show(found, names, as_json=as_json)


@reservations.command("make")
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
    given = {"token": token, "expires_at": expires_at.isoformat(), "evse": evse}
    body = {name: value for name, value in given.items() if value is not None}
    if connector is not None:
        body["connector_type"] = connector
    _tell(Server(url, key), f"{_station(identity)}/reservations", json.dumps(body).encode())


@reservations.command("cancel")
def cancel_reservation(
    identity: Identity, number: int, *, url: Url = LOCAL, key: Key = None
) -> None:
    """Hold it no longer."""
    _end(Server(url, key).delete(f"{_station(identity)}/reservations/{number}", STATION_S))


@displays.command("list")
def list_displays(
    identity: Annotated[str | None, typer.Argument(help="What this station shows.")] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the messages that shall be shown, or those that a station shows."""
    path = "/displays" if identity is None else f"{_station(identity)}/displays"
    found = Server(url, key).get(path)["items"]
    if as_json:
        show_json(found)
        return
    names = ("id", "label", "site", "station") if identity is None else ("number", "state")
    headings = (*names, "text", "priority", "moment")
    show_table(headings, ([*(row[n] for n in names), *_said(row)] for row in found))


@displays.command("add")
def add_display(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have a message shown: JSON as POST /api/v1/displays takes it."""
    _show_one(Server(url, key).post("/displays", payload_from(payload), {}))


@displays.command("remove")
def remove_display(display: str, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have a message shown nowhere any more."""
    Server(url, key).delete(f"/displays/{quote(display, safe='')}")


@displays.command("show")
def show_message(
    identity: Identity,
    text: str,
    *,
    language: Annotated[str | None, typer.Option(help="E.g. en.")] = None,
    priority: Annotated[
        str, typer.Option(help="normal_cycle, in_front or always_front.")
    ] = "normal_cycle",
    transaction: Annotated[str | None, typer.Option(help="Its ref: while it runs.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Show a message at one station."""
    content = {"text": text, **({"language": language} if language else {})}
    body: dict[str, Any] = {"contents": [content], "priority": priority}
    if transaction is not None:
        body["transaction"] = transaction
    _tell(Server(url, key), f"{_station(identity)}/displays", json.dumps(body).encode())


@displays.command("clear")
def clear_message(identity: Identity, number: int, *, url: Url = LOCAL, key: Key = None) -> None:
    """Show a message no more."""
    _end(Server(url, key).delete(f"{_station(identity)}/displays/{number}", STATION_S))


def _tell(server: Server, path: str, body: bytes) -> None:
    try:
        answer = server.post(path, body, {}, STATION_S)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.UNREACHED) from error
    _end(answer)


def _end(answer: dict[str, Any]) -> None:
    words = (answer["outcome"], answer["status"], (answer["answer"] or {}).get("number"))
    typer.echo(" ".join(str(word) for word in words if word is not None))
    raise typer.Exit(ends(answer))


def _show(found: list[dict[str, Any]], names: tuple[str, ...], *, as_json: bool) -> None:
    if as_json:
        show_json(found)
    else:
        show_table(names, ([row[name] for name in names] for row in found))


def _show_one(made: dict[str, Any]) -> None:
    show_json({name: value for name, value in made.items() if value not in (None, [], "")})


def _said(row: dict[str, Any]) -> tuple[object, ...]:
    return row["contents"][0]["text"], row["priority"], row["moment"]


def _word(value: object) -> object:
    return ", ".join(map(str, value)) or None if isinstance(value, list) else value


def _station(identity: str) -> str:
    return f"/stations/{quote(identity, safe='')}"
