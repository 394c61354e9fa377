"""`ricarica settings` and `ricarica template`: how stations are configured."""

import sys
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.remote import RefusedRequestError, Server
from ricarica.cli.stations import ENDS, Identity
from ricarica.kernel.errors import ConflictError

settings = typer.Typer(no_args_is_help=True, help="Settings of a station.")
templates = typer.Typer(no_args_is_help=True, help="Settings that stations of a kind are to have.")

TemplateId = Annotated[str, typer.Argument(help="As `ricarica template list` shows it.")]
TELL_S = 90.0  # a station may think for a minute about a report


@settings.command("list")
def list_settings(
    identity: Identity,
    search: Annotated[str | None, typer.Argument(help="In the name or the value.")] = None,
    *,
    writable: Annotated[bool, typer.Option("--writable", help="Only those that are.")] = False,
    evse: Annotated[int | None, typer.Option(help="Of this EVSE.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what a station told of its settings last."""
    asked = {"q": search, "writable": "true" if writable else None, "evse": evse}
    query = {name: str(value) for name, value in asked.items() if value is not None}
    found = list(Server(url, key).items(f"{_station(identity)}/settings", query))
    if as_json:
        show_json(found)
        return
    headings = ("setting", "value", "unit", "access", "our word", "note")
    show_table(headings, map(_setting, found))


@settings.command("read")
def read_settings(
    identity: Identity,
    names: Annotated[
        list[str] | None, typer.Argument(help="Names; without any, all there are.")
    ] = None,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask a station for settings."""
    body = {"read": names} if names else {}
    _tell(Server(url, key), f"{_station(identity)}/commands/settings", body, as_json)


@settings.command("set")
def write_settings(
    identity: Identity,
    values: Annotated[list[str], typer.Argument(help="NAME=VALUE, one or more.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Write settings, by a station's own names or by ours."""
    pairs = [value.partition("=") for value in values]
    if not all(name and sign for name, sign, _ in pairs):
        raise RefusedRequestError("write NAME=VALUE, e.g. meter_interval=60")
    body = {"write": {name: value for name, _, value in pairs}}
    _tell(Server(url, key), f"{_station(identity)}/commands/settings", body, as_json)


@settings.command("drift")
def show_drift(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show how a station differs from the templates that apply to it."""
    drift = Server(url, key).get(f"{_station(identity)}/drift")
    if as_json:
        show_json(drift)
    else:
        show_table(DRIFT_HEADINGS, map(_difference, drift["differences"]))


@templates.command("list")
def list_templates(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List templates by name."""
    found = list(Server(url, key).items("/templates", {}))
    if as_json:
        show_json(found)
        return
    headings = ("template", "name", "for", "settings", "monitors", "active", "rank")
    show_table(headings, map(_template, found))


@templates.command("show")
def show_template(
    template: TemplateId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a template."""
    found = Server(url, key).get(_path(template))
    if as_json:
        show_json(found)
    else:
        show_facts(found.items())


@templates.command("save")
def save_template(
    file: Annotated[str, typer.Argument(help="JSON, as `show --json` gives it; - reads stdin.")],
    *,
    template: Annotated[str | None, typer.Option(help="Change this one; else add it.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Add a template from a file, or change one."""
    text = sys.stdin.read() if file == "-" else Path(file).read_text()
    body = msgspec.json.decode(text.encode(), type=dict[str, Any])
    wanted = {name: value for name, value in body.items() if name not in KEPT_BY_US}
    encoded, server = msgspec.json.encode(wanted), Server(url, key)
    if template is None:
        saved = server.post("/templates", encoded, {})
    else:
        saved = server.put(_path(template), encoded)
    if as_json:
        show_json(saved)
    else:
        typer.echo(saved["id"])


@templates.command("remove")
def remove_template(template: TemplateId, *, url: Url = LOCAL, key: Key = None) -> None:
    """Remove a template. Stations keep what they were told."""
    Server(url, key).delete(_path(template))


@templates.command("drift")
def template_drift(
    template: TemplateId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show which stations differ from a template, and in what."""
    found = list(Server(url, key).items(f"{_path(template)}/drift", {}))
    if as_json:
        show_json(found)
        return
    rows = (
        (each["station"], *_difference(difference))
        for each in found
        for difference in each["differences"]
    )
    show_table(("station", *DRIFT_HEADINGS), rows)


@templates.command("push")
def push_template(template: TemplateId, *, url: Url = LOCAL, key: Key = None) -> None:
    """Tell connected stations now, rather than when their turn comes."""
    answer = Server(url, key).post(f"{_path(template)}/push", b"", {})
    typer.echo(f"{answer['stations']} stations are told")


KEPT_BY_US = frozenset({"id", "created_at", "changed_at"})
DRIFT_HEADINGS = ("setting", "wanted", "actual", "standing", "why")


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
        settings_told = answer["answer"].get("settings", {})
        show_facts((name, _value(value)) for name, value in settings_told.items())
    raise typer.Exit(ENDS.get(answer["outcome"], Exit.FAILED))


def _value(value: Any) -> object:
    if not isinstance(value, dict):
        return value
    return " ".join(filter(None, (value["outcome"], value["status"], value["detail"])))


def _setting(setting: dict[str, Any]) -> tuple[object, ...]:
    notes = ["after a restart"] if setting["needs_reboot"] else []
    if setting["refused"] is not None:
        notes.append(f"refused {setting['refused']}: {setting['refused_why']}")
    return (
        setting["name"],
        setting["value"],
        setting["unit"],
        setting["access"],
        setting["neutral"],
        "; ".join(notes) or None,
    )


def _difference(one: dict[str, Any]) -> tuple[object, ...]:
    return one["name"], one["wanted"], one["actual"], one["standing"], one["why"]


def _template(template: dict[str, Any]) -> tuple[object, ...]:
    applies = template["applies"]
    words = [applies[name] for name in ("vendor", "model", "firmware", "site") if applies[name]]
    named = len(applies["stations"])
    return (
        template["id"],
        template["name"],
        " ".join([*words, f"{named} stations"] if named else words) or "all",
        len(template["settings"]),
        len(template["monitors"]),
        template["is_active"],
        template["rank"],
    )


def _station(identity: str) -> str:
    return f"/stations/{quote(identity, safe='')}"


def _path(template: str) -> str:
    return f"/templates/{quote(template, safe='')}"
