"""`ricarica security` and `ricarica network`: events, passwords, profiles, certificates, ways."""

from pathlib import Path
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, OfStation, Url
from ricarica.cli.output import Row, members, show_list, show_one
from ricarica.cli.remote import Server, path_to, query_of
from ricarica.cli.telling import STATION_S, end, tell

app = typer.Typer(no_args_is_help=True, help="Security events, passwords and certificates.")
networks = typer.Typer(no_args_is_help=True, help="Ways by which stations reach a server.")

Pem = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A file in PEM.")]


@app.command("events")
def list_events(
    *,
    station: OfStation = None,
    unseen: Annotated[bool, typer.Option("--unseen", help="Critical, and not looked at.")] = False,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List security events, the latest first."""
    events = Server(url, key).items("/security/events", query_of(unseen=unseen, station=station))
    names = ("id", "station", "at", "kind", "is_critical", "info", "acknowledged_by")
    headings = ("id", "station", "at", "kind", "critical", "info", "seen by")
    show_list(events, headings, lambda event: members(event, names), as_json=as_json)


@app.command("acknowledge")
def acknowledge(ids: list[str], *, url: Url = LOCAL, key: Key = None) -> None:
    """Say that somebody has looked at these events."""
    done = Server(url, key).post("/security/events/acknowledge", {"ids": ids})
    typer.echo(f"{done['acknowledged']} acknowledged")


@app.command("password")
def change_password(identity: Identity, *, url: Url = LOCAL, key: Key = None) -> None:
    """Give a station a new random password; the old one holds until it has used it."""
    path = path_to("stations", identity, "password")
    end(lambda: Server(url, key).post(path, timeout_s=STATION_S))


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
    tell(Server(url, key), path_to("stations", identity, "security-profile"), body)


@app.command("certificates")
def list_certificates(
    *,
    station: OfStation = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the certificates that stations asked for."""
    found = Server(url, key).items("/certificates", query_of(station=station))
    names = ("station", "purpose", "state", "not_after", "serial", "detail")
    show_list(found, names, as_json=as_json)


@app.command("renew")
def renew(
    identity: Identity,
    *,
    purpose: Annotated[str, typer.Option(help="station, v2g or v2g20.")] = "station",
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Ask a station for a new key; its certificate follows by itself."""
    path = path_to("stations", identity, "certificates", "renew")
    tell(Server(url, key), path, {"purpose": purpose})


@app.command("revoke")
def revoke(
    identity: Identity,
    serial: Annotated[str, typer.Argument(help="Its number, as `certificates` shows it.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let nobody in by a certificate any more."""
    server = Server(url, key)
    own = server.get(path_to("stations", identity, "certificates"))["own"]
    found = [each["id"] for each in own if each["serial"] == serial.lower()]
    if len(found) != 1:
        raise typer.BadParameter(f"{identity} has no certificate {serial}")
    server.post(path_to("stations", identity, "certificates", found[0], "revoke"))
    typer.echo(f"{serial} revoked")


@app.command("roots")
def list_roots(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List the roots that stations ought to trust."""
    names = ("kind", "name", "not_after", "is_unwanted", "id")
    show_list(Server(url, key).items("/roots"), names, as_json=as_json)


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
    root = Server(url, key).post("/roots", body)
    typer.echo(f"{root['id']}  {root['name']}")


@app.command("authority")
def show_authority(
    purpose: Annotated[str, typer.Argument(help="station or v2g.")] = "station",
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Print the certificate of the authority that signs, in PEM."""
    typer.echo(Server(url, key).get(path_to("authorities", purpose))["chain"].strip())


# -- networks


@networks.command("list")
def list_profiles(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List network profiles by name."""
    names = ("name", "url", "security_profile", "interface", "has_secrets")
    show_list(Server(url, key).items("/network-profiles"), names, as_json=as_json)


@networks.command("show")
def show_networks(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show the slots of a station, and whether it is on its way to another one."""
    found = Server(url, key).get(path_to("stations", identity, "networks"))
    move = found["move"]
    facts = [
        ("order", ", ".join(map(str, found["order"])) or None),
        ("active", found["active"]),
        ("move", f"to slot {move['slot']}: {move['state']}" if move else None),
        *((f"slot {each['slot']}", _slot(each)) for each in found["slots"]),
    ]
    show_one(found, facts, as_json=as_json)


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
    path = path_to("stations", identity, "networks", slot, "move")
    found = Server(url, key).post(path, {"leaves": leaves}, timeout_s=STATION_S)
    typer.echo(found["move"]["state"])


def _slot(slot: Row) -> str:
    if slot["problem"]:
        return f"{slot['profile']}: {slot['problem']}"
    return f"{slot['profile']}{'' if slot['told_at'] else ' (not told yet)'}"
