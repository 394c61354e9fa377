"""`ricarica swap`: batteries exchanged."""

from typing import Annotated, Any

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, OfStation, Url
from ricarica.cli.output import Row, show_list
from ricarica.cli.remote import Server, path_to, query_of
from ricarica.cli.telling import tell

app = typer.Typer(no_args_is_help=True, help="Battery swaps, and the slots of stations.")


@app.command("list")
def list_swaps(
    *,
    station: OfStation = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List swaps, the latest first."""
    swaps = Server(url, key).items("/swaps", query_of(station=station))
    headings = ("began", "station", "token", "state", "taken", "given", "gained", "cost")
    show_list(swaps, headings, _row, as_json=as_json)


@app.command("slots")
def list_slots(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List what lies in a station's slots."""
    slots = Server(url, key).items(path_to("stations", identity, "slots"))
    headings = ("slot", "status", "battery", "charge", "health", "since")
    show_list(slots, headings, _slot, as_json=as_json)


@app.command("request")
def request_swap(
    identity: Identity,
    token: Annotated[str, typer.Argument(help="Of whoever is to swap.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let the holder of a token swap batteries at a station."""
    tell(Server(url, key), path_to("stations", identity, "commands", "swap"), {"token": token})


def _row(swap: Row) -> tuple[object, ...]:
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


def _slot(slot: Row) -> tuple[object, ...]:
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
