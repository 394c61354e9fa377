"""`ricarica monitor`: what a station watches by itself."""

from decimal import Decimal
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Identity, Key, Url, number_from
from ricarica.cli.output import show_list
from ricarica.cli.remote import Server, path_to
from ricarica.cli.telling import tell

app = typer.Typer(no_args_is_help=True, help="What a station watches by itself.")


@app.command("list")
def list_monitors(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """List a station's monitors, as it told them last."""
    found = Server(url, key).items(path_to("stations", identity, "monitors"))
    show_list(found, ("number", "name", "type", "value", "severity", "origin"), as_json=as_json)


@app.command("set")
def set_monitor(
    identity: Identity,
    name: Annotated[str, typer.Argument(help="A variable, e.g. EVSE@1.Power.")],
    type_: Annotated[
        str,
        typer.Argument(
            metavar="TYPE",
            help="upper, lower, delta, periodic, clock_aligned, target_delta or "
            "target_delta_relative.",
        ),
    ],
    value: Annotated[
        Decimal,
        typer.Argument(parser=number_from, metavar="VALUE", help="Of seconds, if periodic."),
    ],
    *,
    severity: Annotated[int, typer.Option(help="0 is danger, 9 is for programmers.")] = 8,
    during_transaction: Annotated[
        bool, typer.Option("--during-transaction", help="Only while somebody charges.")
    ] = False,
    replaces: Annotated[int | None, typer.Option(help="Number of the one to replace.")] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Have a station watch a variable."""
    monitor = {
        "name": name,
        "type": type_,
        "value": value,
        "severity": severity,
        "during_transaction": during_transaction,
        "replaces": replaces,
    }
    path = path_to("stations", identity, "monitors")
    tell(Server(url, key), path, {"monitors": [monitor]}, as_json=as_json)


@app.command("clear")
def clear_monitors(
    identity: Identity,
    numbers: Annotated[list[int], typer.Argument(help="As `ricarica monitor list` shows them.")],
    *,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Clear monitors of a station."""
    path = path_to("stations", identity, "monitors", "clear")
    tell(Server(url, key), path, {"numbers": numbers}, as_json=as_json)


@app.command("report")
def report_monitors(
    identity: Identity, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Ask a station which monitors it has."""
    tell(Server(url, key), path_to("stations", identity, "monitors", "report"), as_json=as_json)
