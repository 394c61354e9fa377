"""`ricarica payment`: payments of drivers without a contract."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer

from ricarica.cli.options import LOCAL, AsJson, Key, Url
from ricarica.cli.output import show_facts, show_json, show_table
from ricarica.cli.remote import Server

app = typer.Typer(no_args_is_help=True, help="Payments at stations, kiosks and pages.")

Reference = Annotated[str, typer.Argument(help="The payment service provider's reference.")]


@app.command("list")
def list_payments(
    *,
    station: Annotated[str | None, typer.Option(help="Only those at this station.")] = None,
    status: Annotated[
        str | None, typer.Option(help="E.g. due, or failed: what somebody has to see to.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List payments, the latest first."""
    given = {"station": station, "status": status}
    query = {name: value for name, value in given.items() if value is not None}
    payments = list(Server(url, key).items("/payments", query))
    if as_json:
        show_json(payments)
        return
    headings = ("reference", "station", "by", "state", "since", "due", "settled")
    show_table(headings, map(_row, payments))


@app.command("show")
def show_payment(
    reference: Reference, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a payment with all that was told of it."""
    payment = Server(url, key).get(f"/payments/{quote(reference, safe='')}")
    if as_json:
        show_json(payment)
        return
    tries = payment.pop("tries")
    show_facts((name.replace("_", " "), _fact(value)) for name, value in payment.items())
    if tries:
        show_table(("at", "status", "amount", "detail"), map(_try, tries))


@app.command("settle")
def settle_payment(
    reference: Reference,
    status: Annotated[str, typer.Argument(help="settled, canceled, rejected or failed.")],
    amount: Annotated[float, typer.Argument(min=0, help="Including VAT.")] = 0,
    *,
    detail: Annotated[str | None, typer.Option(help="Why, where something went wrong.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Note what the payment service provider made of a payment."""
    body = msgspec.json.encode({"status": status, "amount": amount, "detail": detail})
    path = f"/payments/{quote(reference, safe='')}/settlement"
    payment = Server(url, key).post(path, body, {})
    show_facts([("state", payment["state"]), ("settled", _amount(payment, "settled"))])


def _row(payment: dict[str, Any]) -> tuple[object, ...]:
    return (
        payment["reference"],
        payment["station"],
        payment["channel"],
        payment["state"],
        payment["updated_at"],
        _amount(payment, "due"),
        _amount(payment, "settled"),
    )


def _amount(payment: dict[str, Any], name: str) -> str:
    amount = payment[name]
    return "" if amount is None else f"{amount} {payment['currency'] or ''}".strip()


def _fact(value: Any) -> object:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return value


def _try(told: dict[str, Any]) -> tuple[object, ...]:
    return told["at"], told["status"], told["amount"], told["detail"]
