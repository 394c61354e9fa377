"""`ricarica token`: who may charge, where and when."""

from typing import Annotated

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, OfStation, Payload, Url
from ricarica.cli.output import show_list, show_made, show_one
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server, path_to, query_of

app = typer.Typer(no_args_is_help=True, help="Who may charge, where and when.")


@app.command("list")
def list_tokens(
    *,
    search: Annotated[str | None, typer.Argument(help="In number, label or group.")] = None,
    group: Annotated[str | None, typer.Option(help="Of this group only.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List tokens by number."""
    found = Server(url, key).items("/tokens", query_of(q=search, group=group))
    show_list(found, ("uid", "kind", "status", "group", "label", "expires_at"), as_json=as_json)


@app.command("add")
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
    # As it was typed: a credit of 10.10 is no float.
    typed = msgspec.json.decode(payload_from(members or []), type=dict[str, msgspec.Raw])
    show_made(Server(url, key).post("/tokens", {**typed, "uid": uid}))


@app.command("attempts")
def list_attempts(
    *,
    station: OfStation = None,
    refused: Annotated[bool, typer.Option("--refused", help="All but the accepted.")] = False,
    limit: Annotated[int, typer.Option(help="The latest so many.", min=1, max=500)] = 50,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List who identified at which station, and what was said; the latest first."""
    query = query_of(limit=limit, refused=refused, station=station)
    found = Server(url, key).get("/authorization-attempts", query)["items"]
    show_list(found, ("at", "station", "uid", "kind", "verdict"), as_json=as_json)


@app.command("rules")
def list_rules(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the rules about who may charge where and when."""
    names = ("id", "label", "token", "group", "effect", "site", "station", "begins", "ends")
    show_list(Server(url, key).items("/access-rules"), names, as_json=as_json)


@app.command("rule")
def add_rule(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Add a rule, e.g. group=FLEET station=CP-1 begins=08:00:00 ends=18:00:00."""
    show_made(Server(url, key).post("/access-rules", payload_from(payload)))


@app.command("remove-rule")
def remove_rule(rule: str, *, url: Url = LOCAL, key: Key = None) -> None:
    """Remove a rule."""
    Server(url, key).delete(path_to("access-rules", rule))


@app.command("lists")
def list_lists(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List which tokens shall be on the local lists of which stations."""
    names = ("id", "label", "group", "kind", "site", "station", "is_on")
    show_list(Server(url, key).items("/local-lists"), names, as_json=as_json)


@app.command("add-list")
def add_list(payload: Payload, *, url: Url = LOCAL, key: Key = None) -> None:
    """Have tokens on local lists, e.g. group=FLEET site=depot."""
    show_made(Server(url, key).post("/local-lists", payload_from(payload)))


@app.command("local-list")
def show_local_list(
    identity: Identity,
    *,
    send: Annotated[bool, typer.Option("--send", help="Send the whole list anew.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what the local list of a station has."""
    server, path = Server(url, key), path_to("stations", identity, "local-list")
    if send:
        server.post(f"{path}/send")
    show_one(server.get(path), as_json=as_json)
