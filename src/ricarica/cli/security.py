"""`ricarica security` and `ricarica network`: events, passwords, profiles, certificates, ways."""

import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.kernel.errors import ConflictError

app = typer.Typer(no_args_is_help=True, help="Security events, passwords and certificates.")
networks = typer.Typer(no_args_is_help=True, help="Ways by which stations reach a server.")

Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
Pem = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file in PEM.")]
WAITS_S = 70.0  # for a station that takes its time


@app.command("events")
def list_events(
    *,
    station: Annotated[str | None, typer.Option(help="Only what this one told.")] = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Critical, and not looked at.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List security events, the latest first."""
    query = {"unseen": str(unseen).lower(), **({"station": station} if station else {})}
    events = list(Server(url, key).items("/security/events", query))
    if as_json:
        show_json(events)
        return
    headings = ("id", "station", "at", "kind", "is_critical", "info", "acknowledged_by")
    shown = ("id", "station", "at", "kind", "critical", "info", "seen by")
    show_table(shown, ([event[name] for name in headings] for event in events))


@app.command("acknowledge")
def acknowledge(ids: list[str], *, url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody has looked at these events."""
    body = json.dumps({"ids": ids}).encode()
    done = Server(url, key).post("/security/events/acknowledge", body, {})
    typer.echo(f"{done['acknowledged']} acknowledged")


@app.command("password")
def change_password(identity: Identity, *, url: Url = LOCAL, key: Key = None) -> None:
    """Give a station a new random password; the old one holds until it has used it."""
    _act(Server(url, key), f"/stations/{quote(identity, safe='')}/password", None)


@app.command("profile")
def raise_profile(
    identity: Identity,
    profile: Annotated[int, typer.Argument(min=1, max=3, help="1, 2 or 3.")],
    *,
    slot: Annotated[int | None, typer.Option(help="Of the network profile to move to.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Though something is missing.")] = False,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Lead a station to a higher security profile."""
    body = {"profile": profile, "slot": slot, "force": force}
    _act(Server(url, key), f"/stations/{quote(identity, safe='')}/security-profile", body)


@app.command("certificates")
def list_certificates(
    *,
    station: Annotated[str | None, typer.Option(help="Only those of this one.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the certificates that stations asked for."""
    query = {"station": station} if station else {}
    found = list(Server(url, key).items("/certificates", query))
    if as_json:
        show_json(found)
        return
    headings = ("station", "purpose", "state", "not_after", "serial", "detail")
    show_table(headings, ([each[name] for name in headings] for each in found))


@app.command("renew")
def renew(
    identity: Identity,
    *,
    purpose: Annotated[str, typer.Option(help="station, v2g or v2g20.")] = "station",
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Ask a station for a new key; its certificate follows by itself."""
    path = f"/stations/{quote(identity, safe='')}/certificates/renew"
    _act(Server(url, key), path, {"purpose": purpose})


@app.command("roots")
def list_roots(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the roots that stations ought to trust."""
    found = list(Server(url, key).items("/roots", {}))
    if as_json:
        show_json(found)
        return
    headings = ("kind", "name", "not_after", "is_unwanted", "id")
    show_table(headings, ([each[name] for name in headings] for each in found))


@app.command("add-root")
def add_root(
    kind: Annotated[str, typer.Argument(help="csms, manufacturer, v2g, mo or oem.")],
    file: Pem,
    *,
    station: Annotated[list[str] | None, typer.Option(help="Only here; else everywhere.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Have stations trust a root certificate."""
    body = {"kind": kind, "pem": file.read_text(encoding="utf-8"), "stations": station or None}
    root = Server(url, key).post("/roots", json.dumps(body).encode(), {})
    typer.echo(f"{root['id']}  {root['name']}")


@app.command("authority")
def show_authority(
    purpose: Annotated[str, typer.Argument(help="station or v2g.")] = "station",
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Print the certificate of the authority that signs, in PEM."""
    typer.echo(Server(url, key).get(f"/authorities/{quote(purpose, safe='')}")["chain"].strip())


# -- networks


@networks.command("list")
def list_profiles(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List network profiles by name."""
    found = list(Server(url, key).items("/network-profiles", {}))
    if as_json:
        show_json(found)
        return
    headings = ("name", "url", "security_profile", "interface", "has_secrets")
    show_table(headings, ([each[name] for name in headings] for each in found))


@networks.command("show")
def show_networks(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show the slots of a station, and whether it is on its way to another one."""
    found = Server(url, key).get(f"/stations/{quote(identity, safe='')}/networks")
    if as_json:
        show_json(found)
        return
    move = found["move"]
    facts = [
        ("order", ", ".join(map(str, found["order"])) or None),
        ("active", found["active"]),
        ("move", f"to slot {move['slot']}: {move['state']}" if move else None),
        *((f"slot {each['slot']}", _slot(each)) for each in found["slots"]),
    ]
    show_facts(facts)


@networks.command("move")
def move(
    identity: Identity,
    slot: int,
    *,
    leaves: Annotated[bool, typer.Option("--leaves", help="To another server, for good.")] = False,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Lead a station to another slot; if it comes back by the old one, that stays."""
    path = f"/stations/{quote(identity, safe='')}/networks/{slot}/move"
    found = _post(Server(url, key), path, {"leaves": leaves})
    typer.echo(found["move"]["state"])


def _slot(slot: dict[str, Any]) -> str:
    if slot["problem"]:
        return f"{slot['profile']}: {slot['problem']}"
    return f"{slot['profile']}{'' if slot['told_at'] else ' (not told yet)'}"


def _act(server: Server, path: str, body: dict[str, Any] | None) -> None:
    answer = _post(server, path, body)
    typer.echo(" ".join(filter(None, (answer["outcome"], answer["status"], answer["detail"]))))
    if answer["outcome"] != "accepted":
        raise typer.Exit(Exit.REFUSED)


def _post(server: Server, path: str, body: dict[str, Any] | None) -> Any:
    content = b"" if body is None else json.dumps(body).encode()
    try:
        return server.post(path, content, {}, WAITS_S)
    except ConflictError as error:
        complain(str(error))
        raise typer.Exit(Exit.FAILED) from error
