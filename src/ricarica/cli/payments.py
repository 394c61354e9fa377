"""`ricarica payment`: payments of drivers without a contract."""

from decimal import Decimal
from typing import Annotated

import typer

from ricarica.cli.options import LOCAL, AsJson, Key, OfStation, Url, amount_from
from ricarica.cli.output import Row, members, named, show_facts, show_json, show_list, show_table
from ricarica.cli.remote import Server, path_to, query_of

app = typer.Typer(no_args_is_help=True, help="Payments at stations, kiosks and pages.")

Reference = Annotated[str, typer.Argument(help="The payment service provider's reference.")]


@app.command("list")
def list_payments(
    *,
    station: OfStation = None,
    status: Annotated[
        str | None, typer.Option(help="E.g. due, or failed: what somebody has to see to.")
    ] = None,
    url: Url = LOCAL,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List payments, the latest first."""
    payments = Server(url, key).items("/payments", query_of(station=station, status=status))
    headings = ("reference", "station", "by", "state", "since", "due", "settled")
    show_list(payments, headings, _row, as_json=as_json)


@app.command("show")
def show_payment(
    reference: Reference, *, url: Url = LOCAL, key: Key = None, as_json: AsJson = False
) -> None:
    """Show a payment with all that was told of it."""
    payment = Server(url, key).get(path_to("payments", reference))
    if as_json:
        show_json(payment)
        return
    tries = payment.pop("tries")
    show_facts(named(payment))
    if tries:
        headings = ("at", "status", "amount", "detail")
        show_table(headings, (members(each, headings) for each in tries))


@app.command("settle")
def settle_payment(
    reference: Reference,
    status: Annotated[str, typer.Argument(help="settled, canceled, rejected or failed.")],
    amount: Annotated[
        Decimal, typer.Argument(parser=amount_from, metavar="[AMOUNT]", help="Including VAT.")
    ] = Decimal(0),
    *,
    detail: Annotated[str | None, typer.Option(help="Why, where something went wrong.")] = None,
    url: Url = LOCAL,
    key: Key = None,
) -> None:
    """Note what the payment service provider made of a payment."""
    body = {"status": status, "amount": amount, "detail": detail}
    payment = Server(url, key).post(path_to("payments", reference, "settlement"), body)
    show_facts([("state", payment["state"]), ("settled", _amount(payment, "settled"))])


def _row(payment: Row) -> tuple[object, ...]:
    return (
        payment["reference"],
        payment["station"],
        payment["channel"],
        payment["state"],
        payment["updated_at"],
        _amount(payment, "due"),
        _amount(payment, "settled"),
    )


def _amount(payment: Row, name: str) -> str:
    amount = payment[name]
    return "" if amount is None else f"{amount} {payment['currency'] or ''}".strip()
