"""`ricarica transaction`: looking at transactions, limiting them, asking after them."""

from decimal import Decimal
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, OfStation, Url, amount_from
from ricarica.cli.output import Row, named, show_facts, show_list, show_one
from ricarica.cli.remote import Server, given, path_to, query_of
from ricarica.cli.telling import tell

app = typer.Typer(no_args_is_help=True, help="Transactions: what was charged, and what is.")

Id = Annotated[str, typer.Argument(help="As `ricarica transaction list` shows it.")]


@app.command("list")
def list_transactions(
    *,
    station: OfStation = None,
    running: Annotated[bool | None, typer.Option(help="Only those that run, or do not.")] = None,
    flagged: Annotated[bool | None, typer.Option(help="Only those to be looked at.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List transactions, the latest first."""
    query = query_of(station=station, running=running, flagged=flagged)
    headings = ("transaction", "station", "evse", "began", "ended", "Wh", "cost", "flags")
    show_list(Server(url, key).items("/transactions", query), headings, _row, as_json=as_json)


@app.command("limit")
def limit_transaction(
    transaction: Id,
    *,
    cost: Annotated[
        Decimal | None, typer.Option(parser=amount_from, metavar="AMOUNT", help="Including VAT.")
    ] = None,
    energy: Annotated[
        Decimal | None, typer.Option(parser=amount_from, metavar="WH", help="In Wh.")
    ] = None,
    seconds: Annotated[int | None, typer.Option(min=1, help="From its start.")] = None,
    soc: Annotated[int | None, typer.Option(min=1, max=100, help="In percent.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Set limits of a running transaction, or change them."""
    limits = given(cost=cost, energy_wh=energy, seconds=seconds, soc_percent=soc)
    terms = Server(url, key).put(path_to("transactions", transaction, "limits"), limits)
    show_facts(named(terms["wanted"]))


@app.command("check")
def check_transaction(transaction: Id, *, url: Url = LOCAL, key: Key = None) -> None:
    """Ask the station whether a transaction still runs; one it knows no more of is closed."""
    tell(Server(url, key), path_to("transactions", transaction, "check"))


@app.command("prices")
def change_prices(
    transaction: Id,
    tariff: Annotated[str, typer.Argument(help="The id of a tariff.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Let other prices hold for a running transaction from now on."""
    Server(url, key).put(path_to("transactions", transaction, "tariff"), {"tariff": tariff})


@app.command("terms")
def show_terms(
    transaction: Id, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show its limits, and what the station said of costs."""
    terms = Server(url, key).get(path_to("transactions", transaction, "terms"))
    show_one(terms, as_json=as_json)


def _row(found: Row) -> tuple[object, ...]:
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
