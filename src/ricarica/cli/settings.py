"""`ricarica settings` and `ricarica template`: how stations are configured."""

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Url
from ricarica.cli.output import Row, show_facts, show_json, show_list, show_one, show_table
from ricarica.cli.ports import UsageError
from ricarica.cli.remote import Server, path_to, query_of
from ricarica.cli.telling import Answer, show_words, tell

settings = typer.Typer(no_args_is_help=True, help="Settings of a station.")
templates = typer.Typer(no_args_is_help=True, help="Settings that stations of a kind are to have.")

TemplateId = Annotated[str, typer.Argument(help="As `ricarica template list` shows it.")]


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
    query = query_of(q=search, writable=True if writable else None, evse=evse)
    found = Server(url, key).items(path_to("stations", identity, "settings"), query)
    headings = ("setting", "value", "unit", "access", "our word", "note")
    show_list(found, headings, _setting, as_json=as_json)


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
    _tell(Server(url, key), identity, {"read": names} if names else {}, as_json=as_json)


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
        raise UsageError("write NAME=VALUE, e.g. meter_interval=60")
    body = {"write": {name: value for name, _, value in pairs}}
    _tell(Server(url, key), identity, body, as_json=as_json)


@settings.command("drift")
def show_drift(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show how a station differs from the templates that apply to it."""
    drift = Server(url, key).get(path_to("stations", identity, "drift"))
    if as_json:
        show_json(drift)
    else:
        show_table(DRIFT_HEADINGS, map(_difference, drift["differences"]))


@templates.command("list")
def list_templates(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List templates by name."""
    headings = ("template", "name", "for", "settings", "monitors", "active", "rank")
    show_list(Server(url, key).items("/templates"), headings, _template, as_json=as_json)


@templates.command("show")
def show_template(
    template: TemplateId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a template."""
    show_one(Server(url, key).get(path_to("templates", template)), as_json=as_json)


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
    body = msgspec.json.decode(text.encode(), type=dict[str, msgspec.Raw])
    wanted = {name: value for name, value in body.items() if name not in KEPT_BY_US}
    server = Server(url, key)
    if template is None:
        saved = server.post("/templates", wanted)
    else:
        saved = server.put(path_to("templates", template), wanted)
    if as_json:
        show_json(saved)
    else:
        typer.echo(saved["id"])


@templates.command("remove")
def remove_template(template: TemplateId, *, url: Url = LOCAL, key: Key = None) -> None:
    """Remove a template. Stations keep what they were told."""
    Server(url, key).delete(path_to("templates", template))


@templates.command("drift")
def template_drift(
    template: TemplateId, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show which stations differ from a template, and in what."""
    found = list(Server(url, key).items(path_to("templates", template, "drift")))
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
    answer = Server(url, key).post(path_to("templates", template, "push"))
    typer.echo(f"{answer['stations']} stations are told")


KEPT_BY_US = frozenset({"id", "created_at", "changed_at"})
DRIFT_HEADINGS = ("setting", "wanted", "actual", "standing", "why")


def _tell(server: Server, identity: str, body: dict[str, Any], *, as_json: bool) -> NoReturn:
    path = path_to("stations", identity, "commands", "settings")
    tell(server, path, body, as_json=as_json, show=_show_settings)


def _show_settings(answer: Answer) -> None:
    show_words(answer)
    told = answer["answer"].get("settings", {})
    show_facts((name, _value(value)) for name, value in told.items())


def _value(value: Any) -> object:
    if not isinstance(value, dict):
        return value
    return " ".join(filter(None, (value["outcome"], value["status"], value["detail"])))


def _setting(setting: Row) -> tuple[object, ...]:
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


def _difference(one: Row) -> tuple[object, ...]:
    return one["name"], one["wanted"], one["actual"], one["standing"], one["why"]


def _template(template: Row) -> tuple[object, ...]:
    applies = template["applies"]
    names = ("vendor", "model", "firmware", "site", "label")
    words = [applies[name] for name in names if applies[name]]
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
