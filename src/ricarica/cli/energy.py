"""`ricarica energy`: limits, charging profiles and controls of the grid, set by hand."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import Exit, complain, show_facts, show_json, show_table
from ricarica.cli.payloads import payload_from
from ricarica.cli.remote import Server
from ricarica.cli.stations import ends

app = typer.Typer(no_args_is_help=True, help="What limits stations, and what cars ask for.")

Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
Evse = Annotated[int, typer.Option(help="0: the whole station, or all of its EVSEs.")]
Payload = Annotated[
    list[str], typer.Argument(help="JSON; @FILE; - for standard input; or members as name=value.")
]
STATION_S = 40.0  # a station has half a minute to answer


@app.command("list")
def list_energy(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List stations where something limits, or is asked for."""
    rows = Server(url, key).get("/energy")["items"]
    if as_json:
        show_json(rows)
        return
    headings = ("station", "profiles", "missing", "limits", "controls", "alarms", "needs")
    names = ("station", "profiles", "out_of_step", "limits", "controls", "alarms", "needs_at")
    show_table(headings, ([row[name] for name in names] for row in rows))


@app.command("show")
def show_energy(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a station's profiles, limits, needs of cars, controls of the grid and alarms."""
    found = Server(url, key).get(f"{_path(identity)}/energy")
    if as_json:
        show_json(found)
        return
    for name, members in COLUMNS.items():
        if found[name]:
            typer.echo(f"\n{name}")
            show_table(members, ([_word(row[each]) for each in members] for row in found[name]))


@app.command("limit")
def set_limit(
    identity: Identity,
    limit: Annotated[str, typer.Argument(help="E.g. 16A or 11000W; 0A pauses.")],
    *,
    evse: Evse = 0,
    purpose: Annotated[
        str, typer.Option(help="station_max, tx_default, transaction or priority.")
    ] = "tx_default",
    level: Annotated[int, typer.Option(help="Of its stack; the highest holds.")] = 0,
    number: Annotated[int, typer.Option(help="Of the profile to replace.")] = 0,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Set one limit, and keep it set."""
    unit = limit[-1:].upper()
    body = {
        "limit": limit[:-1],
        "unit": unit,
        "evse": evse,
        "purpose": purpose,
        "stack_level": level,
        "number": number,
    }
    _post(Server(url, key), f"{_path(identity)}/charging-limits", body, as_json=as_json)


@app.command("profile")
def set_profile(
    identity: Identity,
    profile: Payload,
    *,
    evse: Evse = 0,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Set a charging profile, and keep it set."""
    body = {"evse": evse, "profile": msgspec.Raw(payload_from(profile))}
    _post(Server(url, key), f"{_path(identity)}/charging-profiles", body, as_json=as_json)


@app.command("remove")
def remove_profile(
    identity: Identity,
    number: Annotated[int, typer.Argument(help="Of the profile.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Remove a charging profile; from a station that is away, when it is back."""
    Server(url, key).delete(f"{_path(identity)}/charging-profiles/{number}")


@app.command("amounts")
def change_amounts(
    identity: Identity,
    number: Annotated[int, typer.Argument(help="Of a dynamic profile.")],
    amounts: Payload,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Give a dynamic profile other amounts, e.g. limit=8 or setpoint=-5000."""
    path = f"{_path(identity)}/charging-profiles/{number}/amounts"
    _post(Server(url, key), path, msgspec.Raw(payload_from(amounts)), as_json=as_json)


@app.command("control")
def set_control(
    identity: Identity,
    control: Payload,
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Set a control of the grid."""
    body = msgspec.Raw(payload_from(control))
    _post(Server(url, key), f"{_path(identity)}/der-controls", body, as_json=as_json)


@app.command("composite")
def show_composite(
    identity: Identity,
    *,
    evse: Evse = 0,
    hours: Annotated[int, typer.Option(min=1, max=168)] = 24,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what we believe will hold. `station call … composite` asks the station itself."""
    query = {"evse": str(evse), "hours": str(hours)}
    spans = Server(url, key).get(f"{_path(identity)}/composite", query)["items"]
    if as_json:
        show_json(spans)
        return
    names = ("at", "limit_w", "limit_a", "discharge_w", "setpoint_w")
    show_table(names, ([_word(span[name]) for name in names] for span in spans))


@app.command("rule")
def decide(
    identity: Annotated[str | None, typer.Argument(help="One station; else for all.")] = None,
    *,
    power: Annotated[float | None, typer.Option(help="W for a car that tells its needs.")] = None,
    transfer: Annotated[
        list[str] | None, typer.Option(help="That is allowed, e.g. AC_BPT; several times.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Decide what cars are given for what they ask, and how energy may flow."""
    path = "/energy/rule" if identity is None else f"{_path(identity)}/energy/rule"
    body = {"power_w": power, "transfers": transfer or None}
    rule = Server(url, key).put(path, msgspec.json.encode(body))
    show_json(rule) if as_json else show_facts((name, _word(rule[name])) for name in rule)


COLUMNS = {
    "alarms": ("kind", "fault", "at", "ended_at"),
    "profiles": ("number", "evse", "purpose", "source", "in_step", "outcome", "detail"),
    "limits": ("evse", "source", "at", "is_grid_critical", "cleared_at"),
    "evses": ("evse", "transaction", "needs_at", "answer", "plan_fits", "has_priority"),
    "controls": ("held", "superseded", "started", "outcome", "control"),
}


def _path(identity: str) -> str:
    return f"/stations/{quote(identity, safe='')}"


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return f"{value.get('kind', '')} {value.get('id', '')}".strip()
    return "" if value is None else str(value)


def _post(server: Server, path: str, body: Any, *, as_json: bool) -> None:
    answer = server.post(path, msgspec.json.encode(body), {}, STATION_S)
    if as_json:
        show_json(answer)
    else:
        show_facts((name, _word(value)) for name, value in answer.items() if name != "answer")
        show_facts((name, _word(value)) for name, value in answer["answer"].items())
    if answer["outcome"] == "unreached":
        complain("the station is away; it is told when it is back")
        raise typer.Exit(Exit.UNREACHED)
    raise typer.Exit(ends(answer))
