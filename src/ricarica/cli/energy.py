"""`ricarica energy`: limits, charging profiles and controls of the grid, set by hand."""

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Payload, Url, amount_from
from ricarica.cli.output import members, show_json, show_list, show_one, show_table
from ricarica.cli.payloads import payload_from
from ricarica.cli.ports import UsageError
from ricarica.cli.remote import Server, path_to, query_of
from ricarica.cli.telling import STATION_S, end, tell

app = typer.Typer(no_args_is_help=True, help="What limits stations, and what cars ask for.")

Evse = Annotated[int, typer.Option(help="0: the whole station, or all of its EVSEs.")]
LIMIT = re.compile(r"(\d+(?:\.\d+)?) ?([AW])", re.IGNORECASE)


@app.command("list")
def list_energy(*, url: Url = LOCAL, key: Key = None, as_json: AsJson = False) -> None:
    """List stations where something limits, or is asked for."""
    headings = ("station", "profiles", "missing", "limits", "controls", "alarms", "needs")
    names = ("station", "profiles", "out_of_step", "limits", "controls", "alarms", "needs_at")
    rows = Server(url, key).items("/energy")
    show_list(rows, headings, lambda row: members(row, names), as_json=as_json)


@app.command("show")
def show_energy(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a station's profiles, limits, needs of cars, controls of the grid and alarms."""
    found = Server(url, key).get(path_to("stations", identity, "energy"))
    if as_json:
        show_json(found)
        return
    for name, names in COLUMNS.items():
        if found[name]:
            typer.echo(f"\n{name}")
            show_table(
                names, ([_word(each) for each in members(row, names)] for row in found[name])
            )


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
    written = LIMIT.fullmatch(limit)
    if written is None:
        raise UsageError(f"{limit} is no limit; write it with its unit, e.g. 16A or 11000W")
    body = {
        "limit": written[1],
        "unit": written[2].upper(),
        "evse": evse,
        "purpose": purpose,
        "stack_level": level,
        "number": number,
    }
    tell(Server(url, key), path_to("stations", identity, "charging-limits"), body, as_json=as_json)


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
    path = path_to("stations", identity, "charging-profiles")
    tell(Server(url, key), path, body, as_json=as_json)


@app.command("remove")
def remove_profile(
    identity: Identity,
    number: Annotated[int, typer.Argument(help="Of the profile.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Remove a charging profile; from a station that is away, when it is back."""
    path = path_to("stations", identity, "charging-profiles", number)
    end(lambda: Server(url, key).delete(path, STATION_S), as_json=as_json)


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
    path = path_to("stations", identity, "charging-profiles", number, "amounts")
    tell(Server(url, key), path, payload_from(amounts), as_json=as_json)


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
    path = path_to("stations", identity, "der-controls")
    tell(Server(url, key), path, payload_from(control), as_json=as_json)


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
    path = path_to("stations", identity, "composite")
    spans = Server(url, key).get(path, query_of(evse=evse, hours=hours))["items"]
    names = ("at", "limit_w", "limit_a", "discharge_w", "setpoint_w", "delay_s", "less_from_soc")
    show_list(spans, names, as_json=as_json)


@app.command("rule")
def decide(
    identity: Annotated[str | None, typer.Argument(help="One station; else for all.")] = None,
    *,
    power: Annotated[
        Decimal | None,
        typer.Option(parser=amount_from, metavar="W", help="For a car that tells its needs."),
    ] = None,
    transfer: Annotated[
        list[str] | None, typer.Option(help="That is allowed, e.g. AC_BPT; several times.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Decide what cars are given for what they ask, and how energy may flow."""
    place = () if identity is None else ("stations", identity)
    body = {"power_w": power, "transfers": transfer or None}
    show_one(Server(url, key).put(path_to(*place, "energy", "rule"), body), as_json=as_json)


COLUMNS = {
    "alarms": ("kind", "fault", "at", "ended_at"),
    "profiles": ("number", "evse", "purpose", "source", "in_step", "outcome", "detail"),
    "limits": ("evse", "source", "at", "is_grid_critical", "cleared_at"),
    "evses": ("evse", "transaction", "needs_at", "answer", "plan_fits", "has_priority"),
    "controls": ("held", "superseded", "started", "outcome", "control"),
}


def _word(value: Any) -> object:
    """A control by its kind and its id."""
    match value:
        case {"kind": kind, "id": id_}:
            return f"{kind} {id_}"
        case _:
            return value
