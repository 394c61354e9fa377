"""`ricarica transaction`: looking at transactions, limiting them, asking after them."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import show_facts, show_json, show_table
from ricarica.cli.remote import Server
from ricarica.cli.stations import ENDS

app = typer.Typer(no_args_is_help=True, help="Transactions: what was charged, and what is.")

Id = Annotated[str, typer.Argument(help="As `ricarica transaction list` shows it.")]
TELL_S = 40.0


@app.command("list")
def list_transactions(
    *,
    station: Annotated[str | None, typer.Option(help="Only those at this station.")] = None,
    running: Annotated[bool | None, typer.Option(help="Only those that run, or do not.")] = None,
    flagged: Annotated[bool | None, typer.Option(help="Only those to be looked at.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List transactions, the latest first."""
    given = {"station": station, "running": _word(running), "flagged": _word(flagged)}
    query = {name: value for name, value in given.items() if value is not None}
    found = list(Server(url, key).items("/transactions", query))
    if as_json:
        show_json(found)
        return
    headings = ("transaction", "station", "evse", "began", "ended", "Wh", "cost", "flags")
    show_table(headings, map(_row, found))


@app.command("limit")
def limit_transaction(
    transaction: Id,
    *,
    cost: Annotated[float | None, typer.Option(min=0, help="Including VAT.")] = None,
    energy: Annotated[float | None, typer.Option(min=0, help="In Wh.")] = None,
    seconds: Annotated[int | None, typer.Option(min=1, help="From its start.")] = None,
    soc: Annotated[int | None, typer.Option(min=1, max=100, help="In percent.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Set limits of a running transaction, or change them."""
    limits = {"cost": cost, "energy_wh": energy, "seconds": seconds, "soc_percent": soc}
    given = {name: value for name, value in limits.items() if value is not None}
    path = f"/transactions/{quote(transaction, safe='')}/limits"
    terms = Server(url, key).put(path, msgspec.json.encode(given))
    show_facts((name.replace("_", " "), value) for name, value in terms["wanted"].items())


@app.command("check")
def check_transaction(transaction: Id, *, url: Url = LOCAL, key: Key = None) -> None:
    """Ask the station whether a transaction still runs; one it knows no more of is closed."""
    path = f"/transactions/{quote(transaction, safe='')}/check"
    answer = Server(url, key).post(path, b"{}", {}, TELL_S)
    show_facts([("outcome", answer["outcome"]), *answer["answer"].items()])
    raise typer.Exit(ENDS[answer["outcome"]])


@app.command("prices")
def change_prices(
    transaction: Id,
    tariff: Annotated[str, typer.Argument(help="The id of a tariff.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let other prices hold for a running transaction from now on."""
    path = f"/transactions/{quote(transaction, safe='')}/tariff"
    Server(url, key).put(path, msgspec.json.encode({"tariff": tariff}))


@app.command("terms")
def show_terms(
    transaction: Id, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show its limits, and what the station said of costs."""
    terms = Server(url, key).get(f"/transactions/{quote(transaction, safe='')}/terms")
    if as_json:
        show_json(terms)
        return
    show_facts((name.replace("_", " "), _fact(value)) for name, value in terms.items())


def _word(flag: bool | None) -> str | None:
    return None if flag is None else str(flag).lower()


def _row(found: dict[str, Any]) -> tuple[object, ...]:
    cost = found["cost"]
    return (
        found["id"],
        found["station"],
        found["evse"],
        found["started_at"],
        found["ended_at"],
        found["energy_wh"],
        f"{cost['amount']} {cost['currency']}" if cost else "",
        ", ".join(found["flags"]),
    )


def _fact(value: Any) -> object:
    if isinstance(value, dict):
        known = ((name, each) for name, each in value.items() if each is not None)
        return ", ".join(f"{name} {each}" for name, each in known)
    return value
