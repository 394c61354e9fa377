"""`ricarica swap`: batteries exchanged."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import show_facts, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.cli.stations import ENDS, Identity

app = typer.Typer(no_args_is_help=True, help="Battery swaps, and the slots of stations.")
TELL_S = 90.0  # a station may think for a minute


@app.command("list")
def list_swaps(
    *,
    station: Annotated[str | None, typer.Option(help="Only those at this station.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List swaps, the latest first."""
    swaps = list(Server(url, key).items("/swaps", {"station": station} if station else {}))
    if as_json:
        show_json(swaps)
        return
    headings = ("began", "station", "token", "state", "taken", "given", "gained", "cost")
    show_table(headings, map(_row, swaps))


@app.command("slots")
def list_slots(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List what lies in a station's slots."""
    slots = list(Server(url, key).items(f"/stations/{quote(identity, safe='')}/slots", {}))
    if as_json:
        show_json(slots)
        return
    show_table(("slot", "status", "battery", "charge", "health", "since"), map(_slot, slots))


@app.command("request")
def request_swap(
    identity: Identity,
    token: Annotated[str, typer.Argument(help="Of whoever is to swap.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let the holder of a token swap batteries at a station."""
    path = f"/stations/{quote(identity, safe='')}/commands/swap"
    answer = Server(url, key).post(path, msgspec.json.encode({"token": token}), {}, TELL_S)
    show_facts([("outcome", answer["outcome"]), ("status", answer["status"])])
    raise typer.Exit(ENDS[answer["outcome"]])


def _row(swap: dict[str, Any]) -> tuple[object, ...]:
    cost, gained = swap["cost"], swap["gained_percent"]
    return (
        swap["began_at"],
        swap["station"],
        swap["token"],
        swap["state"],
        _serials(swap["taken"]),
        _serials(swap["given"]),
        "" if gained is None else f"{gained} %",
        f"{cost['amount']} {cost['currency']}" if cost else "",
    )


def _serials(batteries: list[dict[str, Any]]) -> str:
    return ", ".join(str(battery["serial"]) for battery in batteries)


def _slot(slot: dict[str, Any]) -> tuple[object, ...]:
    battery = slot["battery"]
    if battery is None:
        return slot["slot"], slot["status"], "", "", "", ""
    return (
        slot["slot"],
        slot["status"],
        battery["serial"],
        f"{battery['soc_percent']} %",
        f"{battery['soh_percent']} %",
        slot["at"],
    )
