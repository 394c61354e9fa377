"""Options that several commands share."""

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer


def number_from(text: str) -> Decimal:
    """Amounts of money and of energy are never floats."""
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise typer.BadParameter(f"{text!r} is not a number") from error
    if not number.is_finite():
        raise typer.BadParameter(f"{text!r} is not a number")
    return number


def amount_from(text: str) -> Decimal:
    amount = number_from(text)
    if amount < 0:
        raise typer.BadParameter(f"{text} is below zero")
    return amount


Data = Annotated[
    Path | None,
    typer.Option(help="Folder of the database. [env: RICARICA_DATA]", show_default=False),
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="sqlite:///… or postgresql://…; by default a file among the data. "
        "[env: RICARICA_DATABASE_URL]",
        show_default=False,
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="By default ricarica.toml, if there is one."),
]
Identity = Annotated[str, typer.Argument(help="The station's identity, in any case.")]
OfStation = Annotated[str | None, typer.Option("--station", help="Only of this station.")]
PAYLOAD = "JSON; @FILE; - for standard input; or members as name=value."
Payload = Annotated[list[str], typer.Argument(help=PAYLOAD)]
PayloadOrNone = Annotated[list[str] | None, typer.Argument(help=PAYLOAD)]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Url = Annotated[str, typer.Option(envvar="RICARICA_URL", help="Of the running server.")]
Key = Annotated[
    str | None, typer.Option(envvar="RICARICA_API_KEY", help="See `ricarica api-key create`.")
]

LOCAL = "http://localhost:8080"
